import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing

@Suite("The desk of clients")
struct ClientDeskTests {
    static let now = Timestamp(milliseconds: 1_930_000_000_000)
    static let author = AuditAuthor.client(
        .named("ops-tool"),
        token: "jti-1",
        thumbprint: [1, 2, 3],
        address: "192.0.2.7"
    )

    let store = MemoryAccessStore()
    var desk: ClientDesk { ClientDesk(store: store) }

    private func add() async throws -> StoredClient {
        let client = try APIClient(
            id: #require(APIClientID("dc_1")),
            kind: .delegated,
            name: "Robot",
            createdAt: Self.now,
            authentication: .privateKeyJWT,
            keys: [try APIClientTests.key("k1")],
            grants: ClientDesk.defaultGrants(.delegated, [.loginsRead]),
            scopes: [.loginsRead]
        )
        return try await desk.add(client, by: Self.author, at: Self.now)
    }

    // rule: C7
    @Test("makes identifiers by type, of 160 random bits")
    func identifiers() {
        for (kind, prefix) in [(APIClient.Kind.user, "uc_"), (.delegated, "dc_")] {
            let ids = (0..<10).map { _ in ClientDesk.newID(kind) }
            #expect(Set(ids).count == 10)
            for id in ids {
                #expect(id.hasPrefix(prefix))
                #expect(Base64URL.decode(String(id.dropFirst(3)))?.count == 20)
            }
        }
    }

    // trust: B-12
    @Test("keeps the older keys for an overlap when one is added, and removes a key")
    func rotation() async throws {
        _ = try await add()
        let second = try APIClientTests.key("k2")
        func change(
            _ edit: (APIClient) throws(APIClientProblem) -> APIClient
        ) async throws -> APIClient {
            try await desk.change(
                .named("dc_1"),
                version: nil,
                by: Self.author,
                at: Self.now,
                edit
            ).client
        }
        let rotated = try await change { (client) throws(APIClientProblem) in
            try client.adding(second, overlap: ClientDesk.overlap, at: Self.now)
        }
        let end = Self.now + .seconds(7 * 86_400)
        #expect(rotated.keys.map(\.id) == ["k1", "k2"])
        #expect(rotated.keys.map(\.notAfter) == [end, nil])
        #expect(rotated.keys[0].isValid(at: end - .milliseconds(1)))
        #expect(!rotated.keys[0].isValid(at: end))
        // A later addition prolongs nothing, and forgets what has ended.
        let third = try APIClientTests.key("k3")
        let later = try rotated.adding(third, overlap: .seconds(86_400 * 30), at: Self.now)
        #expect(later.keys[0].notAfter == end)
        #expect(try rotated.adding(third, overlap: .zero, at: end).keys.map(\.id) == ["k2", "k3"])
        #expect(throws: APIClientProblem.self) {
            try rotated.adding(second, overlap: .zero, at: Self.now)
        }
        let removed = try await change { (client) throws(APIClientProblem) in
            try client.removing(key: "k1") ?? client
        }
        #expect(removed.keys.map(\.id) == ["k2"])
        #expect(try removed.removing(key: "k1") == nil)
        #expect(throws: APIClientProblem.self) { try removed.removing(key: "k2") }
        #expect(
            store.events.map(\.kind) == [
                "client.created", "client.key_added", "client.key_removed",
            ]
        )
    }

    @Test("suspends, resumes and revokes, and writes each change with its author to the audit")
    func states() async throws {
        let version = try await add().version
        let id = try #require(APIClientID("dc_1"))
        func set(
            _ edit: (APIClient) throws(APIClientProblem) -> APIClient
        ) async throws -> APIClient.Status {
            let stored = try await desk.change(
                id,
                version: nil,
                by: Self.author,
                at: Self.now,
                edit
            )
            return stored.client.status
        }
        func suspend(_ client: APIClient) throws(APIClientProblem) -> APIClient {
            try client.suspended(true)
        }
        func resume(_ client: APIClient) throws(APIClientProblem) -> APIClient {
            try client.suspended(false)
        }
        func revoke(_ client: APIClient) throws(APIClientProblem) -> APIClient {
            try client.revoked()
        }
        #expect(try await set(suspend) == .suspended)
        #expect(try await set(suspend) == .suspended)
        #expect(try await set(resume) == .active)
        #expect(try await set(revoke) == .revoked)
        #expect(try await set(revoke) == .revoked)
        await #expect(throws: ClientDesk.Refusal.self) { _ = try await set(resume) }
        await #expect(throws: ClientDesk.Refusal.revoked) {
            _ = try await set { (client) throws(APIClientProblem) in try client.with(name: "x") }
        }
        await #expect(throws: ClientDesk.Refusal.changed) {
            _ = try await desk.change(id, version: version, by: Self.author, at: Self.now, revoke)
        }
        let events = store.events
        #expect(
            events.map(\.kind) == [
                "client.created", "client.suspended", "client.resumed", "client.revoked",
            ]
        )
        for event in events {
            #expect(event.members["client"]?.string == "dc_1")
            #expect(event.members["by"]?.string == "ops-tool")
            #expect(event.members["jti"]?.string == "jti-1")
            #expect(event.members["address"]?.string == "192.0.2.7")
        }
    }

    @Test("writes neither a change nor its event when the store fails")
    func failing() async throws {
        _ = try await add()
        let count = store.events.count
        store.fail(.full)
        await #expect(throws: ClientDesk.Refusal.store(.full)) {
            _ = try await desk.change(
                .named("dc_1"),
                version: nil,
                by: Self.author,
                at: Self.now
            ) { (client) throws(APIClientProblem) in try client.revoked() }
        }
        store.fail(nil)
        #expect(store.events.count == count)
    }

    // trust: B-7
    @Test("takes a public key as PEM or JWK, and refuses every form of a private one")
    func keys() throws {
        let key = try SigningKey.generate(.rs256, id: "k1")
        let verification = key.verificationKey
        let publicKey = try #require(verification.publicKey)
        let jwk = String(decoding: try #require(verification.jwk).bytes, as: UTF8.self)
        let pem = try publicKey.pem()
        for text in [jwk, "\n" + jwk, pem, "a comment\n" + pem] {
            let read = try PublicKeyText.read(text)
            #expect(read.publicKey == publicKey)
            let registered = try APIClientKey(registering: read, id: nil, at: Self.now)
            #expect(registered.id == (text.contains("{") ? "k1" : registered.thumbprint))
            #expect(registered.bits == 2048)
            #expect(registered.type == "RSA")
        }
        let secret = String(decoding: try key.secretJWK().bytes, as: UTF8.self)
        let privatePEM = try key.secretPEM()
        for text in [
            secret, privatePEM, pem + privatePEM, #"{"kty":"oct","k":"AAAA"}"#,
            "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n",
        ] {
            let problem = #expect(throws: APIClientProblem.self) { try PublicKeyText.read(text) }
            #expect(problem?.rule.contains("a private key was sent") == true)
        }
        for text in ["", "x", "{", "[]", "{}", pem + pem, #"{"kty":"EC","crv":"P-384"}"#] {
            let problem = #expect(throws: APIClientProblem.self) { try PublicKeyText.read(text) }
            #expect(problem?.rule.contains("private key was") == false)
        }
    }
}
