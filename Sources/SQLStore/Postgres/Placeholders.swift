/// SQL of the store as PostgreSQL writes it.
enum Placeholders {
    /// Turns SQLite's `?` and `?3` into `$1` and so on, and `max` of several values into `greatest`. An
    /// unnumbered parameter follows the greatest so far, as in SQLite. Texts in quotes are left as they
    /// are.
    ///
    /// PostgreSQL wants to know the type of each parameter up to the greatest, so numbers that do not
    /// occur are left out.
    ///
    /// - Returns: the SQL, the place from 0 of each number's value (nil if the number does not occur), and
    ///   how many values there are.
    static func numbered(_ sql: String) -> (sql: String, places: [Int?], count: Int) {
        var result: [UInt8] = []
        var places: [Int?] = []
        var count = 0
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
            let number = Int(Substring(digits)) ?? places.count + 1
            while places.count < number { places.append(nil) }
            let place: Int
            if let known = places[number - 1] {
                place = known
            } else {
                place = count
                places[number - 1] = place
                count += 1
            }
            result.append(contentsOf: "$\(place + 1)".utf8)
        }
        return (String(decoding: greatest(result), as: UTF8.self), places, count)
    }

    /// PostgreSQL has `max` only for the values of a column.
    private static func greatest(_ sql: [UInt8]) -> [UInt8] {
        let function = Array("max(".utf8)
        var result: [UInt8] = []
        var index = 0
        while index < sql.count {
            if sql[index...].starts(with: function), hasComma(sql[(index + function.count)...]),
                index == 0 || !isPartOfName(sql[index - 1])
            {
                result.append(contentsOf: "greatest(".utf8)
                index += function.count
            } else {
                result.append(sql[index])
                index += 1
            }
        }
        return result
    }

    /// Whether a list up to its closing parenthesis has more than one value.
    private static func hasComma(_ list: ArraySlice<UInt8>) -> Bool {
        var depth = 0
        for byte in list {
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"):
                if depth == 0 { return false }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return true
            default: break
            }
        }
        return false
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
