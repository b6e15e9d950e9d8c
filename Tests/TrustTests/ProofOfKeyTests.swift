import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust

@Suite("A proof of a key (DPoP)")
struct ProofOfKeyTests {
    private func makeStage(
        _ adjust: (inout TrustSettings) -> Void = { _ in }
    ) async throws -> TrustStage {
        try await TrustStage {
            $0.allowsProofKeys = true
            adjust(&$0)
        }
    }

    private func thumbprint(_ stage: TrustStage) throws -> String {
        Thumbprint.sha256(of: try #require(stage.key("proof").verificationKey.publicKey))
    }

    /// A call of a resource with a token and a proof.
    private func makeCall(
        _ stage: TrustStage,
        _ token: String,
        scheme: String = "DPoP",
        target: String = "/admin/v1/clients",
        _ change: (inout TrustStage.Proof) -> Void = { _ in }
    ) throws -> Request {
        let proof = try stage.proof {
            $0.method = "GET"
            $0.address = TrustStage.issuer + "/admin/v1/clients"
            $0.token = token
            $0.id = "proof-of-a-call"
            change(&$0)
        }
        return .example(
            .get,
            target,
            fields: [Field("Authorization", "\(scheme) \(token)"), Field("DPoP", proof)],
            peer: Peer(address: TrustStage.clientAddress, isSecure: true)
        )
    }

    // trust: A-16
    @Test("takes the place of a certificate and binds the token")
    func token() async throws {
        let stage = try await makeStage()
        let request = try stage.proofRequest(
            [("grant_type", "client_credentials")],
            [stage.proof()]
        )
        let answer = await stage.endpoint.answer(request)
        #expect(answer.status == 200)
        #expect(answer.object["token_type"]?.string == "DPoP")
        let bound = try thumbprint(stage)
        #expect(payload(answer.token)["cnf"]?["jkt"]?.string == bound)
        // A query is no part of the address.
        let call = try makeCall(stage, answer.token, target: "/admin/v1/clients?limit=1")
        let caller = try await stage.resources.caller(of: call, .adminRead)
        #expect(caller.client.value == "proof-app")
    }

    // trust
    @Test("goes with every refresh, and only its key refreshes")
    func refresh() async throws {
        let stage = try await makeStage()
        let code = try await stage.code([
            ("client_id", "proof-app"), ("dpop_jkt", thumbprint(stage)),
        ])
        let exchange = [
            ("grant_type", "authorization_code"), ("code", code),
            ("redirect_uri", TrustStage.redirectURI), ("code_verifier", TrustStage.verifier),
        ]
        func answer(
            _ fields: [(String, String)],
            _ id: String,
            key: String
        ) async throws -> Response {
            await stage.endpoint.answer(
                try stage.proofRequest(
                    fields,
                    [
                        stage.proof {
                            $0.id = id
                            $0.key = key
                        }
                    ],
                    id: id
                )
            )
        }
        #expect(try await answer(exchange, "1", key: "stranger").error == "invalid_grant")
        let first = try await answer(exchange, "2", key: "proof")
        #expect(first.status == 200)
        #expect(first.object["token_type"]?.string == "DPoP")
        let refresh = [
            ("grant_type", "refresh_token"),
            ("refresh_token", first.object["refresh_token"]?.string ?? ""),
        ]
        #expect(try await answer(refresh, "3", key: "stranger").error == "invalid_grant")
        let second = try await answer(refresh, "4", key: "proof")
        #expect(second.status == 200)
        let bound = try thumbprint(stage)
        #expect(payload(second.token)["cnf"]?["jkt"]?.string == bound)
    }

    /// A proof that must not count.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (TrustStage, inout TrustStage.Proof) throws -> Void

        init(
            _ name: String,
            _ change: @escaping @Sendable (TrustStage, inout TrustStage.Proof) throws -> Void
        ) {
            testDescription = name
            self.change = change
        }
    }

    static let wrongProofs = [
        Wrong("of another type") { $1.type = "JWT" },
        Wrong("for another method") { $1.method = "PUT" },
        Wrong("with the method in small letters") { $1.method = "post" },
        Wrong("for another path") { $1.address = TrustStage.issuer + "/oauth2/revoke" },
        Wrong("for another host") { $1.address = "https://other.example/oauth2/token" },
        Wrong("for plain http") { $1.address = "http://as.example/oauth2/token" },
        Wrong("for another port") { $1.address = "https://as.example:8443/oauth2/token" },
        Wrong("for no address") { $1.address = "" },
        Wrong("without a time") { $1.issued = nil },
        Wrong("that is a minute old") { $1.issued = -61 },
        Wrong("from the future") { $1.issued = 31 },
        Wrong("without jti") { $1.id = nil },
        Wrong("with an empty jti") { $1.id = "" },
        Wrong("with a huge jti") { $1.id = String(repeating: "j", count: 257) },
        Wrong("without a key") { $1.showsKey = false },
        Wrong("with another key") { stage, proof in
            let other = try #require(stage.key("stranger").verificationKey.publicKey)
            proof.shown = VerificationKey(other).jwk
        },
        Wrong("with a private key") { stage, proof in
            let own = try #require(stage.key("proof").verificationKey.publicKey)
            proof.shown = VerificationKey(own).jwk?.with("d", .string("AAAA"))
        },
        Wrong("with a shared key") { _, proof in
            proof.shown = .members(["kty": .string("oct"), "k": .string("AAAA")])
        },
        Wrong("signed with RS256") { $1.key = "robot" },
    ]

