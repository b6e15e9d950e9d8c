/// Makes text that somebody else wrote safe to look at: nothing in it can reorder, hide or break
/// what stands around it, and whatever would be invisible is shown as a mark with its number.
///
/// What is ordinary writing in any script, emoji included, stays as it came (OpenID CIBA Core §7.1:
/// both devices show the same message, so that a person can compare them).
enum InertText {
    /// A stretch of text to show as it is, or one character that has no shape of its own.
    enum Part: Hashable, Sendable {
        case plain(String)
        /// Such as `U+202E`.
        case mark(String)
    }

    /// Marks on one letter beyond this number are left out: they only pile up over other lines.
    static let combiningLimit = 4

    static func parts(_ text: String) -> [Part] {
        var parts: [Part] = []
        var plain = ""
        var previous: Unicode.Scalar?
        var combining = 0
        func flush() {
            if !plain.isEmpty { parts.append(.plain(plain)) }
            plain = ""
        }
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            switch treatment(of: scalar, after: previous, before: next) {
            case .keep:
                combining = 0
                plain.unicodeScalars.append(scalar)
            case .combine:
                combining += 1
                // A mark with nothing to stand on would combine with the page's own text.
                if previous == nil || previous == " " { plain += "\u{25CC}" }
                if combining <= combiningLimit { plain.unicodeScalars.append(scalar) }
            case .space:
                combining = 0
                if !plain.hasSuffix(" ") { plain += " " }
                previous = " "
                continue
            case .mark:
                combining = 0
                flush()
                parts.append(.mark(number(of: scalar)))
                previous = nil
                continue
            }
            previous = scalar
        }
        flush()
        return parts
    }

    /// The text for a page, kept apart from what stands around it in either direction of writing.
    static func html(_ text: String) -> HTML {
        .element("bdi", ["dir": "auto"]) {
            for part in parts(text) {
                switch part {
                case .plain(let text): HTML.text(text)
                case .mark(let number): HTML.element("span", ["class": "mark"]) { .text(number) }
                }
            }
        }
    }

    private enum Treatment { case keep, combine, space, mark }

    private static func treatment(
        of scalar: Unicode.Scalar,
        after previous: Unicode.Scalar?,
        before next: Unicode.Scalar?
    ) -> Treatment {
        switch scalar {
        // One line is one line: tabulators and line ends cannot lay out a second message.
        case "\t", "\n", "\u{B}", "\u{C}", "\r", "\u{85}": return .space
        // Joiners shape emoji and several scripts; elsewhere they only hide in a word.
        case "\u{200C}", "\u{200D}": return joins(previous, next) ? .keep : .mark
        // Asks for the colourful form of an emoji.
        case "\u{FE0F}": return previous?.properties.isEmoji == true ? .keep : .mark
        // Braille's blank and the fillers look like nothing at all.
        case "\u{2800}", "\u{115F}", "\u{1160}", "\u{3164}", "\u{FFA0}": return .mark
        default: break
        }
        if scalar.properties.isDefaultIgnorableCodePoint { return .mark }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned: return .mark
        case .lineSeparator, .paragraphSeparator, .spaceSeparator: return .space
        case .nonspacingMark, .enclosingMark: return .combine
        default: return .keep
        }
    }

    private static func joins(_ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
        guard let previous, let next else { return false }
        if previous.properties.isEmoji || previous == "\u{FE0F}" {
            return !previous.isASCII && next.properties.isEmoji && !next.isASCII
        }
        // Arabic and its extensions, and the scripts of India and its neighbours.
        let shaped: ClosedRange<UInt32> = 0x0600...0x109F
        return shaped.contains(previous.value) && shaped.contains(next.value)
    }

    private static func number(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
