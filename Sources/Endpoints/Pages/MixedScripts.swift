/// Detects words that mix similar alphabets, such as a Latin word with a Cyrillic letter. They are
/// rarely legitimate, and a reader cannot see it (UTS #39 §5.1, for the alphabets that share most
/// shapes).
enum MixedScripts {
    private enum Script { case latin, greek, cyrillic, armenian }

    static func areIn(_ text: String) -> Bool {
        var found: Script?
        for scalar in text.unicodeScalars {
            guard isPartOfWord(scalar) else {
                found = nil
                continue
            }
            guard let script = script(of: scalar) else { continue }
            if let found, found != script { return true }
            found = script
        }
        return false
    }

    /// Whether the whole text looks Latin but is not: each letter is Latin or looks Latin, and at least
    /// one only looks Latin (whole-script confusables, UTS #39 §4). Ordinary words of other alphabets
    /// nearly always have a letter that does not look Latin.
    static func passesForLatin(_ text: String) -> Bool {
        var hasTwin = false
        for scalar in text.unicodeScalars where scalar.properties.isAlphabetic {
            if twins.contains(scalar) {
                hasTwin = true
            } else if script(of: scalar) != .latin {
                return false
            }
        }
        return hasTwin
    }

    /// Letters that look Latin.
    private static let twins = Set((cyrillicTwins + greekTwins + armenianTwins).unicodeScalars)

    // As escapes, because they look the same here too.
    private static let cyrillicTwins =
        "\u{410}\u{412}\u{415}\u{401}\u{405}\u{406}\u{407}\u{408}\u{41A}\u{41C}\u{41D}"
        + "\u{41E}\u{420}\u{421}\u{422}\u{423}\u{425}\u{4AE}\u{4C0}\u{50C}\u{51A}\u{51C}"
        + "\u{430}\u{435}\u{451}\u{43A}\u{43E}\u{440}\u{441}\u{443}\u{445}\u{455}\u{456}"
        + "\u{457}\u{458}\u{475}\u{4AF}\u{4BB}\u{4CF}\u{501}\u{51B}\u{51D}"
    private static let greekTwins =
        "\u{391}\u{392}\u{395}\u{396}\u{397}\u{399}\u{39A}\u{39C}\u{39D}\u{39F}\u{3A1}"
        + "\u{3A4}\u{3A5}\u{3A7}\u{3B1}\u{3B9}\u{3BA}\u{3BD}\u{3BF}\u{3C1}\u{3C5}\u{3F2}"
        + "\u{3F3}"
    private static let armenianTwins =
        "\u{555}\u{54D}\u{53C}\u{585}\u{578}\u{57D}\u{570}\u{581}\u{566}"

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .decimalNumber, .format:
            true
        default: false
        }
    }

    private static func script(of scalar: Unicode.Scalar) -> Script? {
        guard scalar.properties.isAlphabetic else { return nil }
        switch scalar.value {
        case 0x41...0x5A, 0x61...0x7A, 0xC0...0x24F, 0x250...0x2AF, 0x1E00...0x1EFF,
            0x2C60...0x2C7F, 0xA722...0xA7FF, 0xAB30...0xAB6F, 0xFF21...0xFF3A, 0xFF41...0xFF5A:
            return .latin
        case 0x370...0x3E1, 0x3F0...0x3FF, 0x1F00...0x1FFF: return .greek
        case 0x400...0x52F, 0x1C80...0x1C8F, 0xA640...0xA69F: return .cyrillic
        case 0x530...0x58F: return .armenian
        default: return nil
        }
    }
}
