public import JOSE
public import JSON
public import Logins
import Texts

/// The keys that sign access tokens, one after the other. A key is published before it signs, so
/// that whoever caches keys knows it in time, and until the last token that it signed has ended.
public struct KeyRing: Sendable {
    /// A key and when its turn begins.
    public struct Entry: Sendable {
        public let key: SigningKey
        public let signsFrom: Timestamp

        public init(key: SigningKey, signsFrom: Timestamp) {
            self.key = key
            self.signsFrom = signsFrom
        }
    }

    /// How keys are replaced.
    public struct Rule: Hashable, Sendable {
        public var algorithm: SignatureAlgorithm
        /// How long a key signs.
        public var period: Duration
        /// How long a key is published before it signs.
        public var lead: Duration
        /// How long a key is published after its turn: at least the longest life of a token.
        public var tail: Duration

        public init(
            algorithm: SignatureAlgorithm = .es256,
            period: Duration = .seconds(90 * 86400),
            lead: Duration = .seconds(86400),
            tail: Duration = .seconds(3600)
        ) {
            self.algorithm = algorithm
            self.period = period
            self.lead = lead
            self.tail = tail
        }
    }

    /// By the beginning of their turns; never empty.
    public let entries: [Entry]

    private init(_ entries: [Entry]) { self.entries = entries }

    /// A ring with one new key.
    ///
    /// - Throws: `JOSEError` if no key can be made.
    public static func new(_ rule: Rule, at now: Timestamp) throws(JOSEError) -> KeyRing {
        KeyRing([Entry(key: try SigningKey.generate(rule.algorithm), signsFrom: now)])
    }

    /// The key that signs.
    public func signer(at now: Timestamp) -> SigningKey {
        let entry = entries.last { $0.signsFrom <= now } ?? entries[0]
        return entry.key
    }

    /// The keys that verify.
    public func published(_ rule: Rule, at now: Timestamp) -> JWKSet {
        JWKSet(kept(rule, at: now).map(\.key.verificationKey))
    }

    private func kept(_ rule: Rule, at now: Timestamp) -> [Entry] {
        entries.enumerated().filter { index, _ in
            let next = index + 1
            // The turn of the last one has no end.
            return next == entries.count || now < entries[next].signsFrom + rule.tail
        }.map(\.element)
    }

    /// The ring with what is over removed and, when the newest key's turn ends soon, a new key. Nil
    /// if nothing changes.
    ///
    /// - Throws: `JOSEError` if no key can be made.
    public func advanced(_ rule: Rule, at now: Timestamp) throws(JOSEError) -> KeyRing? {
        var kept = kept(rule, at: now)
        let end = entries[entries.count - 1].signsFrom + rule.period
        if end - rule.lead <= now {
            let start = max(end, now + rule.lead)
            kept.append(Entry(key: try SigningKey.generate(rule.algorithm), signsFrom: start))
        } else if kept.count == entries.count {
            return nil
        }
        return KeyRing(kept)
    }

    // MARK: As a document

    /// With the private keys.
    ///
    /// - Throws: `JOSEError`.
    public func document() throws(JOSEError) -> JSONValue {
        var values: [JSONValue] = []
        for entry in entries {
            values.append(
                .members([
                    "signs_from": .integer(entry.signsFrom.milliseconds),
                    "jwk": try entry.key.secretJWK(),
                ])
            )
        }
        return .members(["keys": .array(values)])
    }

    /// Reads what `document` wrote.
    ///
    /// - Throws: `JOSEError` with the first key that is damaged.
    public init(document: JSONValue) throws(JOSEError) {
        guard let values = document["keys"]?.array, !values.isEmpty else { throw .missing("keys") }
        var entries: [Entry] = []
        for value in values {
            guard let jwk = value["jwk"] else { throw .missing("jwk") }
            guard let from = value["signs_from"]?.integer else { throw .malformed("signs_from") }
            let key = try SigningKey(text: String(decoding: jwk.bytes, as: UTF8.self))
            entries.append(Entry(key: key, signsFrom: Timestamp(milliseconds: Int64(from))))
        }
        self.init(entries.sorted { $0.signsFrom < $1.signsFrom })
    }
}
