/// One header field line (RFC 9110 §5).
public struct Field: Hashable, Sendable {
    /// The name, as it was written.
    public let name: String
    /// The value, without white space around it.
    public let value: String

    /// A field. Nothing is checked; the encoder leaves out invalid names.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [Field] {
    /// The value of the first field with that name, compared without case. `name` is in lower case.
    public func first(_ name: String) -> String? {
        first { $0.name.utf8.elementsEqual(name.utf8) { $0.lowercased == $1 } }?.value
    }
}
