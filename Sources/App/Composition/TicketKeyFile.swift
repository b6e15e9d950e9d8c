import Identity
import JSON
import Telemetry

/// The key of the tickets, in a file of its own beside the database: who has a copy of the database
/// cannot make tickets.
enum TicketKeyFile {
    /// The key in the file, or a new one that is written to it. A file that others can read is replaced.
    /// If no key can be kept, links that are sent after a restart are new ones.
    static func load(_ path: String, log: Logger) -> TicketKey {
        if let key = PrivateFile.read(path, limit: TicketKey.length).flatMap(TicketKey.init) {
            return key
        }
        let key = TicketKey()
        do {
            try PrivateFile.write(key.bytes, path)
        } catch {
            log.warning("tickets.key_not_kept") { $0.member("cause", error.description) }
        }
        return key
    }
}
