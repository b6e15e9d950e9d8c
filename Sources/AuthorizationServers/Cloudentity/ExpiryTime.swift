import Dates
import HTTP

/// The forms of `expires_at` that have one meaning [DE-7], in milliseconds since 1970.
enum ExpiryTime {
    /// RFC 3339, and further forms of ISO 8601 with a zone (`20261129T034439Z`, `03:45Z`, `+01`); the
    /// three dates of HTTP (RFC 9110 §5.6.7); a date of mail (RFC 5322 §3.3); seconds since 1970. Nil
    /// for anything else: a day or a time without zone is no point in time.
    ///
    /// `now` tells the century of a year with two digits, in milliseconds since 1970.
    static func parse(_ text: String, now: Int64) -> Int64? {
        RFC3339.parse(text) ?? dateAndTime(text)
            ?? HTTPDate.parse(text, now: now / 1000).map { $0 * 1000 } ?? mailDate(text)
            ?? seconds(text)
    }

    /// A date and time of ISO 8601, in the extended or the basic format.
    private static func dateAndTime(_ text: String) -> Int64? {
        var reader = DigitReader(text)
        guard let year = reader.number(4) else { return nil }
        let isExtended = reader.take("-")
        guard let month = reader.number(2), !isExtended || reader.take("-"),
            let day = reader.number(2), let date = CivilDay(year, month, day),
            reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(2)
        else { return nil }
        let hasColon = reader.take(":")
        guard let minute = reader.number(2) else { return nil }
        var (second, fraction) = (0, 0)
        if hasColon ? reader.take(":") : reader.isAtDigit {
            guard let number = reader.number(2) else { return nil }
            second = number
            if reader.take(".") || reader.take(",") {
                guard let digits = reader.milliseconds() else { return nil }
                fraction = digits
            }
        }
        guard let offset = reader.zone(), reader.isAtEnd else { return nil }
        return milliseconds(date, hour, minute, second, offset).map { $0 + Int64(fraction) }
    }

    /// `29 Nov 2026 03:44:39 +0000`, with or without a weekday and seconds.
    private static func mailDate(_ text: String) -> Int64? {
        var parts = text.split(separator: " ")
        if let weekday = parts.first, weekday.hasSuffix(",") {
            guard HTTPDate.isWeekday(weekday.dropLast()) else { return nil }
            parts.removeFirst()
        }
        guard parts.count == 5, let month = HTTPDate.month(parts[1]), parts[0].utf8.count <= 2,
            parts[2].utf8.count == 4, let day = HTTPDate.number(parts[0]),
            let year = HTTPDate.number(parts[2]), let date = CivilDay(year, month, day)
        else { return nil }
        let clock = parts[3].split(separator: ":", omittingEmptySubsequences: false)
        let numbers = clock.filter { $0.utf8.count == 2 }.compactMap { HTTPDate.number($0) }
        var zone = DigitReader(String(parts[4]))
        guard numbers.count == clock.count, (2...3).contains(numbers.count),
            let offset = zone.zone(), zone.isAtEnd
        else { return nil }
        return milliseconds(
            date,
            numbers[0],
            numbers[1],
            numbers.count > 2 ? numbers[2] : 0,
            offset
        )
    }

    /// `offset` in minutes. A leap second counts as the second before it; 24:00 is the end of the day.
    private static func milliseconds(
        _ date: CivilDay,
        _ hour: Int,
        _ minute: Int,
        _ second: Int,
        _ offset: Int
    ) -> Int64? {
        guard hour < 24 || (hour, minute, second) == (24, 0, 0), minute < 60, second <= 60 else {
            return nil
        }
        let minutes = Int64(date.daysSince1970) * 1440 + Int64(hour * 60 + minute - offset)
        return (minutes * 60 + Int64(min(second, 59))) * 1000
    }

    /// From 2001 to the year 9999, also with a fraction or an exponent: a smaller number may be a
    /// lifetime, a larger one has another unit.
    private static func seconds(_ text: String) -> Int64? {
        guard let first = text.utf8.first, let last = text.utf8.last, first &- 0x30 < 10,
            last &- 0x30 < 10, text.utf8.count <= 40,
            text.utf8.allSatisfy({ $0 &- 0x30 < 10 || ".eE+".utf8.contains($0) }),
            let seconds = Double(text), (1_000_000_000..<253_402_300_800).contains(seconds)
        else { return nil }
        return Int64((seconds * 1000).rounded())
    }
}

/// Reads a date and time from its start.
private struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }
    var isAtDigit: Bool { rest.first.map { $0 &- 0x30 < 10 } ?? false }

    mutating func take(_ text: StaticString) -> Bool {
        let bytes = "\(text)".utf8
        guard rest.starts(with: bytes) else { return false }
        rest = rest.dropFirst(bytes.count)
        return true
    }

    /// Exactly `width` digits.
    mutating func number(_ width: Int) -> Int? {
        let digits = rest.prefix(width)
        guard digits.count == width, digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        rest = rest.dropFirst(width)
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// Any number of digits of a fraction of a second, at least one.
    mutating func milliseconds() -> Int? {
        let digits = rest.prefix { $0 &- 0x30 < 10 }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        let three = Array(digits.prefix(3)) + [0x30, 0x30]
        return three.prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// The offset of a zone in minutes: `Z`, `UTC`, `GMT`, `+01`, `+0100`, `+01:00`, and an offset with
    /// the name of UTC after it, as Go writes it.
    mutating func zone() -> Int? {
        while take(" ") {}
        for name in ["Z", "z", "UTC", "GMT", "UT"] as [StaticString] where take(name) { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = number(2) else { return nil }
        let hasColon = take(":")
        let minutes = hasColon || isAtDigit ? number(2) : 0
        guard let minutes, hours < 24, minutes < 60 else { return nil }
        let offset = sign * (hours * 60 + minutes)
        return offset == 0 && (take(" UTC") || take(" GMT")) ? 0 : offset
    }
}
