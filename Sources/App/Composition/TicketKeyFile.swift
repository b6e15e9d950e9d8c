import Glibc
import Identity
import JSON
import Telemetry

/// The key of the tickets, in a file of its own beside the database: who has a copy of the database
/// cannot make tickets.
enum TicketKeyFile {
    /// The key in the file, or a new one that is written to it. A file that others can read is replaced.
    /// If no key can be kept, links that are sent after a restart are new ones.
    static func load(_ path: String, log: Logger) -> TicketKey {
        if let key = read(path) { return key }
        let key = TicketKey()
        do {
            try write(key, path)
        } catch {
            log.warning("tickets.key_not_kept") { $0.member("cause", error.description) }
        }
        return key
    }

    private static func read(_ path: String) -> TicketKey? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & 0o077 == 0 else { return nil }
        // One more than there should be.
        var bytes = [UInt8](repeating: 0, count: TicketKey.length + 1)
        let count = Glibc.read(file, &bytes, bytes.count)
        return TicketKey(Array(bytes.prefix(max(0, count))))
    }

    /// The file appears whole or not at all.
    private static func write(_ key: TicketKey, _ path: String) throws(Files.Failure) {
        let draft = path + ".new"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Files.Failure(draft) }
        let bytes = key.bytes
        let isWritten = Glibc.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        let code = errno
        close(file)
        guard isWritten else { throw Files.Failure(draft, code) }
        guard rename(draft, path) == 0 else { throw Files.Failure(path) }
    }
}
