import HTTP

/// The forms of `expires_at` that have one meaning [DE-7], in milliseconds since 1970.
enum ExpiryTime {
    /// RFC 3339, also with an offset as ISO 8601 allows (`+0000`, `+00`); a date of HTTP or mail in
    /// GMT; whole seconds since 1970. Nil for anything else: a day or a time without zone is no point
    /// in time.
    static func parse(_ text: String) -> Int64? {
        RFC3339.parse(text) ?? basicOffset(text) ?? date(text) ?? seconds(text)
    }

    private static func basicOffset(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        // After `2031-03-04T10:49`, so that the day's hyphen is no sign.
        guard let sign = bytes.lastIndex(where: { $0 == 0x2B || $0 == 0x2D }), sign >= 16 else {
            return nil
        }
        let time = String(decoding: bytes[..<sign], as: UTF8.self)
        let offset = String(decoding: bytes[sign...], as: UTF8.self)
        switch bytes.count - sign {
        case 5: return RFC3339.parse(time + offset.prefix(3) + ":" + offset.suffix(2))
        case 3: return RFC3339.parse(time + offset + ":00")
        default: return nil
        }
    }

    private static func date(_ text: String) -> Int64? {
        var text = text
        for zone in [" UTC", " +0000"] where text.hasSuffix(zone) {
            text = text.dropLast(zone.count) + " GMT"
        }
        return HTTPDate.parse(text).map { $0 * 1000 }
    }

    /// From 2001 to the year 9999: a smaller number may be a lifetime, a larger one has another unit.
    private static func seconds(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let seconds = Int64(text),
            (1_000_000_000..<253_402_300_800).contains(seconds)
        else { return nil }
        return seconds * 1000
    }
}
