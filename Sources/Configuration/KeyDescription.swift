/// What is declared of one key, as the reading calls of `Section` declare it.
struct KeyDescription {
    enum Content {
        /// A value as it is written in a file.
        case value(String)
        case group(KeyList)
        /// Groups in a list: one of each kind.
        case list([KeyList])
        /// Groups under names of the operator's choice: one of each kind.
        case named([(name: String, keys: KeyList)])
    }

    let name: String
    /// What it means, in sentences.
    let about: String
    /// Bounds or choices, as a sentence; may be empty.
    let type: String
    let isRequired: Bool
    /// The default as it is written in a file; nil for none.
    let fallback: String?
    let content: Content
}

/// The keys of one group, in the order in which they are read.
final class KeyList {
    var keys: [KeyDescription] = []
    /// Values that are taken for granted while the group is described, such as its kind.
    let presets: [String: String]

    init(_ presets: [String: String] = [:]) { self.presets = presets }
}
