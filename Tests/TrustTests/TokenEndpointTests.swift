import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust

@Suite("POST /oauth2/token")
struct TokenEndpointTests {
    // trust: A-1
    // trust: A-8
    // trust: A-9
    @Test("binds an application token to the certificate")
    func application() async throws {
        let stage = try await TrustStage()
        let response = await stage.endpoint.answer(try stage.opsRequest())
        #expect(response.status == 200)
        #expect(response.object["token_type"]?.string == "Bearer")
        #expect(response.object["expires_in"]?.integer == 600)
        #expect(response.object["scope"]?.string == "admin:read")
        #expect(response.fields.first("cache-control") == "no-store")
        let claims = payload(response.token)
        let thumbprint = Base64URL.encode(stage.certificate("ops").thumbprint)
        #expect(claims["iss"]?.string == TrustStage.issuer)
        #expect(claims["aud"]?.string == TrustStage.issuer + "/admin")
        #expect(claims["sub"]?.string == "ops-tool")
        #expect(claims["client_id"]?.string == "ops-tool")
        #expect(claims["iat"]?.integer == 1_930_000_000)
        #expect(claims["exp"]?.integer == 1_930_000_600)
        #expect(claims["act"] == nil)
        #expect(claims["cnf"]?["x5t#S256"]?.string == thumbprint)
    }

    // trust: B-4
    // trust: B-15
    @Test("gives a delegated client a token for one user")
    func delegated() async throws {
        let stage = try await TrustStage()
        let response = await stage.endpoint.answer(try stage.robotRequest())
        #expect(response.status == 200)
        #expect(response.object["expires_in"]?.integer == 300)
        #expect(response.object["scope"]?.string == "logins:read logins:decide")
        #expect(response.object["refresh_token"] == nil)
        let claims = payload(response.token)
        #expect(claims["sub"]?.string == TrustStage.user)
        #expect(claims["client_id"]?.string == "dc_7Qm2")
        #expect(claims["act"]?["sub"]?.string == "dc_7Qm2")
        #expect(claims["aud"]?.string == TrustStage.issuer + "/backend")
        #expect(claims["exp"]?.integer == 1_930_000_300)
    }

    // trust: B-8
    @Test(
        "takes an assertion and a certificate of one registered key or of two, and of no other",
        arguments: [
            ("robot", "robot", 200), ("robot", "robot-2", 200), ("robot-2", "robot", 200),
            ("robot", "stranger", 401), ("stranger", "robot", 401),
        ]
    )
    func keys(signs: String, shows: String, status: Int) async throws {
        let stage = try await TrustStage()
        try await stage.add(
            "dc_two",
            .delegated,
            keys: ["robot", "robot-2"],
            scopes: [.loginsRead],
            addresses: [TrustStage.clientAddress + "/32"]
        )
        try await stage.consent(to: "dc_two")
        let assertion = try stage.assertion {
            $0.issuer = "dc_two"
            $0.subject = TrustStage.user
            $0.key = signs
        }
        let request = stage.request(
            [
                ("grant_type", "client_credentials"),
                ("client_assertion_type", TrustStage.assertionType),
                ("client_assertion", assertion),
            ],
            showing: stage.certificate(shows)
        )
        #expect(await stage.endpoint.answer(request).status == status)
    }

