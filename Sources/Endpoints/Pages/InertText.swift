/// Makes text from outside safe to show: it cannot reorder, hide or break the text around it, and
/// invisible characters are shown as a mark with their number.
///
/// Ordinary text in any script, emoji included, is unchanged, because both devices must show the same
/// message for comparison (OpenID CIBA Core §7.1).
enum InertText {
    /// Text to show as it is, or one invisible character.
    enum Part: Hashable, Sendable {
        case plain(String)
        /// Such as `U+202E`.
        case mark(String)
    }

    /// More combining marks than this on one letter are left out: they would cover other lines.
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
                // A mark without a base would combine with the page's own text.
                if previous == nil || previous == " " { plain += "\u{25CC}" }
                if combining <= combiningLimit { plain.unicodeScalars.append(scalar) }
            case .space:
                combining = 0
                if plain.utf8.last != UInt8(ascii: " ") { plain += " " }
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

    /// The text for a page, isolated from the direction of the text around it.
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
        // Tabs and line ends could lay out a second message.
        case "\t", "\n", "\u{B}", "\u{C}", "\r", "\u{85}": return .space
        // Joiners shape emoji and several scripts; elsewhere they are invisible.
        case "\u{200C}", "\u{200D}": return joins(previous, next) ? .keep : .mark
        // Selects the colored form of an emoji.
        case "\u{FE0F}": return previous?.properties.isEmoji == true ? .keep : .mark
        // The blank Braille pattern and the fillers are invisible.
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
