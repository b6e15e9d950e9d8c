import Commands
import JOSE
import JSON
import Logins
import SQLStore
import Telemetry
import Trust

/// Where the keys that sign access tokens are: in a file of their own beside the database, or, where
/// several processes share one, in the database.
struct SigningKeyStore {
    private let place: Place

    private enum Place {
        case file(String)
        case shared(SharedSecrets)
    }

    /// Bytes. A ring has a few keys; one of RSA has about 2,000.
    static let longest = 65_536
    /// The name in the database.
    static let name = "signing_keys"

    init(_ store: SQLLoginStore, _ settings: StoreSettings) throws(CommandFailure) {
        guard settings.postgres != nil else {
            place = .file(settings.sqlitePath + "-keys")
            return
        }
        do {
            place = .shared(try store.sharedSecrets())
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The keys, or a new one that is stored.
    ///
    /// - Throws: `CommandFailure` with the file's name if it is damaged, can be read by others, or
    ///   cannot be written: tokens would otherwise be worthless after a restart.
    func load(
        _ rule: KeyRing.Rule,
        at now: Timestamp,
        log: Logger
    ) throws(CommandFailure) -> SigningKeys {
        let ring: KeyRing
        if let found = try read() { ring = found } else { ring = try make(rule, at: now) }
        return SigningKeys(ring, rule: rule) { (old, new) in
            do {
                let kept = try keep(new, over: old)
                log.info("signing_keys.changed") { $0.member("keys", kept.entries.count) }
                return kept
            } catch {
                log.error("signing_keys.not_kept") { $0.member("cause", "\(error)") }
                return nil
            }
        } reread: {
            // What is in a file has changed only if this process has.
            guard case .shared = place else { return nil }
            return try? read()
        }
    }

    private func read() throws(CommandFailure) -> KeyRing? {
        let (bytes, name): ([UInt8], String)
        switch place {
        case .file(let path):
            guard PrivateFile.exists(path) else { return nil }
            guard let found = PrivateFile.read(path, limit: Self.longest) else {
                throw CommandFailure(
                    .configuration,
                    "\(path) must be a file that only its owner may read"
                )
            }
            (bytes, name) = (found, path)
        case .shared(let secrets):
            do throws(StoreError) {
                guard let found = try secrets.read(Self.name) else { return nil }
                (bytes, name) = (found, "the entry \(Self.name) of the table shared_secret")
            } catch {
                throw CommandFailure(error)
            }
        }
        do {
            return try KeyRing(document: JSONValue(bytes))
        } catch {
            throw CommandFailure(.configuration, "\(name) is damaged: \(error)")
        }
    }

    private func make(_ rule: KeyRing.Rule, at now: Timestamp) throws(CommandFailure) -> KeyRing {
        do {
            return try keep(try KeyRing.new(rule, at: now), over: nil)
        } catch {
            throw CommandFailure(.unavailable, "signing keys: \(error)")
        }
    }

    /// Stores a ring, and returns what is stored then: another process may have been faster.
    private func keep(_ ring: KeyRing, over old: KeyRing?) throws -> KeyRing {
        let bytes = try ring.document().bytes
        switch place {
        case .file(let path):
            try PrivateFile.write(bytes, path)
            return ring
        case .shared(let secrets):
            let kept = try secrets.keep(Self.name, bytes, over: try old?.document().bytes)
            return try KeyRing(document: JSONValue(kept))
        }
    }
}
