import HTTP
import JSON

/// Removes secrets from recorded exchanges.
enum Masking {
    /// Members and form fields whose values are masked.
    private static let secretNames: Set<String> = [
        "access_token", "refresh_token", "id_token", "client_secret", "client_assertion",
        "client_notification_token", "id_token_hint", "login_hint_token", "user_code", "password",
        "ticket", "prompt_url", "login_state", "state",
    ]
    /// Header fields whose values are masked.
    private static let secretFields: Set<String> = [
        "authorization", "cookie", "webhook-signature", "x-api-key",
    ]
    private static let mask = "•••"
    /// Longer bodies are truncated, because the journal is in memory.
    private static let shownBytes = 8 << 10

    static func fields(_ fields: [Field]) -> JSONValue {
        .object(
            JSONObject(
                fields.map { field in
                    let name = field.name.lowercased()
                    guard secretFields.contains(name) else {
                        return .init(name: field.name, value: .string(field.value))
                    }
                    let scheme = field.value.split(separator: " ").first.map { "\($0) " } ?? ""
                    let isKnown = scheme == "Basic " || scheme == "Bearer "
                    return .init(
                        name: field.name,
                        value: .string((isKnown ? scheme : "") + mask)
                    )
                }
            )
        )
    }

    /// JSON and forms as objects, anything else as text. Nil for an empty body.
    static func body(_ bytes: some Collection<UInt8>, contentType: String?) -> JSONValue? {
        if bytes.isEmpty { return nil }
        guard bytes.count <= shownBytes else { return .string("\(bytes.count) bytes") }
        if contentType == "application/x-www-form-urlencoded", let form = Form(bytes) {
            return .object(
                JSONObject(
                    form.fields.map { field in
                        let isSecret = secretNames.contains(field.name)
                        return .init(
                            name: field.name,
                            value: .string(isSecret ? mask : field.value)
                        )
                    }
                )
            )
        }
        if let value = try? JSONValue(Array(bytes)) { return masked(value) }
        return .string(String(decoding: bytes, as: UTF8.self))
    }

    /// The query with secrets masked. It should not contain any, but a faulty peer may send one.
    static func path(of request: Request) -> String {
        guard !request.queryRange.isEmpty else { return request.path }
        let query = String(decoding: request.bytes[request.queryRange], as: UTF8.self)
        let parts = query.split(separator: "&").map { part in
            let name = part.prefix { $0 != "=" }
            return secretNames.contains(String(name)) ? "\(name)=\(mask)" : String(part)
        }
        return request.path + "?" + parts.joined(separator: "&")
    }

    private static func masked(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { member in
                        let isSecret =
                            secretNames.contains(member.name) && member.value.string != nil
                        return .init(
                            name: member.name,
                            value: isSecret ? .string(mask) : masked(member.value)
                        )
                    }
                )
            )
        case .array(let values): .array(values.map(masked))
        case .null, .bool, .number, .string: value
        }
    }
}
