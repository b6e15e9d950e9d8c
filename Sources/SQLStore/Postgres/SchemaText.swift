/// Reads the SQL of a table's definition, as far as `Schema` writes it.
enum SchemaText {
    /// The conditions of all CHECKs, each on one line.
    static func checks(in definition: Substring) -> [String] {
        let text = definition.split(separator: "\n").map { $0.split(separator: "--")[0] }
            .joined(separator: " ")
        return text.split(separator: "CHECK (").dropFirst().compactMap { part in
            var depth = 1
            for place in part.indices {
                if part[place] == "(" { depth += 1 }
                if part[place] == ")" { depth -= 1 }
                if depth == 0 {
                    return part[..<place].split(separator: " ").joined(separator: " ")
                }
            }
            return nil
        }
    }

    /// The condition with the names of columns qualified; what is in quotes stays as it is.
    static func qualified(_ condition: String, _ columns: Set<Substring>, by row: String) -> String
    {
        let parts = condition.split(separator: "'", omittingEmptySubsequences: false)
        return parts.enumerated().map { index, part in
            index.isMultiple(of: 2) ? named(part, columns, by: row) : String(part)
        }.joined(separator: "'")
    }

    private static func named(
        _ part: Substring,
        _ columns: Set<Substring>,
        by row: String
    ) -> String {
        var written = ""
        var rest = part
        while let first = rest.first {
            let word = rest.prefix { $0 == "_" || $0.isLetter || $0.isNumber }
            if columns.contains(word) { written += row + "." }
            written += word.isEmpty ? String(first) : String(word)
            rest = rest.dropFirst(max(1, word.count))
        }
        return written
    }
}
