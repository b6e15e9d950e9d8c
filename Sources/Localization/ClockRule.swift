import Dates

/// The rule at the end of a TZif file, for the time after its last transition: a POSIX `TZ` string
/// with the extension of RFC 9636 §3.3.1, such as `GMT0BST,M3.5.0/1,M10.5.0`.
struct ClockRule: Hashable, Sendable {
    private struct Summer: Hashable, Sendable {
        /// Seconds east of UTC.
        let offset: Int
        let begins: Change
        let ends: Change
    }

    /// A day of the year and a local time on that day, before the change.
    private struct Change: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// 1 to 365; the leap day is not counted.
            case julian(Int)
            /// 0 to 365; the leap day is counted.
            case ordinal(Int)
            /// A weekday in a week of a month; week 5 is the last.
            case weekday(month: Int, week: Int, weekday: Int)
        }
        let day: Day
        /// Seconds after midnight; may be negative or more than a day.
        let time: Int

        func seconds(in year: Int) -> Int {
            let newYear = CivilDay(year, 1, 1)?.daysSince1970 ?? 0
            let isLeap = CivilDay(year, 2, 29) != nil
            let date =
                switch day {
                case .julian(let day): newYear + day - 1 + (isLeap && day >= 60 ? 1 : 0)
                case .ordinal(let day): newYear + day
                case .weekday(let month, let week, let weekday):
                    Self.date(year, month, week, weekday)
                }
            return date * 86_400 + time
        }

        private static func date(_ year: Int, _ month: Int, _ week: Int, _ weekday: Int) -> Int {
            guard let first = CivilDay(year, month, 1) else { return 0 }
            let start = first.daysSince1970 + (weekday - first.weekday + 7) % 7
            let wanted = start + (week - 1) * 7
            return CivilDay(daysSince1970: wanted).month == month ? wanted : wanted - 7
        }
    }

    private let offset: Int
    private let summer: Summer?

    /// Nil when the text is not such a string.
    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        guard Self.skipName(&rest), let west = Self.time(&rest) else { return nil }
        offset = -west
        if rest.isEmpty {
            summer = nil
            return
        }
        guard Self.skipName(&rest) else { return nil }
        var summerOffset = offset + 3600
        if rest.first != UInt8(ascii: ",") {
            guard let west = Self.time(&rest) else { return nil }
            summerOffset = -west
        }
        guard let begins = Self.change(&rest), let ends = Self.change(&rest), rest.isEmpty else {
            return nil
        }
        summer = Summer(offset: summerOffset, begins: begins, ends: ends)
    }

    /// Seconds east of UTC at a time in seconds since 1970.
    func offset(at moment: Int) -> Int {
        guard let summer else { return offset }
        let local = moment + offset
        let days = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        let year = CivilDay(daysSince1970: days).year
        let begins = summer.begins.seconds(in: year) - offset
        let ends = summer.ends.seconds(in: year) - summer.offset
        // In the southern hemisphere, summer time spans the new year.
        let isSummer =
            begins < ends
            ? moment >= begins && moment < ends : moment >= begins || moment < ends
        return isSummer ? summer.offset : offset
    }

    // MARK: Reading

    /// Letters, or anything between angle brackets.
    private static func skipName(_ rest: inout ArraySlice<UInt8>) -> Bool {
        if rest.first == UInt8(ascii: "<") {
            guard let close = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[(close + 1)...]
            return true
        }
        let end = rest.firstIndex { !(0x41...0x5A).contains($0 & ~0x20) } ?? rest.endIndex
        guard end - rest.startIndex >= 3 else { return false }
        rest = rest[end...]
        return true
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, max: Int) -> Int? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard (1...3).contains(digits.count) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard number <= max else { return nil }
        rest = rest.dropFirst(digits.count)
        return number
    }

    private static func take(_ byte: Character, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == byte.asciiValue else { return false }
        rest.removeFirst()
        return true
    }

    /// `[+-]hh[:mm[:ss]]`, in seconds.
    private static func time(_ rest: inout ArraySlice<UInt8>) -> Int? {
        let isNegative = take("-", &rest)
        if !isNegative { _ = take("+", &rest) }
        guard let hours = number(&rest, max: 167) else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] where take(":", &rest) {
            guard let part = number(&rest, max: 59) else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }

    private static func change(_ rest: inout ArraySlice<UInt8>) -> Change? {
        guard take(",", &rest) else { return nil }
        let day: Change.Day
        if take("M", &rest) {
            guard let month = number(&rest, max: 12), month >= 1, take(".", &rest),
                let week = number(&rest, max: 5), week >= 1, take(".", &rest),
                let weekday = number(&rest, max: 6)
            else { return nil }
            day = .weekday(month: month, week: week, weekday: weekday)
        } else if take("J", &rest) {
            guard let number = number(&rest, max: 365), number >= 1 else { return nil }
            day = .julian(number)
        } else {
            guard let number = number(&rest, max: 365) else { return nil }
            day = .ordinal(number)
        }
        guard take("/", &rest) else { return Change(day: day, time: 7200) }
        guard let time = time(&rest) else { return nil }
        return Change(day: day, time: time)
    }
}
