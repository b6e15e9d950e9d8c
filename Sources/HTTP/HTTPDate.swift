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

    /// The preferred form and the two obsolete ones: `Sunday, 06-Nov-94 08:49:37 GMT` and
    /// `Sun Nov  6 08:49:37 1994`. A year of two digits is at most 50 years after `now`, in seconds
    /// since 1970.
    public static func parse(_ text: String, now: Int64) -> Int64? {
        guard text.utf8.count <= 40, text.isASCII else { return nil }
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        switch parts.count {
        case 6 where parts[0].hasSuffix(",") && parts[5] == "GMT":
            guard isShortWeekday(parts[0].dropLast()) else { return nil }
            return seconds(parts[3], parts[2], parts[1], parts[4])
        case 4 where parts[0].hasSuffix(",") && parts[3] == "GMT":
            let date = parts[1].split(separator: "-", omittingEmptySubsequences: false)
            guard date.count == 3, date[2].utf8.count == 2, let year = number(date[2]),
                isWeekday(parts[0].dropLast())
            else { return nil }
            let last = CivilDay(daysSince1970: split(now).days).year + 50
            return seconds("\(last - ((last - year) % 100))", date[1], date[0], parts[2])
        case 5: return seconds(parts[4], parts[1], parts[2], parts[3], weekday: parts[0])
        // A day of one digit has a blank before it.
        case 6 where parts[2].isEmpty && parts[3].utf8.count == 1:
            return seconds(parts[5], parts[1], "0" + parts[3], parts[4], weekday: parts[0])
        default: return nil
        }
    }

    private static func seconds(
        _ year: Substring,
        _ month: Substring,
        _ day: Substring,
        _ clock: Substring,
        weekday: Substring = "Sun"
    ) -> Int64? {
        let clock = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard isShortWeekday(weekday), year.utf8.count == 4, day.utf8.count == 2, clock.count == 3,
            clock.allSatisfy({ $0.utf8.count == 2 }), let year = number(year),
            let month = self.month(month), let day = number(day),
            let date = CivilDay(year, month, day), let hour = number(clock[0]),
            let minute = number(clock[1]), let second = number(clock[2]), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        return Int64(date.daysSince1970) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }

    private static func isShortWeekday(_ text: Substring) -> Bool { days.contains(String(text)) }

    /// Whether a text is the name of a day, in three letters or whole.
    public static func isWeekday(_ text: Substring) -> Bool {
        isShortWeekday(text)
            || [
                "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
            ].contains(String(text))
    }

    /// 1 to 12 for a month in three letters.
    public static func month(_ text: Substring) -> Int? {
        months.firstIndex(of: String(text)).map { $0 + 1 }
    }

    /// A number of digits only, at most nine.
    public static func number(_ text: Substring) -> Int? {
        text.utf8.count <= 9 && text.utf8.allSatisfy { $0 &- 0x30 < 10 } ? Int(text) : nil
    }

    /// Days since 1970, and seconds of that day.
    static func split(_ seconds: Int64) -> (days: Int, clock: Int) {
        let days = seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0)
        return (Int(days), Int(seconds - days * 86_400))
    }
}
