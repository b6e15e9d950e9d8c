/// One header field line (RFC 9110 §5).
public struct Field: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension [Field] {
    /// The first field of that name, compared without case. `name` is in lower case.
    public func first(_ name: String) -> String? {
        first { $0.name.lowercased() == name }?.value
    }
}
