/// The forms that a language has for a counted thing (CLDR 47, cardinal plural rules for whole
/// numbers).
enum PluralCategory: Hashable, Sendable, CaseIterable {
    case zero, one, two, few, many, other

    init(_ count: Int, _ language: Language) {
        let count = abs(count)
        let isMillions = count != 0 && count % 1_000_000 == 0
        self =
            switch language {
            case .english, .german: count == 1 ? .one : .other
            case .spanish: count == 1 ? .one : isMillions ? .many : .other
            case .portuguese, .french: count <= 1 ? .one : isMillions ? .many : .other
            case .arabic:
                switch (count, count % 100) {
                case (0, _): .zero
                case (1, _): .one
                case (2, _): .two
                case (_, 3...10): .few
                case (_, 11...99): .many
                default: .other
                }
            }
    }

    /// What a language distinguishes.
    static func categories(_ language: Language) -> Set<PluralCategory> {
        switch language {
        case .english, .german: [.one, .other]
        case .spanish, .portuguese, .french: [.one, .many, .other]
        case .arabic: Set(allCases)
        }
    }
}
