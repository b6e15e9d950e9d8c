import HTTP
import JSON
import Logins

/// A notice for machines: one JSON object, the same for every channel and every repeat.
///
///     {"type": "login.decided_for_user", "timestamp": "2031-03-04T10:49:34.120Z", "data": {…}}
struct NoticeMessage: Sendable {
    let notice: Notice

    init(_ notice: Notice) { self.notice = notice }

    /// `type`.
    var type: String {
        switch notice.content {
        case .decided: "login.decided_for_user"
        case .suspicious: "security.notice"
        }
    }

    var bytes: [UInt8] {
        let moment = RFC3339.format(milliseconds: notice.at.milliseconds)
        var json = JSONWriter(reserving: 512)
        json.object { json in
            json.member("type", type)
            json.member("timestamp", moment)
            json.member(
                "data",
                object: { json in
                    if case .login(let key) = notice.subject {
                        json.member("login_id", key.login.value)
                        json.member("tenant_id", key.tenant?.value)
                    }
                    json.member("user", notice.user.id.value)
                    switch notice.content {
                    case .decided(let delegate, let choice, let client):
                        json.member("client_name", client)
                        json.member("decision", Self.name(choice))
                        json.member("decided_at", moment)
                        json.member("decided_by", delegate.value)
                    case .suspicious(let cause):
                        json.member("cause", cause.rawValue)
                    }
                    json.member("reference", notice.reference)
                    json.member("title", notice.title)
                    json.member("text", notice.text)
                    json.member("language", notice.user.language)
                }
            )
        }
        return json.bytes
    }

    private static func name(_ choice: Decision.Choice) -> String {
        switch choice {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "fraud"
        }
    }
}
