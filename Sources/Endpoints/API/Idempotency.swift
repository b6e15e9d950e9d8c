import Access
import Cryptography
import HTTP
import Logins
import Synchronization
import Threads
import Trust

/// `Idempotency-Key` of a POST: the same request with the same key, sent again by the same caller,
/// gets the stored answer and does nothing.
///
/// Only what was done is stored: a refusal has changed nothing, so the request is judged anew.
final class Idempotency: Sendable {
    /// The longest key in bytes.
    static let longest = 255

    /// What the key is unique for: the caller, the method, the path and the key.
    let key: [UInt8]
    /// The rest of the request: query and body.
    let request: [UInt8]
    private let client: APIClientID
    private let now: Timestamp
    private let until: Timestamp
    private let isHandedOut = Atomic<Bool>(false)

    /// Nil if the request has no key. Answers are kept for `memory`.
    ///
    /// - Throws: `invalidHeader`.
    init?(
        _ request: Request,
        of caller: ResourceCaller,
        at now: Timestamp,
        memory: Duration
    ) throws(Problem) {
        let fields = request.fields("idempotency-key")
        guard let key = fields.first else { return nil }
        guard fields.count == 1, (1...Self.longest).contains(key.utf8.count),
            key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw Problem(
                .invalidHeader,
                """
                Idempotency-Key: must be given once, with 1 to 255 printable ASCII characters and \
                no blanks.
                """
            )
        }
        self.key = Self.digest(
            [caller.client.value, caller.user?.value ?? "", request.method.name, request.path, key]
                .map { Array($0.utf8) }
        )
        self.request = Self.digest([
            Array(request.bytes[request.queryRange]), Array(request.body),
        ])
        client = caller.client
        self.now = now
        until = now + memory
    }

    private static func digest(_ parts: [[UInt8]]) -> [UInt8] {
        var bytes = Array("beckon-idempotency-v1\n".utf8)
        for part in parts { bytes += Array("\(part.count):".utf8) + part }
        return SHA256.digest(bytes)
    }

    /// The change that stores an answer: part of the transaction that does the work.
    func changes(for response: Response) -> [AccessChange] {
        isHandedOut.store(true, ordering: .relaxed)
        return [
            .answer(
                StoredAnswer(
                    key: key,
                    request: request,
                    client: client,
                    at: now,
                    until: until,
                    status: response.status,
                    fields: response.fields,
                    body: response.body
                )
            )
        ]
    }

    /// The answer is not stored, because it is a secret: a repetition is done anew.
    func forgo() { isHandedOut.store(true, ordering: .relaxed) }

    /// Whether the work has stored its answer itself.
    var isStored: Bool { isHandedOut.load(ordering: .relaxed) }

    /// The answer to this request if it was answered before.
    ///
    /// - Throws: `keyReused` if the key was used for another request.
    func answer(_ access: any AccessStore) async throws(Problem) -> Response? {
        let found: StoredAnswer?
        do { found = try await access.answer(key) } catch { throw Problem(error) }
        guard let found, found.until > now else { return nil }
        guard found.request == request else { throw Self.reused }
        return Response(
            status: found.status,
            contentType: found.body.isEmpty ? nil : "application/json",
            fields: found.fields + [Self.replayed],
            body: found.body
        )
    }

    static let reused = Problem(
        .keyReused,
        "Idempotency-Key: was used for a request with another body or query."
    )
    static let inUse = Problem(
        .keyInUse,
        "Idempotency-Key: the first request with it is in progress; send this one again later."
    )
    /// Says that the request was answered before.
    private static let replayed = Field("Idempotency-Replayed", "true")
}

/// The keys of requests that are in progress. No more than there are requests.
final class KeysUnderWay: Sendable {
    private let requests = Locked<[[UInt8]: [UInt8]]>([:])

    /// - Throws: `keyInUse` or `keyReused` if another request with the key is in progress.
    func begin(_ once: Idempotency) throws(Problem) {
        let other = requests.withLock { requests in
            let other = requests[once.key]
            if other == nil { requests[once.key] = once.request }
            return other
        }
        guard let other else { return }
        throw other == once.request ? Idempotency.inUse : Idempotency.reused
    }

    func end(_ once: Idempotency) { _ = requests.withLock { $0.removeValue(forKey: once.key) } }
}
