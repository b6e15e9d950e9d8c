import Cryptography
import Texts

/// The operator's terms, which a person accepts once for each version before a session begins.
public struct Terms: Hashable, Sendable {
    /// One text.
    public struct Text: Hashable, Sendable {
        /// A BCP 47 tag of a language that pages are written in.
        public let language: String
        public let text: String

        public init(language: String, text: String) {
            self.language = language
            self.text = text
        }

        /// SHA-256 of the text.
        public var digest: [UInt8] { SHA256.digest(Array(text.utf8)) }
    }

    public let version: String
    /// At least one.
    public let texts: [Text]

    public init(version: String, texts: [Text]) {
        self.version = version
        self.texts = texts
    }

    /// The text for a language, else the first one.
    public func text(in language: String) -> Text {
        texts.first { $0.language.isExactly(language) } ?? texts[0]
    }
}
