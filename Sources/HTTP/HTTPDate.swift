import Dates
import Texts

/// Dates as HTTP writes them (RFC 9110 §5.6.7), in whole seconds since 1970, UTC.
public enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    public static func format(_ seconds: Int64) -> String {
        let (days, clock) = Self.split(seconds)
        let day = CivilDay(daysSince1970: days)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let weekday = Self.days[day.weekday]
        let date = "\(two(day.day)) \(months[day.month - 1]) \(day.year)"
        return
            "\(weekday), \(date) \(two(clock / 3600)):\(two(clock / 60 % 60)):\(two(clock % 60)) GMT"
    }

    /// The preferred form only; the two obsolete ones are taken as unusable.
    public static func parse(_ text: String) -> Int64? {
        guard text.utf8.count == 29, text.isASCII else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[0].hasSuffix(","), parts[1].count == 2,
            let day = Int(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), parts[3].count == 4,
            let year = Int(parts[3]), let date = CivilDay(year, month + 1, day)
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, clock.allSatisfy({ $0.count == 2 }),
            let hour = Int64(clock[0]), let minute = Int64(clock[1]), let second = Int64(clock[2]),
            (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        return Int64(date.daysSince1970) * 86400 + hour * 3600 + minute * 60 + second
    }

    /// Days since 1970, and seconds of that day.
    static func split(_ seconds: Int64) -> (days: Int, clock: Int) {
        let days = seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0)
        return (Int(days), Int(seconds - days * 86_400))
    }
}
