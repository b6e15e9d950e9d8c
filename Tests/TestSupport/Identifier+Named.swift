public import Logins

extension Identifier {
    /// A name that a test knows to be one.
    public static func named(_ text: String) -> Self {
        guard let identifier = Self(text) else { preconditionFailure("not a name: \(text)") }
        return identifier
    }
}
