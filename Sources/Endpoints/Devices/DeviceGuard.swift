import Access
import Devices
import Engine
import HTTP
import JSON
import Logins
import Telemetry
import Trust

/// Judges the requests of devices, in one place: each must prove the key of an enrolled device, once.
/// Every answer has the nonce of the next proof.
struct DeviceGuard: Sendable {
    let desk: DeviceDesk
    private let proofs: ProofOfKey
    let log: Logger

    /// `proofs` judges what the device sends; `desk` knows the devices.
    init(desk: DeviceDesk, proofs: ProofOfKey, log: Logger = .silent) {
        self.desk = desk
        self.proofs = proofs
        self.log = log
    }

    /// A route for enrolled devices that answers with a stream.
    ///
    /// A task keeps the memory of the deepest call that it has made, and the connection's task waits for
    /// as long as the stream lasts; so a task of its own makes the answer.
    func streamRoute(
        _ method: Method,
        _ pattern: String,
        _ body: @escaping @Sendable (DeviceCall) async throws(Problem) -> Response
    ) -> Route {
        let route = route(method, pattern, body)
        return Route(method, pattern, contentLimit: route.contentLimit, judge: route.judge) {
            request in
            async let response = route.handler(request)
            return await response
        }
    }

    /// A route for decisions of enrolled devices, which use up the proof of their request with the
    /// decision. The proof of one that changed nothing is used up afterwards; if it was used before,
    /// nothing else is said.
    func decisionRoute(
        _ method: Method,
        _ pattern: String,
        limit: Int,
        _ body: @escaping @Sendable (DeviceCall) async throws(Problem) -> Response
    ) -> Route {
        Route(method, pattern, contentLimit: limit, judge: { refusal(of: $0) }) { request in
            await answer { () async throws(Problem) in
                let proven = try proven(request)
                let call = try await call(request, proven, usesProof: false)
                var response: Response
                do throws(Problem) { response = try await body(call) } catch {
                    response = error.response
                }
                if call.proof.unused != nil { try await use(proven) }
                return response
            }
        }
    }

    /// A route for enrolled devices. `limit` is bytes of the body.
    func route(
        _ method: Method,
        _ pattern: String,
        limit: Int = 1024,
        deadline: Duration? = nil,
        _ body: @escaping @Sendable (DeviceCall) async throws(Problem) -> Response
    ) -> Route {
        Route(
            method,
            pattern,
            deadline: deadline,
            contentLimit: limit,
            judge: { refusal(of: $0) }
        ) { request in
            await answer { () async throws(Problem) in
                try await body(try await call(request, proven(request)))
            }
        }
    }

    /// A route for a device that is not enrolled yet. Its proof is used up by `body`, once the rest of
    /// the request is known to be worth it.
    func openRoute(
        _ method: Method,
        _ pattern: String,
        limit: Int,
        _ body: @escaping @Sendable (Request, ProofOfKey.Proven) async throws(Problem) -> Response
    ) -> Route {
        Route(method, pattern, contentLimit: limit, judge: { refusal(of: $0) }) { request in
            await answer { () async throws(Problem) in
                try await body(request, try proven(request))
            }
        }
    }

    private func answer(_ body: () async throws(Problem) -> Response) async -> Response {
        var response: Response
        do { response = try await body() } catch { response = error.response }
        return withNonce(&response)
    }

    private func withNonce(_ response: inout Response) -> Response {
        response.fields.append(Field("DPoP-Nonce", proofs.nonce(at: desk.now())))
        return response
    }

    /// Refuses by its head what has no proof, before its body is read.
    private func refusal(of request: Request) -> Response? {
        guard request.fields("dpop").count != 1 else { return nil }
        var response = Self.missing.response
        return withNonce(&response)
    }

    private static let missing = Problem(.invalidProof, "DPoP: must be there once.")

    private func proven(_ request: Request) throws(Problem) -> ProofOfKey.Proven {
        do { return try proofs.judge(request, at: desk.now()) } catch { throw problem(error) }
    }

    /// Uses up a proof.
    func use(_ proven: ProofOfKey.Proven) async throws(Problem) {
        do { try await proofs.use(proven) } catch { throw problem(error) }
    }

