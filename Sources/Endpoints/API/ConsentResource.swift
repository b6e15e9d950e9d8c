import Access
import Cryptography
import HTTP
import JSON
import Logins

/// `/…/delegation-consents`: the consents of users that delegated clients may act for them. The
/// bank's backend records them, which is where the text was shown.
struct ConsentResource: Sendable {
    private static let bodyLimit = 65_536
    /// How far the clock of the bank may be ahead.
    private static let skew = Duration.seconds(60)

    let api: APIRoutes
    let base: String
    /// Needed to read, and to record and withdraw.
    let scopes: (read: AccessScope, change: AccessScope)
    let canRecord: Bool
    private var access: any AccessStore { api.access }

    var routes: [Route] {
        let all = base + "/delegation-consents"
        let record = api.route(.post, all, [scopes.change], bodyLimit: Self.bodyLimit, record)
        return [
            api.route(.get, all, [scopes.read], list),
            api.route(.get, all + "/{id}", [scopes.read], show),
            api.route(.post, all + "/{id}/withdraw", [scopes.change], withdraw),
        ] + (canRecord ? [record] : [])
    }

    private func list(_ call: APICall) async throws(Problem) -> Response {
        let query = try ListQuery(call, ["user", "client_id"])
        let filter = ConsentFilter(
            user: try query.id("user"),
            client: try query.id("client_id")
        )
        let found: [DelegationConsent]
        do {
            found = try await access.consents(filter, after: query.after, limit: query.limit + 1)
        } catch {
            throw Problem(error)
        }
        return query.page("consents", found, key: \.id, Self.document)
    }

    private func show(_ call: APICall) async throws(Problem) -> Response {
        .document(Self.document(try await consent(call.request.parameters["id"] ?? "")))
    }

    private func consent(_ id: String) async throws(Problem) -> DelegationConsent {
        let found: DelegationConsent?
        do { found = try await access.consent(id) } catch { throw Problem(error) }
        guard let found else { throw Problem(.notFound, "id: there is no such consent.") }
        return found
    }

    private static func document(_ consent: DelegationConsent) -> JSONValue {
        .members([
            "id": .string(consent.id),
            "user": .string(consent.user.value),
            "client_id": .string(consent.client.value),
            "text_version": .string(consent.textVersion),
            "text_sha256": .string(Base64URL.encode(consent.textDigest)),
            "language": .string(consent.language),
            "accepted_at": .time(consent.acceptedAt),
            "address": .string(consent.address),
            "channel": .string(consent.channel.rawValue),
            "withdrawn_at": .time(consent.withdrawnAt),
        ])
    }

    // MARK: Recording

    private func record(_ call: APICall) async throws(Problem) -> Response {
        let members = try call.members([
            "user", "client_id", "text_version", "text", "text_sha256", "language", "accepted_at",
            "address",
        ])
        let client: APIClientID = try members.required("client_id", try members.id("client_id"))
        try await requireDelegated(client)
        let acceptedAt = try members.required("accepted_at", try members.moment("accepted_at"))
        guard acceptedAt <= call.now + Self.skew else {
            throw Problem(.invalidBody, "accepted_at: must not be in the future.")
        }
        let address = try members.parsed("address", "must be an IP address") { value in
            value.string.flatMap(AddressRange.canonical)
        }
        let consent: DelegationConsent
        let id = Base64URL.encode(Random.bytes(20))
        let user: UserID = try members.required("user", try members.id("user"))
        let version = try members.required("text_version", try members.text("text_version"))
        let digest = try Self.digest(members)
        let language = try members.required("language", try members.text("language"))
        do {
            consent = try DelegationConsent(
                id: id,
                user: user,
                client: client,
                textVersion: version,
                textDigest: digest,
                language: language,
                acceptedAt: acceptedAt,
                address: try members.required("address", address),
                channel: .backend
            )
        } catch let problem as Problem {
            throw problem
        } catch let problem as APIClientProblem {
            throw Problem(problem)
        } catch {
            throw Problem(.invalidBody, "body: \(error).")
        }
        return try await record(consent, call)
    }

