/// Which characters of a text from outside show something, and which are hidden: the one place that
/// decides what reads as empty, and what has to be marked where it is shown.
public enum VisibleText {
    /// How to show one Unicode scalar.
    public enum Treatment: Hashable, Sendable {
        /// As it is.
        case keep
        /// As it is, on the letter before it. Without such a letter it needs a base of its own.
        case combine(hasBase: Bool)
        /// As one space together with its neighbours: a space, a tab or a line end.
        case space
        /// As a mark: it is invisible, or changes the order of other text.
        case mark
    }

    /// Every scalar of a text, in order and each once, with how to show it. Work is linear.
    ///
    /// Invisible scalars are kept where they shape what is seen:
    /// - a variation selector after a base that has variants (emoji, symbols of mathematics, CJK,
    ///   Mongolian and a few other scripts; Unicode §23.4, by block and not by each sequence);
    /// - a joiner between emoji, and after a letter of a script that uses joiners;
    /// - tags that name a region after U+1F3F4, ended by a cancel tag (UTS #51 §2.2, ED-14a);
    /// - a zero-width space between letters of a script that writes no spaces;
    /// - one mark of direction after a letter of that direction, which moves no other letter, or beside
    ///   letters or digits as in text that is written from right to left;
    /// - a combining grapheme joiner between a letter and its mark.
    public static func scan(_ text: String, _ show: (Unicode.Scalar, Treatment) -> Void) {
        let scalars = Array(text.unicodeScalars)
        let reads = Reading(scalars)
        var context = Context()
        var index = 0
        while index < scalars.count {
            let length = tagSequence(scalars, at: index)
            for scalar in scalars[index..<index + length] { show(scalar, .keep) }
            if length > 0 {
                context.previous = "\u{1F3F4}"
                index += length
                continue
            }
            let scalar = scalars[index]
            index += 1
            let next = index < scalars.count ? scalars[index] : nil
            let treatment =
                isDirection(scalar)
                ? (agrees(scalar, context, reads, scalars[index...]) ? .keep : .mark)
                : treatment(of: scalar, context, before: next)
            show(scalar, treatment)
            switch treatment {
            case .space, .mark: context = Context()
            case .combine(let hasBase):
                context.isVirama = scalar.properties.canonicalCombiningClass == .virama
                if !hasBase { context.previous = "\u{25CC}" }
            case .keep:
                context.isVirama = false
                context.afterSelector = isVariationSelector(scalar)
                context.isColored = scalar == "\u{FE0F}"
                context.afterDirection = isDirection(scalar)
                // The base of what follows is the letter, not what shapes it.
                if isDirection(scalar) || scalar == joinsMarks { break }
                if !context.afterSelector || context.previous == nil { context.previous = scalar }
                if isWord(scalar) { context.word = scalar }
            }
        }
    }

    /// What the next scalar follows.
    private struct Context {
        /// The last scalar that is neither a combining mark nor a variation selector.
        var previous: Unicode.Scalar?
        var afterSelector = false
        /// The last letter or digit, with only signs after it.
        var word: Unicode.Scalar?
        /// The last scalar is a mark of direction.
        var afterDirection = false
        /// The last scalar selects the colored form of an emoji.
        var isColored = false
        /// The last scalar is a mark that joins consonants.
        var isVirama = false
    }

    private static func treatment(
        of scalar: Unicode.Scalar,
        _ context: Context,
        before next: Unicode.Scalar?
    ) -> Treatment {
        if (0x21...0x7E).contains(scalar.value) { return .keep }
        switch scalar {
        case " ", "\t", "\n", "\u{B}", "\u{C}", "\r", "\u{85}": return .space
        case "\u{200B}": return separates(context.previous, next) ? .keep : .mark
        case "\u{200C}", "\u{200D}": return joins(scalar, context, next) ? .keep : .mark
        case joinsMarks:
            guard context.previous != nil, let next else { return .mark }
            return next.properties.generalCategory == .nonspacingMark ? .keep : .mark
        case _ where isVariationSelector(scalar):
            guard let base = context.previous, !context.afterSelector else { return .mark }
            return hasVariants(base, scalar) ? .keep : .mark
        // Signs that enclose the digits after them. They are visible, although of the category format.
        case "\u{600}"..."\u{605}", "\u{6DD}", "\u{70F}", "\u{890}", "\u{891}", "\u{8E2}",
            "\u{110BD}", "\u{110CD}":
            return .keep
        default: break
        }
        if scalar.isInvisible { return .mark }
        switch scalar.properties.generalCategory {
        case .lineSeparator, .paragraphSeparator, .spaceSeparator: return .space
        case .nonspacingMark, .enclosingMark: return .combine(hasBase: context.previous != nil)
        default: return .keep
        }
    }