    /// The device is looked up first, so that nobody else makes us store anything.
    private func call(
        _ request: Request,
        _ proven: ProofOfKey.Proven,
        usesProof: Bool = true
    ) async throws(Problem) -> DeviceCall {
        let reading = try await reading(proven, request)
        let enrolled = DeviceDesk.Enrolled(key: reading.key, device: reading.device)
        guard enrolled.key.algorithm == proven.algorithm else { throw Self.unknown }
        var proof = RequestProof(proven.use)
        if usesProof || desk.wasAway(enrolled) {
            try await use(proven)
            proof = RequestProof(nil)
            await desk.noteSeen(enrolled)
        }
        return DeviceCall(
            request: request,
            enrolled: enrolled,
            logins: reading.logins,
            standing: reading.standing,
            proof: proof,
            now: desk.now()
        )
    }

    private func reading(
        _ proven: ProofOfKey.Proven,
        _ request: Request
    ) async throws(Problem) -> DeviceReading {
        guard let id = CredentialID(proven.thumbprint) else { throw Self.unknown }
        let login = request.parameters["id"].flatMap(LoginID.init)
        let found: DeviceReading?
        do { found = try await desk.reading(of: id, proven: proven.key, login: login) } catch {
            throw Problem(error)
        }
        guard let found else { throw Self.unknown }
        return found
    }

    static let unknown = Problem(
        .unknownDevice,
        "The key is not that of an enrolled device; enrol again."
    )

    static let usedProof = Problem(.invalidProof, "DPoP: proof: it was used before.")

    private func problem(_ objection: ProofOfKey.Objection) -> Problem {
        switch objection {
        case .invalid(let reason):
            log.debug("device.proof_refused") { $0.member("reason", reason) }
            return Problem(.invalidProof, "DPoP: \(reason).")
        case .nonce:
            return Problem(.nonceNeeded, "DPoP: must have the nonce of the field DPoP-Nonce.")
        case .unavailable(let cause):
            log.error("device.store_failed") { $0.member("cause", cause) }
            return Problem(
                .unavailable,
                "The request was not applied. Retry after the time in Retry-After."
            )
        }
    }
}

/// A request of an enrolled device. A class: it is handed on more often than it is read.
final class DeviceCall: Sendable {
    let request: Request
    let enrolled: DeviceDesk.Enrolled
    /// The user's logins with the identifier in the path.
    let logins: [StoredLogin]
    /// Failed proofs of the user.
    let standing: FailureStanding
    let proof: RequestProof
    let now: Timestamp

    init(
        request: Request,
        enrolled: DeviceDesk.Enrolled,
        logins: [StoredLogin],
        standing: FailureStanding,
        proof: RequestProof,
        now: Timestamp
    ) {
        self.request = request
        self.enrolled = enrolled
        self.logins = logins
        self.standing = standing
        self.proof = proof
        self.now = now
    }

    var device: Device { enrolled.device }
    var key: Credential { enrolled.key }
}

extension Problem {
    /// Maps each refusal of a device's request to a problem.
    init(_ refusal: DeviceDesk.Refusal) {
        switch refusal {
        case .unknownCode:
            self.init(
                .notFound,
                "code: is wrong, was used, has expired or was tried too often."
            )
        case .unknownDevice: self = DeviceGuard.unknown
        case .unknownLogin: self.init(.notFound, "id: the user has no such login.")
        case .taken: self.init(.conflict, "The key is registered already; make another one.")
        case .tooMany: self.init(.conflict, "user: has as many devices as allowed; revoke one.")
        case .wrongProof(let standing):
            self.init(
                .wrongProof,
                "The PIN or the signature is wrong.",
                further: ["attempts_left": .integer(standing.left)]
            )
        case .blocked(let standing):
            self.init(
                .userBlocked,
                "Nothing is approved before blocked_until; \"deny\", \"cancel\" and \"fraud\" are possible.",
                further: ["blocked_until": .time(standing.blockedUntil)]
            )
        case .busy:
            self.init(.unavailable, "Other attempts are being checked; retry after Retry-After.")
        case .noPIN:
            self.init(.conflict, "pin: the device has none; enrol it again to give it one.")
        case .otherChallenge:
            self.init(
                .unfitSelection,
                "signature: is not over this decision, this selection and the current consent."
            )
        case .usedProof: self = DeviceGuard.usedProof
        case .wrongKeyProof:
            self.init(
                .invalidBody,
                "proof: must be a beckon-key+jwt by a new key, over the device and the old key's thumbprint."
            )
        case .changed: self.init(.conflict, "It was changed in the meantime; read it again.")
        case .decision(.methodNotAllowed):
            self.init(
                .methodNotAllowed,
                "decision: \"approve\" needs one of the login's methods: a signature, and the PIN if the methods say so."
            )
        case .decision(let refusal): self.init(refusal)
        case .store(let error): self.init(error)
        }
    }
}
