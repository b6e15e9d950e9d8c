public import Logins

extension Section {
    /// The pattern of the number in a binding message; nil when absent or wrong, unless there is a
    /// default, which is one.
    public func numberPattern(
        _ key: String,
        default fallback: String?,
        _ about: String
    ) -> NumberPattern? {
        let text = text(key, default: fallback, example: fallback ?? "code ###-###", about)
        guard let text else { return nil }
        do { return try NumberPattern(text) } catch {
            problem(key, error.description)
            return nil
        }
    }
}