    // MARK: Sequences

    private static func isVariationSelector(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xFE00...0xFE0F, 0xE0100...0xE01EF, 0x180B...0x180D, 0x180F: true
        default: false
        }
    }

    /// The combining grapheme joiner.
    private static let joinsMarks: Unicode.Scalar = "\u{34F}"

    /// The left-to-right, right-to-left and Arabic letter marks.
    private static func isDirection(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{200E}" || scalar == "\u{200F}" || scalar == "\u{61C}"
    }

    /// In which direction a text is read, by its first letter (UAX 9, rule P2), or else by its digits.
    private struct Reading {
        var isRightToLeft = false
        var isArabic = false

        init(_ scalars: [Unicode.Scalar]) {
            guard
                let first = scalars.first(where: \.properties.isAlphabetic)
                    ?? scalars.first(where: VisibleText.isArabicDigit)
            else { return }
            isRightToLeft = VisibleText.contains(VisibleText.rightToLeft, first)
            isArabic = VisibleText.isArabic(first) || VisibleText.isArabicDigit(first)
        }
    }

    /// Whether a mark of direction follows a letter of its direction, as which it then acts, or is
    /// used as Arabic and Hebrew writers do: beside a letter or a number, such as before `+966`, and
    /// not within a number. `rest` is what follows.
    private static func agrees(
        _ mark: Unicode.Scalar,
        _ context: Context,
        _ reads: Reading,
        _ rest: ArraySlice<Unicode.Scalar>
    ) -> Bool {
        if context.afterDirection { return false }
        let isLeftToRight = mark == "\u{200E}"
        if let letter = context.previous, letter.properties.isAlphabetic {
            switch mark {
            case "\u{200E}" where !contains(rightToLeft, letter): return true
            case "\u{200F}" where contains(rightToLeft, letter): return true
            case "\u{61C}" where isArabic(letter): return true
            // It separates the letter from what follows.
            case "\u{200E}": return !rest.isEmpty
            default: break
            }
        }
        // Up to two signs may be between the mark and a number: `+(20) …`.
        let next = rest.prefix(3).prefix { $0 != " " }.first(where: isWord)
        guard reads.isRightToLeft, mark != "\u{61C}" || reads.isArabic else { return false }
        if let previous = context.previous, let follower = rest.first, isDigit(previous),
            isDigit(follower)
        {
            return false
        }
        return [context.word, next].contains { neighbour in
            guard let neighbour else { return false }
            return isDigit(neighbour) || (!isLeftToRight && contains(rightToLeft, neighbour))
        }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .decimalNumber
    }

    private static func isArabicDigit(_ scalar: Unicode.Scalar) -> Bool {
        (0x660...0x669).contains(scalar.value) || (0x6F0...0x6F9).contains(scalar.value)
    }

    /// A letter or a digit.
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || scalar.properties.isAlphabetic
    }

    /// The blocks of the scripts that are written from right to left.
    private static let rightToLeft: [ClosedRange<UInt32>] = [
        0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFE, 0x10800...0x10FFF, 0x1E800...0x1EFFF,
    ]

    private static func hasVariants(_ base: Unicode.Scalar, _ selector: Unicode.Scalar) -> Bool {
        let properties = base.properties
        switch selector.value {
        // The black and the colored form.
        case 0xFE0E, 0xFE0F: return properties.isEmoji
        // Variants of ideographs that are registered.
        case 0xE0100...0xE01EF: return properties.isIdeographic
        case 0x180B...0x180D, 0x180F: return (0x1800...0x18AF).contains(base.value)
        default:
            if properties.isIdeographic || properties.isMath { return true }
            return standardBases.contains { $0.contains(base.value) }
        }
    }

    /// Besides ideographs and mathematics: zero, quotation marks, Myanmar, CJK punctuation, Phags-pa,
    /// full-width forms, Manichaean and Egyptian hieroglyphs (StandardizedVariants.txt).
    private static let standardBases: [ClosedRange<UInt32>] = [
        0x30...0x30, 0x1000...0x109F, 0x2018...0x2019, 0x201C...0x201D, 0x3001...0x3002,
        0xA840...0xA877, 0xA9E0...0xA9FF, 0xAA60...0xAA7F, 0xFF01...0xFF1F, 0x10AC0...0x10AFF,
        0x13000...0x1342F,
    ]

    private static func joins(
        _ joiner: Unicode.Scalar,
        _ context: Context,
        _ next: Unicode.Scalar?
    ) -> Bool {
        guard let previous = context.previous else { return false }
        if isPicture(previous) {
            return joiner == "\u{200D}" && next.map(isPicture) == true
                && (!context.afterSelector || context.isColored)
        }
        guard contains(shapedScripts, previous) else { return false }
        if let next, contains(shapedScripts, next) { return true }
        // At the end of a word, a joiner still selects the form of the letter before it: a half
        // consonant, or an Arabic letter as if another one followed.
        return context.isVirama || (joiner == "\u{200D}" && isArabic(previous))
    }

    private static func isPicture(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && scalar.properties.isEmoji
    }

    private static func isArabic(_ scalar: Unicode.Scalar) -> Bool {
        (0x620...0x8FF).contains(scalar.value) && scalar.properties.isAlphabetic
    }

    private static func separates(_ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
        guard let previous, let next else { return false }
        return contains(unspacedScripts, previous) && contains(unspacedScripts, next)
    }

    private static func contains(
        _ blocks: [ClosedRange<UInt32>],
        _ scalar: Unicode.Scalar
    ) -> Bool {
        blocks.contains { $0.contains(scalar.value) }
    }

    /// Arabic and its relatives, the scripts of India and its neighbours, Mongolian, and their later
    /// blocks.
    private static let shapedScripts: [ClosedRange<UInt32>] = [
        0x600...0x109F, 0x1780...0x18AF, 0x1A20...0x1AAF, 0x1B00...0x1BFF, 0x1CD0...0x1CFF,
        0xA840...0xA8FF, 0xA980...0xA9FF, 0xAA60...0xAA7F, 0xABC0...0xABFF, 0x10A00...0x10AFF,
        0x10D00...0x10D3F, 0x10F30...0x10F6F, 0x11000...0x11FFF, 0x1E900...0x1E95F,
    ]

    /// Thai, Lao, Myanmar and Khmer.
    private static let unspacedScripts: [ClosedRange<UInt32>] = [
        0xE00...0xEFF, 0x1000...0x109F, 0x1780...0x17FF,
    ]

    /// The scalars of a flag of a part of a country, such as Scotland, that begins at `index`; 0 if
    /// there is none.
    private static func tagSequence(_ scalars: [Unicode.Scalar], at index: Int) -> Int {
        guard scalars[index] == "\u{1F3F4}" else { return 0 }
        var end = index + 1
        while end < scalars.count, end - index <= 7, isTag(scalars[end].value) { end += 1 }
        guard (2...6).contains(end - index - 1), end < scalars.count, scalars[end] == "\u{E007F}"
        else { return 0 }
        return end + 1 - index
    }

    /// A digit or a small letter.
    private static func isTag(_ value: UInt32) -> Bool {
        (0xE0030...0xE0039).contains(value) || (0xE0061...0xE007A).contains(value)
    }
}

