/// Words whose letters come from alphabets that look alike, such as a Latin word with a Cyrillic
/// letter in it: hardly ever honest, and invisible to a reader (the idea of UTS #39 §5.1, for the
/// alphabets that share most shapes).
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