    @Test("takes the assertion as a grant as well (RFC 7523)")
    func bearer() async throws {
        let stage = try await TrustStage()
        let assertion = try stage.assertion {
            $0.issuer = "dc_7Qm2"
            $0.subject = TrustStage.user
            $0.key = "robot"
        }
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion), ("client_id", "dc_7Qm2"),
        ]
        let request = stage.request(fields, showing: stage.certificate("robot"))
        let response = await stage.endpoint.answer(request)
        #expect(response.status == 200)
        #expect(payload(response.token)["sub"]?.string == TrustStage.user)
        let again = await stage.endpoint.answer(request)
        #expect(again.status == 401)
    }

    /// How each registered method authenticates.
    @Test(
        "knows every registered method",
        arguments: ["tls-tool", "self-tool", "basic-tool", "post-tool"]
    )
    func methods(id: String) async throws {
        let stage = try await TrustStage()
        var fields = [("grant_type", "client_credentials")]
        var headers: [Field] = []
        var certificate = stage.certificate("stranger")
        switch id {
        case "tls-tool":
            fields.append(("client_id", id))
            certificate = stage.certificate("stranger", dns: ["tool.example"])
        case "self-tool":
            fields.append(("client_id", id))
            certificate = stage.certificate("ops", isVerified: false)
        case "basic-tool":
            let pair = Base64.encode(Array("basic-tool:the+secret+of+a+tool".utf8))
            headers = [Field("Authorization", "Basic " + pair)]
        default:
            fields += [("client_id", id), ("client_secret", "the secret of a tool")]
        }
        let request = stage.request(fields, showing: certificate, headers: headers)
        let response = await stage.endpoint.answer(request)
        #expect(response.status == 200)
        #expect(payload(response.token)["client_id"]?.string == id)
        // Without a scope the client gets all that are registered.
        #expect(response.object["scope"]?.string == "admin:read admin:clients")
    }

    // trust: A-4
    @Test("looks at nothing without a certificate")
    func filter() async throws {
        let stage = try await TrustStage()
        // Whatever is asked of the store fails.
        stage.store.fail(.closed)
        var request = try stage.opsRequest()
        request.peer = Peer(address: TrustStage.clientAddress, isSecure: true)
        let response = await stage.endpoint.answer(request)
        #expect(response.status == 400)
        #expect(response.error == "invalid_request")
        #expect(
            response.object["error_description"]?.string
                == "Client certificate missing or not valid"
        )
    }

    // trust: A-5
    @Test("makes an exception only for the clients that are named")
    func exception() async throws {
        let stage = try await TrustStage { $0.withoutCertificate = [.named("ops-tool")] }
        var request = try stage.opsRequest()
        request.peer = Peer(address: TrustStage.clientAddress, isSecure: true)
        let response = await stage.endpoint.answer(request)
        #expect(response.status == 200)
        #expect(payload(response.token)["cnf"] == nil)
        let other = stage.request(
            [("grant_type", "client_credentials"), ("client_id", "self-tool")],
            showing: nil
        )
        let refused = await stage.endpoint.answer(other)
        #expect(refused.status == 400)
        #expect(refused.error == "invalid_request")
    }

    @Test("accepts an assertion once, also from two requests at once")
    func replay() async throws {
        let stage = try await TrustStage()
        let request = try stage.opsRequest()
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { await stage.endpoint.answer(request).status } }
            return await group.reduce(into: []) { $0.append($1) }.sorted()
        }
        #expect(statuses.filter { $0 == 200 }.count == 1)
        #expect(Set(statuses).isSubset(of: [200, 401, 429]))
    }

    @Test("answers 503 and gives no token while the store fails")
    func store() async throws {
        let stage = try await TrustStage()
        stage.store.fail(.full)
        let response = await stage.endpoint.answer(try stage.opsRequest())
        #expect(response.status == 503)
        #expect(response.token.isEmpty)
        #expect(response.fields.first("retry-after") == "1")
        stage.store.fail(nil)
        #expect(await stage.endpoint.answer(try stage.opsRequest()).status == 200)
    }

    // trust: B-6
    @Test("names the source address of a delegated client that may not call from it")
    func address() async throws {
        let stage = try await TrustStage()
        var request = try stage.robotRequest()
        request.peer = Peer(
            address: "192.0.2.200",
            isSecure: true,
            certificate: stage.certificate("robot")
        )
        let response = await stage.endpoint.answer(request)
        #expect(response.status == 403)
        #expect(response.error == "source_address_not_allowed")
        #expect(response.object["source_address"]?.string == "192.0.2.200")
        #expect(response.object["reference"]?.string?.hasPrefix("E-") == true)
        // An empty list allows nobody.
        let other = try stage.assertion {
            $0.issuer = "dc_other"
            $0.subject = TrustStage.user
            $0.key = "robot-2"
        }
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TrustStage.assertionType), ("client_assertion", other),
        ]
        let nobody = stage.request(fields, showing: stage.certificate("robot-2"))
        #expect(await stage.endpoint.answer(nobody).status == 403)
    }

    @Test("writes to the audit what it issues and why it refuses")
    func audit() async throws {
        let stage = try await TrustStage()
        _ = await stage.endpoint.answer(try stage.robotRequest())
        _ = await stage.endpoint.answer(try stage.robotRequest())
        let events = stage.store.events
        #expect(events.map(\.kind) == ["token.issued", "token.refused"])
        let thumbprint = Base64URL.encode(stage.certificate("robot").thumbprint)
        for event in events {
            #expect(event.members["client"]?.string == "dc_7Qm2")
            #expect(event.members["user"]?.string == TrustStage.user)
            #expect(event.members["address"]?.string == TrustStage.clientAddress)
            #expect(event.members["x5t#S256"]?.string == thumbprint)
        }
        #expect(events[1].members["reason"]?.string == "the assertion was used before")
    }

    @Test(
        "writes a bounded number of refusals of unproven callers to the audit, and counts the rest"
    )
    func budget() async throws {
        let stage = try await TrustStage()
        var request = try stage.opsRequest()
        request.peer = Peer(address: TrustStage.clientAddress, isSecure: true)
        for _ in 0..<200 { #expect(await stage.endpoint.answer(request).status == 400) }
        #expect(stage.store.events.count == 120)
        // A client that has proven who it is still gets its line.
        let good = await stage.endpoint.answer(try stage.opsRequest())
        #expect(good.status == 200)
        #expect(stage.store.events.last?.kind == "token.issued")
        stage.clock.set(stage.clock.now() + .seconds(60))
        _ = await stage.endpoint.answer(request)
        let last = stage.store.events.suffix(2)
        #expect(last.map(\.kind) == ["token.refusals_omitted", "token.refused"])
        #expect(last.first?.members["count"]?.integer == 80)
    }
}
