public import JSON
public import Logins
import Telemetry

extension JSONWriter {
    /// The members that every log line about a login has: its identifier, and the request that
    /// brought it.
    public mutating func members(about login: PendingLogin) {
        members(about: login.key, login.details.origin)
    }

    mutating func members(about key: LoginKey, _ origin: PendingLogin.Origin?) {
        member("login_id", key.login.value)
        guard let origin else { return }
        member("trace_id", TraceContext(origin.trace)?.traceID)
        member("request_id", origin.request)
    }
}
