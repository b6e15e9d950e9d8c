import Glibc
import Threads

/// A person's time zone: the name they know it by, and its rules.
struct TimeZone: Sendable {
    /// An IANA name, such as `Europe/London`.
    let name: String
    let rules: TimeZoneRules
}

/// The zones of this machine, each read once: a few kilobytes that stay.
final class TimeZones: Sendable {
    static let standard = TimeZones(folder: "/usr/share/zoneinfo")

    /// No zone's file is a tenth as long.
    static let maximumFileBytes = 65_536
    /// Zones kept at most. There are fewer than 600 names, so only a folder full of something else
    /// reaches it.
    static let maximumZones = 1000

    private let folder: String
    private let known = Locked<[String: TimeZone]>([:])

    init(folder: String) { self.folder = folder }

    /// Nil when the name is no name of a zone, or this machine does not have it.
    func zone(named name: String) -> TimeZone? {
        guard Self.isName(name) else { return nil }
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

    /// Letters, digits and `_+-`, in parts between single slashes: nothing that leaves the folder.
    static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        return name.utf8.count <= 64 && (1...3).contains(parts.count)
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & ~0x20)
                            || byte == 0x5F || byte == 0x2B || byte == 0x2D
                    }
            }
    }

    /// The page cache has it: this is as quick as an allocation, and once for each zone.
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
