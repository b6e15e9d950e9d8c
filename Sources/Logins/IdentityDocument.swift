import Texts

/// The number by which a state knows a person or a company: a CPF or CNPJ of Brazil. It is personal
/// data, and never part of a log line.
public struct IdentityDocument: Hashable, Comparable, Sendable {
    /// Digits, and in a CNPJ capital letters, without punctuation.
    public let number: String

    /// A CPF (11 digits) or CNPJ (12 digits or letters and 2 digits), with or without dots, hyphen and
    /// slash; nil for anything else. The bank knows whether it exists: check digits are not verified.
    ///
    /// Up to three zeros that are missing at the start, as in a number, are added: 8 to 10 digits are a
    /// CPF and 12 or 13 a CNPJ. So are 11 if `isCompany`.
    public init?(_ text: String, isCompany: Bool = false) {
        let compact = Self.compact(text)
        var zeros = 0
        if compact.allSatisfy(Self.isDigit) {
            switch compact.count {
            case 8...10 where !isCompany: zeros = 11 - compact.count
            case 12...13: zeros = 14 - compact.count
            case 11 where isCompany: zeros = 3
            default: break
            }
        }
        let number = [UInt8](repeating: 0x30, count: zeros) + compact
        let isCPF = number.count == 11 && number.allSatisfy(Self.isDigit)
        let isCNPJ =
            number.count == 14 && number.suffix(2).allSatisfy(Self.isDigit)
            && number.allSatisfy { Self.isDigit($0) || (0x41...0x5A).contains($0) }
        guard isCPF || isCNPJ else { return nil }
        self.number = String(decoding: number, as: UTF8.self)
    }

    /// A CPF, or a CNPJ if `isCompany`, with exactly its digits and letters; of the punctuation that is
    /// usual, any may be missing. Nothing is added, and one is never read as the other.
    public init?(exactly text: String, isCompany: Bool) {
        let marks: [Int: UInt8] =
            isCompany
            ? [2: 0x2E, 5: 0x2E, 8: 0x2F, 12: 0x2D] : [3: 0x2E, 6: 0x2E, 9: 0x2D]
        var compact: [UInt8] = []
        var isAfterMark = false
        for byte in text.utf8 {
            if !isAfterMark, let mark = marks[compact.count], mark == byte {
                isAfterMark = true
                continue
            }
            isAfterMark = false
            compact.append(byte)
        }
        guard !isAfterMark, compact.count == (isCompany ? 14 : 11) else { return nil }
        self.init(String(decoding: compact, as: UTF8.self), isCompany: isCompany)
        guard self.isCompany == isCompany, number.utf8.count == compact.count else { return nil }
    }

    /// A document that somebody typed: zeros are not missing.
    public init?(typed text: String) {
        self.init(text)
        guard Self.compact(text).count == number.utf8.count else { return nil }
    }

    /// Whether the last two digits are those that the others give: sums of all characters before,
    /// weighted from 2 at the right (a CNPJ starts again after 9), modulo 11.
    public var hasCheckDigits: Bool {
        let values = number.utf8.map { Int($0) - 0x30 }
        return [values.count - 2, values.count - 1].allSatisfy { place in
            let sum = (0..<place).reduce(0) { sum, index in
                let distance = place - 1 - index
                return sum + values[index] * ((isCompany ? distance % 8 : distance) + 2)
            }
            let rest = sum % 11
            return values[place] == (rest < 2 ? 0 : 11 - rest)
        }
    }

    /// Whether it is a CNPJ.
    public var isCompany: Bool { number.utf8.count == 14 }

    public static func < (left: Self, right: Self) -> Bool {
        left.number.utf8.lexicographicallyPrecedes(right.number.utf8)
    }

    /// Capital letters, without dots, hyphens, slashes and spaces.
    private static func compact(_ text: String) -> [UInt8] {
        text.utf8.filter { !".-/ ".utf8.contains($0) }
            .map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension Consent {
    /// In whose name a consent is, beside the user's own documents.
    public enum Holder: Hashable, Sendable, CaseIterable {
        /// The consent names nobody, or only the user.
        case user
        /// The consent names a person or a company, and no such document of the user is known.
        case unknown
        /// The consent names a CPF or CNPJ, and the user is known to have another.
        case another
    }

    /// Compares the documents of the person and the company in whose name the consent is with those
    /// that the directory knows of the user. A company is a further document of its people.
    public func holder(beside known: Set<IdentityDocument>) -> Holder {
        var holder = Holder.user
        for fact in facts where Self.holderLabels.contains(fact.label) {
            guard case .text(let text) = fact.value, let named = Self.document(in: text) else {
                guard known.isEmpty else { return .another }
                holder = .unknown
                continue
            }
            if known.contains(named) { continue }
            if known.contains(where: { $0.isCompany == named.isCompany }) { return .another }
            holder = .unknown
        }
        return holder
    }

    /// The facts that say in whose name a consent is.
    public static let holderLabels: Set<Fact.Label> = [
        .known(.personDocument), .known(.businessDocument),
    ]

    /// The number in such a fact, after the name of its kind if there is one: `CPF 111.111.111-11`.
    /// Without one its length says the kind.
    public static func document(in text: String) -> IdentityDocument? {
        let parts = text.split(byte: " ", maxSplits: 1)
        switch parts.count == 2 ? parts[0].uppercased() : "" {
        case "CPF": return IdentityDocument(exactly: String(parts[1]), isCompany: false)
        case "CNPJ": return IdentityDocument(exactly: String(parts[1]), isCompany: true)
        default:
            return IdentityDocument(exactly: text, isCompany: false)
                ?? IdentityDocument(exactly: text, isCompany: true)
        }
    }
}
