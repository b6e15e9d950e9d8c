import Glibc

/// The time of day as RFC 3339 text in milliseconds, made again only where it changed: a busy
/// service writes thousands of lines in the same second.
struct TimeText {
    /// `{"time":"2031-03-04T10:49:34.120Z`: the beginning of every line in JSON.
    private(set) var json = Array(#"{"time":"1970-01-01T00:00:00.000Z"#.utf8)
    private var second = Int.min
    private var millisecond = 0

    private static let offset = 9

    /// `2031-03-04T10:49:34.120Z`
    var bytes: ArraySlice<UInt8> { json[Self.offset...] }

    mutating func update() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        set(seconds: now.tv_sec, milliseconds: now.tv_nsec / 1_000_000)
    }

    mutating func set(seconds: Int, milliseconds: Int) {
        if seconds != second {
            second = seconds
            var time = seconds
            var parts = tm()
            gmtime_r(&time, &parts)
            put(Int(parts.tm_year) + 1900, at: 0, digits: 4)
            put(Int(parts.tm_mon) + 1, at: 5, digits: 2)
            put(Int(parts.tm_mday), at: 8, digits: 2)
            put(Int(parts.tm_hour), at: 11, digits: 2)
            put(Int(parts.tm_min), at: 14, digits: 2)
            put(Int(parts.tm_sec), at: 17, digits: 2)
        }
        if milliseconds != millisecond {
            millisecond = milliseconds
            put(milliseconds, at: 20, digits: 3)
        }
    }

    private mutating func put(_ number: Int, at start: Int, digits: Int) {
        var text = json.mutableSpan
        var rest = number
        for index in stride(from: start + digits - 1, through: start, by: -1) {
            text[Self.offset + index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}
