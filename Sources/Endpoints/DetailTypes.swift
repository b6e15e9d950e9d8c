import Localization
import Texts

/// What the types of `authorization_details` (RFC 9396) are called, as the operator says it.
public struct DetailTypes: Hashable, Sendable {
    private var labels: [ExactText: [Language: String]] = [:]
    private var others: [ExactText: String] = [:]

    /// The texts of each type by the tags of their languages, in the operator's order. A tag that is no
    /// language of the pages counts for nothing.
    public init(_ types: [String: [(language: String, text: String)]] = [:]) {
        for (type, texts) in types {
            for (tag, text) in texts {
                guard let language = Language.named(tag) else { continue }
                labels[type.exact, default: [:]][language] = text
            }
            others[type.exact] = labels[type.exact]?[.en] ?? texts.first?.text
        }
    }

    /// The text in a language, else in English, else the first one; nil for a type without texts.
    func label(of type: String, in language: Language) -> String? {
        labels[type.exact]?[language] ?? others[type.exact]
    }
}
