import Texts

/// Which binding messages an operator accepts. A login with another one fails.
public struct MessageRule: Hashable, Sendable {
    /// The raw value is that of configurations.
    public enum Characters: String, Hashable, Sendable, CaseIterable {
        case any
        /// No control characters, and nothing invisible or that changes the order of other text.
        case visible
        /// U+0020 to U+007E.
        case ascii
    }

    public let characters: Characters
    /// Unicode scalars.
    public let longest: Int

    public init(_ characters: Characters, longest: Int) {
        self.characters = characters
        self.longest = longest
    }

    /// Takes every message.
    public static let any = MessageRule(.any, longest: .max)

    /// Whether a message is acceptable. Work is linear in the message.
    func accepts(_ message: String) -> Bool {
        guard message.unicodeScalars.count <= longest else { return false }
        switch characters {
        case .any: return true
        case .ascii: return message.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        case .visible:
            var isVisible = true
            VisibleText.scan(message) { scalar, treatment in
                switch treatment {
                case .keep, .combine: break
                case .space:
                    // Not the end of a line or a paragraph either.
                    if scalar.properties.generalCategory != .spaceSeparator { isVisible = false }
                case .mark: isVisible = false
                }
            }
            return isVisible
        }
    }
}
