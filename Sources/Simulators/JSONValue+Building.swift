import HTTP
import JSON

extension JSONValue {
    /// An object with these members, in this order; members without a value are left out.
    static func members(_ pairs: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(
            JSONObject(
                pairs.compactMap { name, value in
                    value.map { JSONObject.Member(name: name, value: $0) }
                }
            )
        )
    }

    static func text(_ text: String?) -> JSONValue? { text.map { .string($0) } }
    static func integer(_ number: some BinaryInteger) -> JSONValue { .number(String(number)) }
    static func texts(_ texts: some Sequence<String>) -> JSONValue {
        .array(texts.map { .string($0) })
    }

    /// A moment in milliseconds since 1970, as RFC 3339 writes it.
    static func moment(_ milliseconds: Int64?) -> JSONValue? {
        milliseconds.map { .string(RFC3339.format(milliseconds: $0)) }
    }

    /// The strings of an array of strings; nil when it is anything else.
    var strings: [String]? {
        guard let array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }
}

extension Response {
    /// A JSON answer that nobody keeps a copy of.
    static func json(_ status: Int = 200, _ value: JSONValue, fields: [Field] = []) -> Response {
        .json(status, value.bytes, fields: fields)
    }
}
