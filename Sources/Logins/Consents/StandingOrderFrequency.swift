/// How often a standing order pays, in the notation of Open Banking (`Frequency`, 3.1): the code of
/// a schedule and its numbers, such as `IntrvlMnthDay:01:31`.
public enum StandingOrderFrequency: Hashable, Sendable {
    case everyDay
    case everyWorkingDay
    /// 2 to 31.
    case days(Int)
    /// Every 1 to 9 weeks, on a day of the week: 1 is Monday, 7 Sunday.
    case weeks(Int, weekday: Int)
    /// Every month, in its first to fifth week, on a day of the week.
    case weekOfMonth(Int, weekday: Int)
    /// Every 1 to 6, 12 or 24 months, on day 1 to 31 of the month, or -1 to -5 from its end.
    case months(Int, day: Int)
    case quarterDays(QuarterDays)

    /// The days on which a quarter is paid.
    public enum QuarterDays: String, Hashable, Sendable, CaseIterable {
        case english = "ENGLISH"
        case scottish = "SCOTTISH"
        case received = "RECEIVED"
    }

    /// Nil if the text fits no pattern of the standard.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch (parts[0], parts.count) {
        case ("EvryDay", 1): self = .everyDay
        case ("EvryWorkgDay", 1): self = .everyWorkingDay
        case ("IntrvlDay", 2):
            guard let days = Self.number(parts[1], in: 2...31) else { return nil }
            self = .days(days)
        case ("IntrvlWkDay", 3):
            guard let weeks = Self.number(parts[1], in: 1...9),
                let weekday = Self.number(parts[2], in: 1...7)
            else { return nil }
            self = .weeks(weeks, weekday: weekday)
        case ("WkInMnthDay", 3):
            guard let week = Self.number(parts[1], in: 1...5),
                let weekday = Self.number(parts[2], in: 1...7)
            else { return nil }
            self = .weekOfMonth(week, weekday: weekday)
        case ("IntrvlMnthDay", 3):
            guard let months = Self.number(parts[1], in: 1...24), months <= 6 || months % 12 == 0
            else { return nil }
            if parts[2].hasPrefix("-") {
                guard let day = Self.number(parts[2].dropFirst(), in: 1...5) else { return nil }
                self = .months(months, day: -day)
            } else {
                guard let day = Self.number(parts[2], in: 1...31) else { return nil }
                self = .months(months, day: day)
            }
        case ("QtrDay", 2):
            guard let days = QuarterDays(rawValue: String(parts[1])) else { return nil }
            self = .quarterDays(days)
        default: return nil
        }
    }

    /// Exactly two digits.
    private static func number(_ text: Substring, in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.count == 2, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), range.contains(number)
        else { return nil }
        return number
    }
}
