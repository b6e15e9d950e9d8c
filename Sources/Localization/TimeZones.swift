import Glibc
import Logins
import Threads

/// A user's time zone: its name and its rules.
public struct TimeZone: Sendable {
    /// An IANA name, such as `Europe/London`.
    public let name: String
    public let rules: TimeZoneRules
}

/// The time zones of this machine, each read once and kept: a few kilobytes.
public final class TimeZones: Sendable {
    public static let standard = TimeZones(folder: "/usr/share/zoneinfo")

    /// More than ten times the longest file of a zone.
    static let maximumFileBytes = 65_536
    /// Zones that are kept. There are fewer than 600 names, so only a folder with other content
    /// reaches it.
    static let maximumZones = 1000

    private let folder: String
    private let known = Locked<[String: TimeZone]>([:])

    init(folder: String) { self.folder = folder }

    /// Nil when the name is not that of a time zone, or the machine does not have it.
    public func zone(named name: String) -> TimeZone? {
        guard User.isTimeZone(name) else { return nil }
        if let zone = known.withLock({ $0[name] }) { return zone }
        guard let bytes = Self.read(folder + "/" + name), let rules = TimeZoneRules(bytes) else {
            return nil
        }
        let zone = TimeZone(name: name, rules: rules)
        known.withLock { known in
            if known.count < Self.maximumZones { known[name] = zone }
        }
        return zone
    }

    /// Reads a file that is in the page cache, once for each zone.
    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: maximumFileBytes + 1)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        guard (1...maximumFileBytes).contains(count) else { return nil }
        return Array(bytes.prefix(count))
    }
}
