/// Durations as they are written: a whole number and `ms`, `s`, `m`, `h` or `d`.
enum DurationText {
    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        // Nine digits of days still fit; nobody means more.
        guard !digits.isEmpty, digits.count <= 9, let number = Int64(digits) else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        case "d": return .seconds(number * 86400)
        default: return nil
        }
    }

    static func format(_ span: Duration) -> String {
        let (seconds, rest) = span.components
        if rest != 0 { return "\(seconds * 1000 + rest / 1_000_000_000_000_000)ms" }
        if seconds == 0 { return "0s" }
        if seconds.isMultiple(of: 86400) { return "\(seconds / 86400)d" }
        if seconds.isMultiple(of: 3600) { return "\(seconds / 3600)h" }
        if seconds.isMultiple(of: 60) { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}
