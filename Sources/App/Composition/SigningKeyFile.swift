import Commands
import JOSE
import JSON
import Logins
import Telemetry
import Trust

/// The keys that sign access tokens, in a file of their own beside the database.
enum SigningKeyFile {
    /// Bytes. A ring has a few keys; one of RSA has about 2,000.
    private static let longest = 65_536

    /// The keys in the file, or a new one that is written to it.
    ///
    /// - Throws: `CommandFailure` with the file's name if it is damaged, can be read by others, or
    ///   cannot be written: tokens would otherwise be worthless after a restart.
    static func load(
        _ path: String,
        _ rule: KeyRing.Rule,
        at now: Timestamp,
        log: Logger
    ) throws(CommandFailure) -> SigningKeys {
        let ring = try PrivateFile.exists(path) ? read(path) : make(path, rule, at: now)
        return SigningKeys(ring, rule: rule) { ring in
            do {
                try write(ring, path)
                log.info("signing_keys.changed") { $0.member("keys", ring.entries.count) }
                return true
            } catch {
                log.error("signing_keys.not_kept") { $0.member("cause", "\(error)") }
                return false
            }
        }
    }

    private static func read(_ path: String) throws(CommandFailure) -> KeyRing {
        guard let bytes = PrivateFile.read(path, limit: longest) else {
            throw CommandFailure(
                .configuration,
                "\(path) must be a file that only its owner may read"
            )
        }
        do {
            return try KeyRing(document: JSONValue(bytes))
        } catch {
            throw CommandFailure(.configuration, "\(path) is damaged: \(error)")
        }
    }

    private static func make(
        _ path: String,
        _ rule: KeyRing.Rule,
        at now: Timestamp
    ) throws(CommandFailure) -> KeyRing {
        do {
            let ring = try KeyRing.new(rule, at: now)
            try write(ring, path)
            return ring
        } catch {
            throw CommandFailure(.unavailable, "signing keys: \(error)")
        }
    }

    private static func write(_ ring: KeyRing, _ path: String) throws {
        try PrivateFile.write(ring.document().bytes, path)
    }
}
