public import Logins

extension Identifier {
    /// An identifier that a test knows to be valid. Traps if it is not.
    public static func named(_ text: String) -> Self {
        guard let identifier = Self(text) else { preconditionFailure("not a name: \(text)") }
        return identifier
    }
}
