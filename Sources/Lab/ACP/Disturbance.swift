import HTTP
import JSON
import Threads

/// How a call of the authentication service fails (K-10 to K-13, K-26).
struct Disturbance: Sendable {
    /// The response if the call is not processed.
    var instead: Response?
    /// The response although the call was processed.
    var afterwards: Response?
    /// How the connection breaks after the call was processed.
    var drop: LineFault?

    /// The response to send.
    func applied(to response: Response) -> Response {
        if drop == .beforeAnswer { return .dropped }
        var response = afterwards ?? response
        response.lineFault = drop
        return response
    }

    /// Whether the caller does not learn the result.
    var hidesAnswer: Bool { afterwards != nil || drop != nil }
}

extension ACPSimulator {
    /// Waits as long as a knob says, and returns what else fails.
    func disturbance(
        _ operation: String,
        _ login: SimulatedLogin?,
        _ request: Request
    ) async -> Disturbance {
        func knob(_ name: KnobName) -> JSONValue? {
            knobs.take(name, user: login?.user, login: login?.id, operation: operation)
        }
        let slow = knob(.callSlow)
        if let span = slow?.integer ?? slow?["first_byte_ms"]?.integer {
            await clock.sleep(until: clock.now() + Int64(span))
        }
        let drip = slow?["bytes_per_second"]?.integer.map {
            LineFault.slowly(bytesPerSecond: $0)
        }
        if let redirect = knob(.redirect) {
            let location = base(for: request) + "/_decoy/redirect"
            return Disturbance(
                instead: Response(
                    status: redirect.integer ?? 307,
                    fields: [Field("Location", location), .noStore]
                )
            )
        }
        if let retry = knob(.rateLimit) {
            return Disturbance(instead: rateLimited(retry, operation, login))
        }
        if let fail = knob(.callFail), let status = fail["status"]?.integer, status != 200 {
            let response = SystemProblem(status, "simulated_failure").response
            return fail["processed"]?.bool == true
                ? Disturbance(afterwards: response) : Disturbance(instead: response)
        }
        switch knob(.callDrop)?.string {
        case "before_processing": return Disturbance(instead: .dropped)
        case "after_processing": return Disturbance(drop: .beforeAnswer)
        case "mid_body": return Disturbance(drop: .midBody)
        default: return Disturbance(drop: drip)
        }
    }

    /// A response with status 429. A call of the same operation before that time is a violation.
    private func rateLimited(
        _ retry: JSONValue,
        _ operation: String,
        _ login: SimulatedLogin?
    ) -> Response {
        let now = clock.now()
        var value = retry.string ?? retry.integer.map(String.init)
        var seconds = value.flatMap { Int64($0) }
        if let text = value, text.hasPrefix("date:"), let span = Int64(text.dropFirst(5)) {
            seconds = span
            value = HTTPDate.format(now / 1000 + span)
        }
        if let seconds {
            let moment = now + seconds * 1000
            state.withLock { state in
                guard let login else { return state.tokenNotBefore = moment }
                // The last attempt before the deadline may be earlier.
                let last = login.expires - Self.lastAttemptMargin
                state.logins[login.id]?.retryNotBefore[operation] = min(moment, last)
            }
        }
        var response = SystemProblem(429, "rate_limited").response
        if let value { response.fields.append(Field("Retry-After", value)) }
        return response
    }

    /// Milliseconds before the end of a login in which last attempts are allowed.
    private static let lastAttemptMargin: Int64 = 12_000
    /// The maximum number of calls for one login.
    private static let callLimit = 20

    /// Counts a call for a login, and checks whether it is allowed and not too early. A GET at the
    /// address of another family does not count: that is how the service finds the family.
    func count(_ id: String, _ operation: SystemOperation) -> SimulatedLogin? {
        let now = clock.now()
        let name = operation.name
        let login: SimulatedLogin? = state.withLock { state in
            guard var login = state.logins[id] else { return nil }
            let before = login
            if operation.kind == .get, !operation.fits(login) {
                state.logins[id]?.probes += 1
                return before
            }
            login.calls += 1
            if operation.kind == .accept { login.acceptCalls += 1 }
            if operation.kind == .reject { login.rejectCalls += 1 }
            login.retryNotBefore[name] = nil
            state.logins[id] = login
            return before
        }
        guard let login else { return nil }
        if login.reportAnswered != nil {
            violations.record(.callAfterSuccess, login: id, "\(name) after a 200")
        }
        if login.calls == Self.callLimit {
            violations.record(.tooManyCalls, login: id, "more than \(Self.callLimit) calls")
        }
        if let moment = login.retryNotBefore[name], now < moment {
            let early = moment - now
            violations.record(.retryTooSoon, login: id, "\(name) \(early) ms too soon")
        }
        return login
    }

    /// Links that must not be followed.
    var decoyRoutes: [Route] {
        [Method.get, .post].map { method in
            route(method, "/_decoy/{name}", from: "service") { [self] request in
                let name = request.parameters["name"] ?? ""
                violations.record(
                    name == "redirect" ? .redirectFollowed : .decoyFetched,
                    "\(method.name) of a \(name)"
                )
                return .json(404, .members(["error": .string("decoy")]))
            }
        }
    }
}
