// Values from Swift's own.

extension JSONValue {
    /// An object with these members, in this order. Nil values are left out. The names must
    /// differ.
    public static func members(_ pairs: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(
            JSONObject(
                pairs.compactMap { name, value in
                    value.map { JSONObject.Member(name: name, value: $0) }
                }
            )
        )
    }

    /// The text as a string; nil for nil.
    public static func text(_ text: String?) -> JSONValue? { text.map { .string($0) } }

    /// A whole number of any size. Readers that use doubles round beyond 2^53 (RFC 8259 §6).
    public static func integer(_ number: some BinaryInteger) -> JSONValue {
        .number(String(number))
    }

    /// An array of strings.
    public static func texts(_ texts: some Sequence<String>) -> JSONValue {
        .array(texts.map { .string($0) })
    }

    /// The strings of an array of strings; nil for any other value.
    public var strings: [String]? {
        guard let array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }
}
