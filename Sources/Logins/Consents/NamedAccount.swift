import Texts

extension Consent.NamedAccount {
    /// Whether both name the same account. Numbers are compared by what they mean: an IBAN or BBAN of
    /// the United Kingdom contains a sort code and an account number, leading zeros and separators do
    /// not count, a mobile number has a national form, and the schemes of Open Banking have an older
    /// name without `UK.OBIE.`. The display name is ignored, and so is a part that only one of them
    /// has.
    public func isSameAccount(as other: Self) -> Bool {
        Self.agree(secondary, other.secondary, Self.digits)
            && Self.agree(ispb, other.ispb, Self.digits)
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

    /// Compares what says most of what both say: two IBANs differ though a part of them is equal.
    private func isSameNumber(as other: Self) -> Bool {
        let others = other.meanings
        for meaning in meanings {
            guard let same = others.first(where: { $0.scheme.isExactly(meaning.scheme) }) else {
                continue
            }
            return same.number == meaning.number
        }
        return false
    }

    /// A number in a scheme, as bytes: `String` would equate composed and decomposed letters.
    private struct Meaning {
        let scheme: String
        let number: [UInt8]

        init(_ scheme: String, _ number: String) {
            self.scheme = scheme
            self.number = Array(number.utf8)
        }
    }

    /// What the number is in every scheme that it can be written in, the longest first.
    private var meanings: [Meaning] {
        guard let scheme else {
            return [Meaning("", Self.digits(Self.withoutCheckMark(identification)))]
        }
        let name = Self.shortName(ofScheme: scheme)
        switch name {
        case "sortcodeaccountnumber":
            return [Meaning(name, Self.sortCodeAndNumber(identification))]
        case "paym":
            return [Meaning(name, Self.nationalMobile(identification))]
        case "pan":
            return [Meaning(name, Self.compact(identification))]
        case "iban":
            let iban = Self.compact(identification).uppercased()
            let national = String(iban.dropFirst(4))
            guard Self.isIBAN(iban) else { return [Meaning(name, iban)] }
            let british = iban.hasPrefix("GB") ? Self.british(national) : []
            return [Meaning(name, iban), Meaning("bban", national)] + british
        case "bban":
            let national = Self.compact(identification).uppercased()
            // Under another name it may be of another country that has the same form.
            let isBritish = scheme.lowercased().hasPrefix("uk.")
            return [Meaning(name, national)] + (isBritish ? Self.british(national) : [])
        default:
            return [Meaning(name, identification)]
        }
    }

    /// The sort code and account number in a British BBAN: four letters, six digits and eight.
    private static func british(_ national: String) -> [Meaning] {
        let number = national.utf8.dropFirst(4)
        guard national.utf8.prefix(4).allSatisfy({ (0x41...0x5A).contains($0) }),
            number.count == 14, number.allSatisfy(isDigit)
        else { return [] }
        return [Meaning("sortcodeaccountnumber", String(decoding: Array(number), as: UTF8.self))]
    }

    /// Six digits and eight. Separators after the sort code say where the account number starts, of
    /// which zeros in front may be missing; without them only zeros of the sort code may be.
    private static func sortCodeAndNumber(_ text: String) -> String {
        let separators = Set(" -/.".utf8)
        guard text.utf8.allSatisfy({ isDigit($0) || separators.contains($0) }) else { return text }
        var sortCode: [UInt8] = []
        var number: [UInt8] = []
        for group in text.utf8.split(whereSeparator: separators.contains) {
            if sortCode.count < 6 { sortCode += group } else { number += group }
        }
        func padded(_ digits: [UInt8], _ count: Int) -> [UInt8] {
            Array(repeating: 0x30, count: max(0, count - digits.count)) + digits
        }
        let all =
            sortCode.count == 6 && !number.isEmpty
            ? sortCode + padded(number, 8) : padded(sortCode + number, 14)
        return String(decoding: all, as: UTF8.self)
    }

    /// A British mobile number as it is dialled at home: `07700900111` for `+44 7700 900111`.
    private static func nationalMobile(_ text: String) -> String {
        let ignored = Set(" -().".utf8)
        let number = String(decoding: text.utf8.filter { !ignored.contains($0) }, as: UTF8.self)
        for prefix in ["+44", "0044"] where number.hasPrefix(prefix) {
            return "0" + number.dropFirst(prefix.count).drop { $0 == "0" }
        }
        return number
    }

    /// Without the hyphen before the check digit of a Brazilian account.
    private static func withoutCheckMark(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count > 2, bytes[bytes.count - 2] == 0x2D,
            bytes.dropLast(2).allSatisfy(isDigit)
        else { return text }
        return String(decoding: bytes.dropLast(2) + bytes.suffix(1), as: UTF8.self)
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
