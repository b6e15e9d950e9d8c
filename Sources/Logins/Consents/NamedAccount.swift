import Texts

extension Consent.NamedAccount {
    /// Whether both name the same account. Numbers are compared by what they mean: an IBAN of the
    /// United Kingdom contains a sort code and an account number, leading zeros and separators do not
    /// count, and the schemes of Open Banking have an older name without `UK.OBIE.`. The display name
    /// is ignored, and so is a part that only one of them has.
    public func isSameAccount(as other: Self) -> Bool {
        Self.agree(secondary, other.secondary) && Self.agree(ispb, other.ispb, Self.digits)
            && Self.agree(issuer, other.issuer, Self.digits)
            && Self.agree(accountType, other.accountType) && isSameNumber(as: other)
    }

    /// The name of a scheme in the current standard, without `UK.OBIE.` and in lower case.
    static func shortName(ofScheme scheme: String) -> String {
        let name = scheme.lowercased()
        return name.hasPrefix("uk.obie.") ? String(name.dropFirst("uk.obie.".count)) : name
    }

    private static func agree(
        _ one: String?,
        _ two: String?,
        _ meaning: (String) -> String = { $0 }
    ) -> Bool {
        guard let one, let two else { return true }
        return meaning(one).isExactly(meaning(two))
    }

    private func isSameNumber(as other: Self) -> Bool {
        let meanings = self.meanings
        return other.meanings.contains { meanings.contains($0) }
    }

    /// A number in a scheme, as bytes: `String` would equate composed and decomposed letters.
    private struct Meaning: Hashable {
        let scheme: String
        let number: [UInt8]

        init(_ scheme: String, _ number: String) {
            self.scheme = scheme
            self.number = Array(number.utf8)
        }
    }

    /// What the number is in every scheme that it can be written in.
    private var meanings: [Meaning] {
        guard let scheme else { return [Meaning("", Self.digits(identification))] }
        let name = Self.shortName(ofScheme: scheme)
        switch name {
        case "sortcodeaccountnumber":
            return [Meaning(name, Self.digits(Self.compact(identification)))]
        case "pan":
            return [Meaning(name, Self.compact(identification))]
        case "iban":
            let iban = Self.compact(identification).uppercased()
            let national = String(iban.dropFirst(4))
            guard Self.isIBAN(iban) else { return [Meaning(name, iban)] }
            return [Meaning(name, iban), Meaning("bban", national)] + Self.british(iban, national)
        case "bban":
            return [Meaning(name, Self.compact(identification).uppercased())]
        default:
            return [Meaning(name, identification)]
        }
    }

    /// The sort code and account number in a British IBAN: four letters, six digits and eight.
    private static func british(_ iban: String, _ national: String) -> [Meaning] {
        let number = national.dropFirst(4)
        guard iban.hasPrefix("GB"), number.utf8.count == 14, number.utf8.allSatisfy(isDigit)
        else { return [] }
        return [Meaning("sortcodeaccountnumber", digits(String(number)))]
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// Digits without leading zeros; any other text as it is.
    private static func digits(_ text: String) -> String {
        guard !text.isEmpty, text.utf8.allSatisfy(isDigit) else { return text }
        let significant = text.drop { $0 == "0" }
        return significant.isEmpty ? "0" : String(significant)
    }

    /// Without spaces and hyphens.
    private static func compact(_ text: String) -> String {
        String(decoding: text.utf8.filter { $0 != 0x20 && $0 != 0x2D }, as: UTF8.self)
    }

    /// Whether the check digits are right (ISO 13616, ISO 7064 MOD 97-10).
    private static func isIBAN(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (15...34).contains(bytes.count) else { return false }
        var remainder = 0
        for byte in bytes[4...] + bytes[..<4] {
            switch byte {
            case 0x30...0x39: remainder = (remainder * 10 + Int(byte - 0x30)) % 97
            case 0x41...0x5A: remainder = (remainder * 100 + Int(byte - 0x41) + 10) % 97
            default: return false
            }
        }
        return remainder == 1
    }
}
