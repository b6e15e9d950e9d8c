import Cryptography
import HTTP
import JSON
import Logins

/// A prompt for machines: one JSON object, the same for every channel.
///
///     {"type": "login.prompt", "timestamp": "2031-03-04T10:49:34.120Z", "data": {"login_id": …}}
///
/// Members without a value are left out. It contains the ticket, which is secret.
struct PromptMessage: Sendable {
    static let type = "login.prompt"

    let prompt: Prompt
    let now: Timestamp

    init(_ prompt: Prompt, at now: Timestamp) {
        self.prompt = prompt
        self.now = now
    }

    var bytes: [UInt8] {
        var json = JSONWriter(reserving: 1024)
        json.object { json in
            json.member("type", Self.type)
            json.member("timestamp", RFC3339.format(milliseconds: now.milliseconds))
            json.member(
                "data",
                object: { json in
                    json.member("login_id", prompt.key.login.value)
                    json.member("tenant_id", prompt.key.tenant?.value)
                    json.member("user", prompt.user.id.value)
                    json.member("client_name", prompt.clientName)
                    json.member("scopes", prompt.scopes)
                    json.member("binding_message", prompt.bindingMessage)
                    json.member(
                        "expires_at",
                        RFC3339.format(milliseconds: prompt.ends.milliseconds)
                    )
                    json.member("prompt_url", prompt.link)
                    json.member("ticket", prompt.ticket)
                    json.member("language", prompt.user.language)
                }
            )
        }
        return json.bytes
    }

    /// The same for every attempt to send one login's link through one channel, so that the receiver
    /// recognises repeats. After a restart the link is another one, and so is the identifier. A digest, because identifiers from outside may contain dots, which
    /// Standard Webhooks uses to join the signed parts.
    static func id(of prompt: Prompt, through channel: ChannelID) -> String {
        var material: [UInt8] = Array("beckon-prompt-v1".utf8)
        for part in [
            channel.value, prompt.key.server.value, prompt.key.tenant?.value ?? "",
            prompt.key.login.value, prompt.ticket,
        ] {
            material += Array("|\(part.utf8.count)|\(part)".utf8)
        }
        return "msg_" + Base64URL.encode(Array(SHA256.digest(material).prefix(24)))
    }
}
