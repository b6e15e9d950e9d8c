import Texts

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

    /// Combining marks on one letter. A text with more is shown in a box that hides what would cover
    /// other lines; nothing of it is left out.
    static let combiningLimit = 4

    /// Which characters are hidden is `VisibleText`'s to say. Spaces and line ends become one space
    /// unless `keepsSpaces`, for a text that is to be compared.
    static func parts(_ text: String, keepsSpaces: Bool = false) -> [Part] {
        var parts: [Part] = []
        var plain = ""
        var previous: Unicode.Scalar?
        VisibleText.scan(text) { scalar, treatment in
            defer { previous = scalar }
            switch treatment {
            case .keep: plain.unicodeScalars.append(scalar)
            case .combine(let hasBase):
                // A mark without a base would combine with the page's own text.
                if !hasBase { plain += "\u{25CC}" }
                plain.unicodeScalars.append(scalar)
            case .space where keepsSpaces:
                if !isLineEnd(scalar) {
                    plain += " "
                } else if scalar != "\n" || previous != "\r" {
                    plain += "\n"
                }
            case .space: if plain.utf8.last != UInt8(ascii: " ") { plain += " " }
            case .mark:
                if !plain.isEmpty { parts.append(.plain(plain)) }
                plain = ""
                parts.append(.mark(number(of: scalar)))
            }
        }
        if !plain.isEmpty { parts.append(.plain(plain)) }
        return parts
    }

    private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\u{B}", "\u{C}", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    /// Whether more marks are on one letter than a line has room for.
    static func isTall(_ text: String) -> Bool {
        var marks = 0
        for scalar in text.unicodeScalars where !scalar.isASCII || marks > 0 {
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: marks += 1
            default: marks = 0
            }
            if marks > combiningLimit { return true }
        }
        return false
    }

    /// The text for a page, isolated from the direction of the text around it.
    static func html(_ text: String, keepsSpaces: Bool = false) -> HTML {
        .element("bdi", ["class": isTall(text) ? "tall" : nil, "dir": "auto"]) {
            for part in parts(text, keepsSpaces: keepsSpaces) {
                switch part {
                case .plain(let text): HTML.text(text)
                case .mark(let number): HTML.element("span", ["class": "mark"]) { .text(number) }
                }
            }
        }
    }

    private static func number(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
