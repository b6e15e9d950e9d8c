import Dates

/// Date and time as JSON writes them (RFC 3339), in milliseconds since 1970, UTC.
public enum RFC3339 {
    /// `2031-03-04T10:49:34.120Z`.
    public static func format(milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0)
        let (days, clock) = HTTPDate.split(seconds)
        let day = CivilDay(daysSince1970: days)
        func digits(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = "\(digits(day.year, 4))-\(digits(day.month, 2))-\(digits(day.day, 2))"
        let time =
            "\(digits(clock / 3600, 2)):\(digits(clock / 60 % 60, 2)):\(digits(clock % 60, 2))"
        return "\(date)T\(time).\(digits(Int(milliseconds - seconds * 1000), 3))Z"
    }

    /// Any offset and any number of fraction digits; nil when it is not a date and time.
    /// A leap second counts as the second before it.
    public static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        var index = 0
        func number(_ width: Int) -> Int64? {
            guard bytes.count - index >= width else { return nil }
            var value: Int64 = 0
            for byte in bytes[index..<(index + width)] {
                guard byte &- 0x30 < 10 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            index += width
            return value
        }
        func take(_ allowed: [UInt8]) -> Bool {
            guard index < bytes.count, allowed.contains(bytes[index]) else { return false }
            index += 1
            return true
        }
        guard let year = number(4), take([0x2D]), let month = number(2), take([0x2D]),
            let day = number(2), take([0x54, 0x74, 0x20]), let hour = number(2), take([0x3A]),
            let minute = number(2), take([0x3A]), let second = number(2),
            let date = CivilDay(Int(year), Int(month), Int(day)), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var milliseconds: Int64 = 0
        if take([0x2E]) {
            let start = index
            var weight: Int64 = 100
            while index < bytes.count, bytes[index] &- 0x30 < 10 {
                milliseconds += Int64(bytes[index] - 0x30) * weight
                weight /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        var offset: Int64 = 0
        if !take([0x5A, 0x7A]) {
            guard index < bytes.count, bytes[index] == 0x2B || bytes[index] == 0x2D else {
                return nil
            }
            let sign: Int64 = bytes[index] == 0x2B ? 1 : -1
            index += 1
            guard let hours = number(2), take([0x3A]), let minutes = number(2), hours < 24,
                minutes < 60
            else { return nil }
            offset = sign * (hours * 60 + minutes)
        }
        guard index == bytes.count else { return nil }
        let clock = hour * 3600 + minute * 60 + min(second, 59)
        return (Int64(date.daysSince1970) * 86400 + clock - offset * 60) * 1000 + milliseconds
    }
}
