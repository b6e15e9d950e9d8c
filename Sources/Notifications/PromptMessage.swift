import Consents
import Cryptography
import HTTP
import JSON
import Logins

/// A prompt for machines: one JSON object, the same for every channel.
///
///     {"type": "login.prompt", "timestamp": "2031-03-04T10:49:34.120Z", "data": {"login_id": …}}
///
/// It depends on nothing but the prompt, so that a repeat is the same. Members without a value are left
/// out. It contains the ticket, which is secret.
struct PromptMessage: Sendable {
    static let type = "login.prompt"

    let prompt: Prompt

    init(_ prompt: Prompt) { self.prompt = prompt }

    var bytes: [UInt8] {
        var json = JSONWriter(reserving: 1024)
        json.object { json in
            json.member("type", Self.type)
            json.member("timestamp", RFC3339.format(milliseconds: prompt.received.milliseconds))
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
                    if prompt.isTest { json.member("test", true) }
                }
            )
        }
        return json.bytes
    }

    /// The identifier of a message with this body: the same for every attempt to send it through one
    /// channel, also of another process, so that the receiver recognises repeats. A digest, because
    /// identifiers from outside may contain dots, which Standard Webhooks uses to join the signed parts.
    static func id(of body: [UInt8], to prompt: Prompt, through channel: ChannelID) -> String {
        id(of: body, "beckon-prompt-v2", about: .login(prompt.key), through: channel)
    }

    /// The same for a message of a kind about a subject.
    static func id(
        of body: [UInt8],
        _ kind: String,
        about subject: Notice.Subject,
        through channel: ChannelID
    ) -> String {
        var material: [UInt8] = Array(kind.utf8)
        for part in [channel.value] + subject.names {
            material += Array("|\(part.utf8.count)|\(part)".utf8)
        }
        material += Array("|".utf8) + body
        return "msg_" + Base64URL.encode(Array(SHA256.digest(material).prefix(24)))
    }
}

extension Notice.Subject {
    /// What tells it from every other.
    var names: [String] {
        switch self {
        case .login(let key): [key.server.value, key.tenant?.value ?? "", key.login.value]
        case .block(let user, let since): ["block", user.value, String(since.milliseconds)]
        }
    }

    /// What the user tells whoever helps; nil if it is about no login.
    var reference: String? {
        switch self {
        case .login(let key): LoginReference.text(of: key)
        case .block: nil
        }
    }
}
