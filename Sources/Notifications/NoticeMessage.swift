import HTTP
import JSON
import Logins

/// A notice for machines: one JSON object, the same for every channel and every repeat.
///
///     {"type": "login.decided_for_user", "timestamp": "2031-03-04T10:49:34.120Z", "data": {…}}
struct NoticeMessage: Sendable {
    static let type = "login.decided_for_user"

    let notice: Notice

    init(_ notice: Notice) { self.notice = notice }

    var bytes: [UInt8] {
        let decidedAt = RFC3339.format(milliseconds: notice.decidedAt.milliseconds)
        var json = JSONWriter(reserving: 512)
        json.object { json in
            json.member("type", Self.type)
            json.member("timestamp", decidedAt)
            json.member(
                "data",
                object: { json in
                    json.member("login_id", notice.key.login.value)
                    json.member("tenant_id", notice.key.tenant?.value)
                    json.member("user", notice.user.id.value)
                    json.member("client_name", notice.clientName)
                    json.member("decision", Self.name(notice.choice))
                    json.member("decided_at", decidedAt)
                    json.member("decided_by", notice.delegate.value)
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