extension Unicode.Scalar {
    /// Whether the scalar by itself shows nothing that everybody sees: formats, fillers and other
    /// default-ignorable characters, controls, blanks that are no spaces, and characters that no font
    /// has to know.
    fileprivate var isInvisible: Bool {
        switch self {
        // Blank Braille pattern, null note head, blank hieroglyphs, object replacement.
        case "\u{2800}", "\u{1D159}", "\u{13441}", "\u{13442}", "\u{FFFC}": return true
        default: break
        }
        if properties.isDefaultIgnorableCodePoint { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned: return true
        default: return false
        }
    }

    /// Whether the scalar alone is nothing to read: a space, an invisible character, or a mark that
    /// needs a letter.
    fileprivate var isBlank: Bool {
        if (0x21...0x7E).contains(value) { return false }
        if properties.isWhitespace || isInvisible { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .spacingMark: return true
        default: return false
        }
    }
}

extension StringProtocol {
    /// Whether a reader sees nothing: there are only spaces, invisible characters and marks without a
    /// letter. A name that reads as empty is no name.
    public var readsAsEmpty: Bool { unicodeScalars.allSatisfy(\.isBlank) }
}

extension String {
    /// The text, or nil if it reads as empty.
    public var unlessEmpty: String? { readsAsEmpty ? nil : self }
}
