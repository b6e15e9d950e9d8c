import Texts

/// The digits in which a reader's numbers, dates and times are written.
public enum Digits: String, Hashable, Sendable, CaseIterable {
    /// 0 to 9. The raw values are names of CLDR.
    case latin = "latn"
    /// The digits of Arabic, U+0660 to U+0669, with the decimal and group marks that belong to them.
    case arabicIndic = "arab"

    /// The digits of a language tag: in Arabic those that are usual in the tag's region (CLDR 47,
    /// `defaultNumberingSystem`), such as Arabic ones for `ar-SA`; Latin digits without a region and in
    /// every other language.
    init(of tag: some StringProtocol) {
        let parts = tag.lowercased().split(whereSeparator: { $0 == "-" || $0 == "_" })
        guard parts.first == "ar" else {
            self = .latin
            return
        }
        // A region follows the language, and a script if there is one (RFC 5646 §2.1).
        let region = parts.dropFirst().prefix(2).first { $0.utf8.count == 2 }
        self =
            region.map { Self.arabicRegions.contains(String($0).exact) } == true
            ? .arabicIndic : .latin
    }

    private static let arabicRegions: Set<ExactText> = [
        "bh", "dj", "eg", "er", "il", "iq", "jo", "km", "kw", "lb", "mr", "om", "ps", "qa", "sa",
        "sd", "so", "ss", "sy", "td", "ye",
    ]

    /// The text with these digits in place of 0 to 9.
    func written(_ text: String) -> String {
        guard self == .arabicIndic else { return text }
        var written = ""
        for scalar in text.unicodeScalars {
            let digit = scalar.value &- 0x30
            written.unicodeScalars.append(
                digit < 10 ? Unicode.Scalar(0x660 + digit) ?? scalar : scalar
            )
        }
        return written
    }
}
