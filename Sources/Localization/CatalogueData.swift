/// One language as its catalogue has it, compiled in at build time. The languages are made when
/// they are first used, so that a process that shows no page holds none of them.
struct CatalogueData: Sendable {
    /// As HTML's `dir`: `ltr` or `rtl`.
    let direction: String
    let decimalMark: String
    let groupMark: String
    /// With `{day}`, `{month}` and `{year}`.
    let date: String
    /// With `{symbol}` and `{number}`.
    let money: String
    /// How a day of the month is counted: the general form with `{day}`, then exceptions such as
    /// `1=1st`, separated by spaces.
    let ordinals: String
    /// Symbols that differ from the ISO 4217 code, such as `EUR=€`, separated by spaces.
    let currencySymbols: String
    /// Digits that must stand before the first group mark (CLDR `minimumGroupingDigits`).
    let minimumGroupingDigits: Int
    /// How many forms a counted text has.
    let pluralForms: Int
    /// The form for a number.
    let pluralForm: @Sendable (Int) -> Int
    /// Texts by index: first those with one form in the order of the keys, then the counted ones
    /// with all their forms.
    let texts: [String]

    /// The value of `name=value` in a list that is separated by spaces.
    static func value(_ name: String, in list: String) -> String? {
        for entry in list.utf8.split(separator: 0x20) {
            guard let equals = entry.firstIndex(of: 0x3D),
                entry[..<equals].elementsEqual(name.utf8)
            else { continue }
            return String(Substring(entry[entry.index(after: equals)...]))
        }
        return nil
    }

    /// Where the text of a code is; nil when no catalogue has words for it.
    static func index(of code: String, in list: String) -> Int? {
        let key = Array("\(list)/\(code)".utf8)
        var low = 0
        var high = codes.count
        while low < high {
            let middle = (low + high) / 2
            let order = codes[middle].withUTF8Buffer { compare($0, key) }
            if order == 0 { return firstCode + middle }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// Below zero when the first comes first, by bytes.
    private static func compare(_ one: UnsafeBufferPointer<UInt8>, _ two: [UInt8]) -> Int {
        for (left, right) in zip(one, two) where left != right { return Int(left) - Int(right) }
        return one.count - two.count
    }
}
