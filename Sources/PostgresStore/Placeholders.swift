/// Parameters in SQL as PostgreSQL writes them.
enum Placeholders {
    /// Turns SQLite's `?` and `?3` into `$1` and `$3`. An unnumbered one follows the greatest so far,
    /// as in SQLite. Texts in quotes are left as they are.
    ///
    /// - Returns: the SQL and how many parameters it has.
    static func numbered(_ sql: String) -> (sql: String, count: Int) {
        var result: [UInt8] = []
        var greatest = 0
        var isQuoted = false
        var rest = sql.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "'") { isQuoted.toggle() }
            guard byte == UInt8(ascii: "?"), !isQuoted else {
                result.append(byte)
                continue
            }
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest[digits.endIndex...]
            let number = Int(Substring(digits)) ?? greatest + 1
            greatest = max(greatest, number)
            result.append(contentsOf: "$\(number)".utf8)
        }
        return (String(decoding: result, as: UTF8.self), greatest)
    }
}
