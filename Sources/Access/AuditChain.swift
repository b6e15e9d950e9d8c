import Cryptography
import JSON
import Logins

/// The hash chain of the audit.
public enum AuditChain {
    /// The hash before the first entry.
    public static let start = [UInt8](repeating: 0, count: 32)

    /// The hash of an entry: SHA-256 over a name, the hash before it and the bytes of the entry.
    public static func hash(after previous: [UInt8], number: Int64, _ event: AuditEvent) -> [UInt8]
    {
        hash(after: previous, bytes(number: number, event))
    }

    /// The same over bytes as they are stored.
    public static func hash(after previous: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        SHA256.digest(Array("beckon-audit-v1\n".utf8) + previous + bytes)
    }

    /// An entry as one JSON text: `number`, `at` (RFC 3339 would lose nothing, but milliseconds are
    /// what is stored), `event`, then the members of the event. Members that are too long are
    /// replaced by `omitted`, their bytes.
    public static func bytes(number: Int64, _ event: AuditEvent) -> [UInt8] {
        var json = JSONWriter(reserving: 256)
        var length = 0
        json.object { json in
            json.member("number", .integer(number))
            json.member("at", .integer(event.at.milliseconds))
            json.member("event", event.kind)
            let before = json.bytes.count
            json.member("details", .object(event.members))
            length = json.bytes.count - before - #","details":"#.utf8.count
        }
        guard length > AuditEvent.longest else { return json.bytes }
        return bytes(
            number: number,
            AuditEvent(event.kind, at: event.at, ["omitted": .integer(length)])
        )
    }

    /// Reads what `bytes` wrote; nil if it is something else.
    public static func event(of bytes: [UInt8]) -> (number: Int64, event: AuditEvent)? {
        guard let value = try? JSONValue(bytes), let number = value["number"]?.integer,
            let at = value["at"]?.integer, let kind = value["event"]?.string,
            let members = value["details"]?.object
        else { return nil }
        let event = AuditEvent(kind, at: Timestamp(milliseconds: Int64(at)), members: members)
        return (Int64(number), event)
    }
}
