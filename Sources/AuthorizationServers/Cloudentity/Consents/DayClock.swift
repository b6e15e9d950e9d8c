import HTTP
import Logins

/// The clock of a standard, by which it counts days.
struct DayClock: Sendable {
    private let offset: @Sendable (Timestamp) -> Duration

    /// UTC.
    static let utc = DayClock { _ in .zero }
    /// Great Britain: an hour ahead from the last Sunday of March to that of October, 01:00 UTC.
    static let london = DayClock { isBritishSummer($0) ? .seconds(3600) : .zero }
    /// Brasília, which has had no summer time since 2019.
    static let brasilia = DayClock { _ in .seconds(-3 * 3600) }

    /// `2031-03-04`.
    func day(of time: Timestamp) -> String {
        String(RFC3339.format(milliseconds: (time + offset(time)).milliseconds).prefix(10))
    }

    /// The day of an RFC 3339 timestamp whose time of day is the first or the last second: its sender
    /// means that day, whatever the zone. Nil for any other time.
    static func wholeDay(_ timestamp: String) -> String? {
        let bytes = Array(timestamp.utf8)
        guard bytes.count > 19, RFC3339.parse(timestamp) != nil else { return nil }
        let time = String(decoding: bytes[11..<19], as: UTF8.self)
        guard time == "00:00:00" || time == "23:59:59" else { return nil }
        return String(decoding: bytes[..<10], as: UTF8.self)
    }

    private static func isBritishSummer(_ time: Timestamp) -> Bool {
        let year = RFC3339.format(milliseconds: time.milliseconds).prefix(4)
        guard let start = lastSunday(of: "\(year)-03-31"), let end = lastSunday(of: "\(year)-10-31")
        else { return false }
        return start <= time.milliseconds && time.milliseconds < end
    }

    /// 01:00 UTC on the last Sunday of the month that ends on `day`, in milliseconds.
    private static func lastSunday(of day: String) -> Int64? {
        guard let time = RFC3339.parse("\(day)T01:00:00Z") else { return nil }
        let dayLength: Int64 = 86_400_000
        // Day 0 was a Thursday.
        let weekday = (((time / dayLength) % 7) + 7 + 4) % 7
        return time - weekday * dayLength
    }
}