    // trust: A-16
    // rule: D1
    @Test("that is wrong gives no token and opens no resource", arguments: wrongProofs)
    func refused(wrong: Wrong) async throws {
        let stage = try await makeStage()
        var failure: (any Error)?
        func change(_ proof: inout TrustStage.Proof) {
            do { try wrong.change(stage, &proof) } catch { failure = error }
        }
        let request = try stage.proofRequest(
            [("grant_type", "client_credentials")],
            [stage.proof(change)]
        )
        let answer = await stage.endpoint.answer(request)
        #expect(failure == nil)
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_dpop_proof")
    }

    // trust: A-16
    // rule: D1
    @Test(
        "must be there once, and is not taken from a client or a tenant that does not use proofs",
        arguments: ["none", "two", "other client", "tenant"]
    )
    func presence(wrong: String) async throws {
        let stage = try await makeStage { if wrong == "tenant" { $0.allowsProofKeys = false } }
        var request = try stage.proofRequest(
            [("grant_type", "client_credentials")],
            wrong == "none"
                ? []
                : wrong == "two" ? [stage.proof(), stage.proof { $0.id = "2" }] : [stage.proof()]
        )
        if wrong == "other client" {
            request = try stage.request(
                [
                    ("grant_type", "client_credentials"),
                    ("client_assertion_type", TrustStage.assertionType),
                    ("client_assertion", stage.assertion()),
                ],
                showing: stage.certificate("ops"),
                headers: [Field("DPoP", stage.proof())]
            )
        }
        let answer = await stage.endpoint.answer(request)
        #expect(answer.status == 400)
        let filtered = ["none", "tenant"].contains(wrong)
        #expect(answer.error == (filtered ? "invalid_request" : "invalid_dpop_proof"))
        #expect(answer.token.isEmpty)
    }

    // trust: A-16
    // rule: D1
    @Test("counts once, at the token endpoint and at resources")
    func replay() async throws {
        let stage = try await makeStage()
        let proof = try stage.proof()
        let form = [("grant_type", "client_credentials")]
        let first = await stage.endpoint.answer(try stage.proofRequest(form, [proof], id: "1"))
        #expect(first.status == 200)
        let second = await stage.endpoint.answer(try stage.proofRequest(form, [proof], id: "2"))
        #expect(second.error == "invalid_dpop_proof")
        let call = try makeCall(stage, first.token)
        _ = try await stage.resources.caller(of: call, .adminRead)
        await #expect(throws: ResourceRefusal.self) {
            try await stage.resources.caller(of: call, .adminRead)
        }
    }

    // trust: A-16
    // rule: D2
    @Test(
        "is required by a token that is bound to a key: no downgrade",
        arguments: ["bearer", "no proof", "no ath", "other ath", "other key", "certificate"]
    )
    func downgrade(attack: String) async throws {
        let stage = try await makeStage()
        let form = [("grant_type", "client_credentials")]
        var token = await stage.endpoint.answer(try stage.proofRequest(form, [stage.proof()])).token
        if attack == "certificate" {
            // A token that is bound to a certificate, shown with a proof instead.
            token = await stage.endpoint.answer(try stage.opsRequest()).token
        }
        var request = try makeCall(stage, token, scheme: attack == "bearer" ? "Bearer" : "DPoP") {
            if attack == "no ath" { $0.token = nil }
            if attack == "other ath" { $0.token = "another" }
            if attack == "other key" { $0.key = "stranger" }
        }
        if attack == "no proof" {
            request = .example(
                .get,
                "/admin/v1/clients",
                fields: [Field("Authorization", "DPoP \(token)")],
                peer: request.peer
            )
        }
        if attack == "certificate" {
            request.peer = Peer(
                address: TrustStage.clientAddress,
                isSecure: true,
                certificate: stage.certificate("ops")
            )
        }
        do throws(ResourceRefusal) {
            _ = try await stage.resources.caller(of: request, .adminRead)
            Issue.record("it was taken")
        } catch {
            #expect(error.response.status == 401)
            let challenge = error.response.fields.first("www-authenticate") ?? ""
            #expect(challenge.hasPrefix(attack == "certificate" ? "Bearer" : "DPoP"))
        }
    }

    // trust: A-16
    // rule: D3
    @Test(
        "must have a nonce of ours where that is required, at the token endpoint and at resources"
    )
    func nonce() async throws {
        let stage = try await makeStage { $0.requiresProofNonce = true }
        let form = [("grant_type", "client_credentials")]
        func answer(_ nonce: String?, _ id: String) async throws -> Response {
            let proof = try stage.proof {
                $0.nonce = nonce
                $0.id = id
            }
            return await stage.endpoint.answer(try stage.proofRequest(form, [proof], id: id))
        }
        let first = try await answer(nil, "1")
        #expect(first.status == 400 && first.error == "use_dpop_nonce")
        let nonce = try #require(first.fields.first("dpop-nonce"))
        #expect(try await answer(nonce + "x", "2").error == "use_dpop_nonce")
        let token = try await answer(nonce, "3").token
        #expect(!token.isEmpty)
        let call = try makeCall(stage, token)
        do throws(ResourceRefusal) {
            _ = try await stage.resources.caller(of: call, .adminRead)
            Issue.record("it was taken")
        } catch {
            #expect(error.response.status == 401)
            #expect(error.response.fields.first("dpop-nonce") == nonce)
            let challenge = error.response.fields.first("www-authenticate") ?? ""
            #expect(challenge.contains("use_dpop_nonce"))
        }
        _ = try await stage.resources.caller(
            of: try makeCall(stage, token) { $0.nonce = nonce },
            .adminRead
        )
        stage.clock.advance(by: .seconds(300))
        #expect(try await answer(nonce, "4").error == "use_dpop_nonce")
    }
}