    private func record(
        _ consent: DelegationConsent,
        _ call: APICall
    ) async throws(Problem) -> Response {
        let event = call.author.event(
            "consent.recorded",
            at: call.now,
            [
                "consent": .string(consent.id),
                "user": .string(consent.user.value),
                "client": .string(consent.client.value),
                "text_version": .string(consent.textVersion),
                "text_sha256": .string(Base64URL.encode(consent.textDigest)),
                "language": .string(consent.language),
                "accepted_at": .time(consent.acceptedAt),
                "accepted_from": .string(consent.address),
            ]
        )
        let response = created(consent)
        let refusal: AccessRefusal?
        do {
            refusal = try await access.commit(
                [.recordConsent(consent), .audit(event)] + call.storing(response)
            )
        } catch {
            throw Problem(error)
        }
        switch refusal {
        case nil: return response
        case .used: throw Idempotency.inUse
        case .exists, .changed:
            throw Problem(.conflict, "The user's consent to this client is in force already.")
        case .missing: throw Self.notDelegated
        }
    }

    private func created(_ consent: DelegationConsent) -> Response {
        let location = Field("Location", "\(base)/delegation-consents/\(consent.id)")
        return .document(Self.document(consent), status: 201, fields: [location])
    }

    private static let notDelegated = Problem(
        .invalidBody,
        "client_id: must be a delegated client that is not revoked."
    )

    private func requireDelegated(_ id: APIClientID) async throws(Problem) {
        let stored: StoredClient?
        do { stored = try await access.client(id) } catch { throw Problem(error) }
        guard let client = stored?.client, client.kind == .delegated, client.status != .revoked
        else { throw Self.notDelegated }
    }

    /// Of the text that was shown, or as the bank has computed it.
    private static func digest(_ members: BodyMembers) throws(Problem) -> [UInt8] {
        let text = try members.parsed("text", "must be a text that is not empty") { value in
            value.string.flatMap { $0.isEmpty ? nil : $0 }
        }
        let digest = try members.parsed("text_sha256", "must be 32 bytes in base64url") { value in
            value.string.flatMap { Base64URL.decode($0) }.flatMap { $0.count == 32 ? $0 : nil }
        }
        switch (text, digest) {
        case (let text?, nil): return SHA256.digest(Array(text.utf8))
        case (nil, let digest?): return digest
        case (nil, nil): throw Problem(.invalidBody, "text: is required, or text_sha256.")
        case (_?, _?): throw Problem(.invalidBody, "text: must not be beside text_sha256.")
        }
    }

    // MARK: Withdrawing

    private func withdraw(_ call: APICall) async throws(Problem) -> Response {
        let before = try await consent(call.request.parameters["id"] ?? "")
        guard before.isInForce else { return .document(Self.document(before)) }
        let response = Response.document(Self.document(before.withdrawn(at: call.now)))
        try await access.withdraw(
            before,
            by: call.author,
            at: call.now,
            with: call.storing(response)
        )
        return response
    }
}

extension AccessStore {
    /// Withdraws a consent, for its user or an administrator. One that is not in force stays as it is.
    /// `with` are changes that are durable with it.
    func withdraw(
        _ consent: DelegationConsent,
        by author: AuditAuthor,
        at now: Timestamp,
        with more: [AccessChange] = []
    ) async throws(Problem) {
        guard consent.isInForce else { return }
        let event = author.event(
            "consent.withdrawn",
            at: now,
            [
                "consent": .string(consent.id),
                "user": .string(consent.user.value),
                "client": .string(consent.client.value),
            ]
        )
        let refusal: AccessRefusal?
        do {
            refusal = try await commit(
                [.withdrawConsent(consent.id, at: now), .audit(event)] + more
            )
        } catch {
            throw Problem(error)
        }
        guard refusal != .used else { throw Idempotency.inUse }
    }
}
