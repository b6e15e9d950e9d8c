import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust

@Suite("A call with an access token")
struct ResourceGuardTests {
    /// The answer to a call; 200 if it is let through.
    private func status(
        _ stage: TrustStage,
        _ request: Request,
        _ scope: AccessScope = .adminRead
    ) async -> Response {
        do {
            _ = try await stage.resources.caller(of: request, scope)
            return Response(status: 200)
        } catch {
            return error.response
        }
    }

    private func opsToken(_ stage: TrustStage) async throws -> String {
        await stage.endpoint.answer(try stage.opsRequest()).token
    }

    private func robotToken(_ stage: TrustStage) async throws -> String {
        await stage.endpoint.answer(try stage.robotRequest()).token
    }

    // trust: A-2
    @Test("tells who calls, and for whom")
    func caller() async throws {
        let stage = try await TrustStage()
        let certificate = stage.certificate("robot")
        let request = stage.call(try await robotToken(stage), showing: certificate)
        let caller = try await stage.resources.caller(of: request, .loginsRead)
        #expect(caller.client == .named("dc_7Qm2"))
        #expect(caller.user == .named(TrustStage.user))
        #expect(caller.scopes == [.loginsRead, .loginsDecide])
        #expect(caller.thumbprint == certificate.thumbprint)
        #expect(caller.address == TrustStage.clientAddress)
    }

    // trust: A-10
    @Test("needs the certificate that the token is bound to, each time")
    func binding() async throws {
        let stage = try await TrustStage()
        let token = try await opsToken(stage)
        let rows: [(PeerCertificate?, Int)] = [
            (stage.certificate("ops"), 200),
            (stage.certificate("stranger"), 401),
            (nil, 401),
            // Renewed: the same key in another certificate.
            (stage.certificate("ops", dns: ["renewed.example"]), 401),
            (stage.certificate("ops"), 200),
        ]
        for (certificate, expected) in rows {
            let response = await status(stage, stage.call(token, showing: certificate))
            #expect(response.status == expected)
            if expected == 401 {
                #expect(
                    response.fields.first("www-authenticate") == "Bearer error=\"invalid_token\""
                )
            }
        }
    }

    // trust: A-3
    @Test(
        "is let through by its kind and scope only",
        arguments: AccessScope.allCases
    )
    func kinds(scope: AccessScope) async throws {
        let stage = try await TrustStage()
        let ops = stage.call(try await opsToken(stage), showing: stage.certificate("ops"))
        let robot = stage.call(try await robotToken(stage), showing: stage.certificate("robot"))
        #expect(await status(stage, ops, scope).status == (scope == .adminRead ? 200 : 403))
        let isRobots = scope == .loginsRead || scope == .loginsDecide
        #expect(await status(stage, robot, scope).status == (isRobots ? 200 : 403))
    }

    @Test("ends with the token, its client and the user's consent, at the next call")
    func ends() async throws {
        let stage = try await TrustStage()
        let certificate = stage.certificate("robot")
        let call = stage.call(try await robotToken(stage), showing: certificate)
        func allowed() async -> Int { await status(stage, call, .loginsRead).status }
        #expect(await allowed() == 200)
        try await stage.change("dc_7Qm2", to: .suspended)
        #expect(await allowed() == 401)
        try await stage.change("dc_7Qm2", to: .active)
        #expect(await allowed() == 200)
        // trust: B-14
        let consents = try await stage.store.consents(ConsentFilter(), after: nil, limit: 9)
        let now = stage.clock.now()
        _ = try await stage.store.commit([.withdrawConsent(consents[0].id, at: now)])
        #expect(await allowed() == 401)
        let other = stage.call(
            try await opsToken(stage),
            showing: stage.certificate("ops")
        )
        stage.clock.set(now + .seconds(599))
        #expect(await status(stage, other).status == 200)
        stage.clock.set(now + .seconds(600))
        #expect(await status(stage, other).status == 401)
    }

    /// What may happen between two calls, and the status of the second.
    enum Event: CaseIterable {
        case nothing, otherChange, suspended, revoked, removed, expired, tokenRevoked, storeFails

        var status: Int {
            switch self {
            case .nothing, .otherChange, .storeFails: 200
            case .suspended, .revoked, .removed, .expired, .tokenRevoked: 401
            }
        }

        /// Whether the second call need not wait for the store.
        var isAtOnce: Bool { self == .nothing || self == .storeFails }
    }

    // trust: B-7
    @Test("is let through at once only as long as nothing has changed", arguments: Event.allCases)
    func atOnce(_ event: Event) async throws {
        let stage = try await TrustStage()
        let text = try await opsToken(stage)
        let call = stage.call(text, showing: stage.certificate("ops"))
        @Sendable func isAdmitted() -> Bool {
            guard let mark = stage.store.mark() else { return false }
            return stage.resources.admitsAtOnce(call, [.adminRead], at: mark)
        }
        #expect(!isAdmitted(), "not known yet")
        _ = try await stage.resources.caller(of: call, .adminRead)
        #expect(try onAllCores(isAdmitted) == [true])
        let id: APIClientID = .named("ops-tool")
        switch event {
        case .nothing: break
        case .otherChange:
            _ = try await stage.store.commit([.use(key: [1], until: stage.clock.now())])
        case .suspended: try await stage.change(id.value, to: .suspended)
        case .revoked: try await stage.change(id.value, to: .revoked)
        case .removed: stage.store.remove(id)
        case .expired: stage.clock.set(stage.clock.now() + .seconds(600))
        case .tokenRevoked:
            let jti = payload(text)["jti"]?.string ?? ""
            _ = try await stage.store.commit([.revokeToken(jti, until: stage.clock.now())])
        case .storeFails: stage.store.fail(.locked)
        }
        #expect(try onAllCores(isAdmitted) == [event.isAtOnce])
        #expect(await status(stage, call).status == event.status)
    }

    @Test("is judged in full at once too: certificate, place of the token, scope and kind")
    func judgedAtOnce() async throws {
        let stage = try await TrustStage()
        let token = try await opsToken(stage)
        let (own, other) = (stage.certificate("ops"), stage.certificate("stranger"))
        let call = stage.call(token, showing: own)
        _ = try await stage.resources.caller(of: call, .adminRead)
        func isKnown(_ request: Request, _ scopes: AccessScope...) -> Bool {
            guard let mark = stage.store.mark() else { return false }
            let scopes = scopes.isEmpty ? [.adminRead] : scopes
            return stage.resources.admitsAtOnce(request, scopes, at: mark)
        }
        #expect(isKnown(call))
        #expect(isKnown(call, .adminUsers, .adminRead))
        #expect(!isKnown(call, .adminClients))
        #expect(!isKnown(call, .backendUsers))
        #expect(!isKnown(stage.call(token, showing: other)))
        #expect(!isKnown(stage.call(token, showing: nil)))
        #expect(!isKnown(stage.call(token + "x", showing: own)))
        #expect(!isKnown(stage.call(token, showing: own, "/x?access_token=\(token)")))
        let form = Field("Content-Type", "application/x-www-form-urlencoded")
        let bearer = Field("Authorization", "Bearer \(token)")
        let peer = call.peer
        for fields in [[], [bearer, bearer], [Field("Authorization", "DPoP \(token)")]] {
            #expect(!isKnown(.example(.get, "/x", fields: fields, peer: peer)))
        }
        let body = Array("access_token=\(token)".utf8)
        #expect(!isKnown(.example(.post, "/x", fields: [form, bearer], body: body, peer: peer)))
        // Every call of a delegated client is in the audit first.
        let robot = stage.call(try await robotToken(stage), showing: stage.certificate("robot"))
        _ = try await stage.resources.caller(of: robot, .loginsRead)
        #expect(!isKnown(robot, .loginsRead))
    }

    @Test(
        "is let through at once from the client's addresses only",
        arguments: [
            ([], ["198.51.100.1", "2001:db8::1"], []),
            (["203.0.113.0/24"], ["203.0.113.5", "::ffff:203.0.113.6"], ["198.51.100.1", ""]),
        ]
    )
    func addressAtOnce(listed: [String], allowed: [String], others: [String]) async throws {
        let stage = try await TrustStage()
        let token = try await opsToken(stage)
        let stored = try #require(try await stage.store.client(.named("ops-tool")))
        let ranges = try listed.map { try #require(AddressRange($0)) }
        _ = try await stage.store.commit([
            .replaceClient(
                try stored.client.with(sourceAddresses: ranges),
                version: stored.version
            )
        ])
        func call(_ address: String) -> Request {
            stage.call(token, showing: stage.certificate("ops"), from: address)
        }
        _ = try await stage.resources.caller(of: call(allowed[0]), .adminRead)
        let mark = try #require(stage.store.mark())
        for address in allowed + others {
            let isAdmitted = stage.resources.admitsAtOnce(call(address), [.adminRead], at: mark)
            #expect(isAdmitted == allowed.contains(address), "\(address)")
        }
    }

    @Test("of a delegated client names its address if it is not on the list")
    func address() async throws {
        let stage = try await TrustStage()
        let call = stage.call(
            try await robotToken(stage),
            showing: stage.certificate("robot"),
            from: "198.51.100.1"
        )
        let response = await status(stage, call, .loginsRead)
        #expect(response.status == 403)
        #expect(response.object["source_address"]?.string == "198.51.100.1")
    }

    @Test("with a stolen token fills the audit no faster than a bounded number a minute")
    func stolen() async throws {
        let stage = try await TrustStage()
        let call = stage.call(try await opsToken(stage), showing: nil)
        for _ in 0..<200 { #expect(await status(stage, call).status == 401) }
        func count(_ kind: String) -> Int { stage.store.events.filter { $0.kind == kind }.count }
        #expect(count("api.refused") == 120)
        stage.clock.set(stage.clock.now() + .seconds(60))
        #expect(await status(stage, call).status == 401)
        #expect(count("api.refused") == 121)
        #expect(count("api.refusals_omitted") == 1)
    }

    @Test("answers 503 while the store fails, and lets nobody through")
    func store() async throws {
        let stage = try await TrustStage()
        let call = stage.call(try await opsToken(stage), showing: stage.certificate("ops"))
        stage.store.fail(.locked)
        #expect(await status(stage, call).status == 503)
    }

    @Test("with a token anywhere else is refused")
    func elsewhere() async throws {
        let stage = try await TrustStage()
        let token = try await opsToken(stage)
        let peer = Peer(
            address: TrustStage.clientAddress,
            isSecure: true,
            certificate: stage.certificate("ops")
        )
        let form = Field("Content-Type", "application/x-www-form-urlencoded")
        let bearer = Field("Authorization", "Bearer \(token)")
        let rows: [(String, [Field], String, Int)] = [
            ("/x?access_token=\(token)", [], "", 400),
            ("/x?a=b&access_token=\(token)", [bearer], "", 400),
            ("/x", [form], "access_token=\(token)", 400),
            ("/x", [], "", 401),
            ("/x", [Field("Authorization", token)], "", 401),
            ("/x", [Field("Authorization", "Basic \(token)")], "", 401),
            ("/x", [Field("Authorization", "Bearer")], "", 401),
            ("/x", [Field("Authorization", "Bearer \(token) x")], "", 401),
            ("/x", [bearer, bearer], "", 401),
            ("/x", [Field("Authorization", "Bearer x.y.z")], "", 401),
            ("/x", [Field("Authorization", "DPoP \(token)")], "", 401),
            ("/x", [Field("Authorization", "bearer \(token)")], "", 200),
        ]
        for (target, fields, body, expected) in rows {
            let request = Request.example(
                .post,
                target,
                fields: fields,
                body: Array(body.utf8),
                peer: peer
            )
            #expect(await status(stage, request).status == expected, "\(target) \(fields)")
        }
    }

    @Test("is refused if somebody else signed the token or it is of another type")
    func forged() async throws {
        let stage = try await TrustStage()
        let certificate = stage.certificate("ops")
        let good = try #require(payload(try await opsToken(stage)).object)
        let ours = stage.keys.signer(at: stage.clock.now())
        let stranger = try stage.key("stranger")
        func token(
            _ type: String,
            _ key: SigningKey,
            _ change: [String: JSONValue] = [:]
        ) throws
            -> String
        {
            let members = good.members.map { member in
                JSONObject.Member(name: member.name, value: change[member.name] ?? member.value)
            }
            let claims = try JWT.Claims(payload: JSONValue.object(JSONObject(members)).bytes)
            return try JWT.sign(claims, type: type, key: key)
        }
        let rows: [(String, Int)] = try [
            (token("at+jwt", ours), 200),
            (token("JWT", ours), 401),
            (token("at+jwt", stranger), 401),
            (token("at+jwt", ours, ["iss": .string("https://other.example")]), 401),
            (token("at+jwt", ours, ["exp": .integer(1_930_000_000)]), 401),
            (token("at+jwt", ours, ["client_id": .string("nobody")]), 401),
            (token("at+jwt", ours, ["scope": .string("everything")]), 401),
            (token("at+jwt", ours, ["aud": .string(TrustStage.issuer + "/backend")]), 403),
            (token("at+jwt", ours, ["cnf": .members(["x5t#S256": .string("AAAA")])]), 401),
            (token("at+jwt", ours, ["cnf": .string("x")]), 401),
        ]
        for (token, expected) in rows {
            let response = await status(stage, stage.call(token, showing: certificate))
            #expect(response.status == expected)
        }
    }

    // trust: A-9
    @Test("is answered by introspection as long as it counts")
    func introspection() async throws {
        let stage = try await TrustStage()
        let token = try await robotToken(stage)
        func introspect(by id: String, _ key: String, _ jti: String) async throws -> JSONValue {
            let assertion = try stage.assertion {
                $0.issuer = id
                $0.subject = id == "dc_7Qm2" ? TrustStage.user : id
                $0.key = key
                $0.id = jti
            }
            let fields = [
                ("client_assertion_type", TrustStage.assertionType),
                ("client_assertion", assertion), ("token", token),
            ]
            let request = stage.request(fields, showing: stage.certificate(key))
            return await stage.endpoint.introspect(request).object
        }
        let own = try await introspect(by: "dc_7Qm2", "robot", "i-1")
        #expect(own["active"]?.bool == true)
        #expect(own["sub"]?.string == TrustStage.user)
        #expect(own["act"]?["sub"]?.string == "dc_7Qm2")
        let thumbprint = Base64URL.encode(stage.certificate("robot").thumbprint)
        #expect(own["cnf"]?["x5t#S256"]?.string == thumbprint)
        // One with admin:read may ask about all.
        #expect(try await introspect(by: "ops-tool", "ops", "i-2")["active"]?.bool == true)
        // Revoked by its client, it counts no more, and nothing else is said.
        let assertion = try stage.assertion {
            $0.issuer = "dc_7Qm2"
            $0.subject = TrustStage.user
            $0.key = "robot"
            $0.id = "i-3"
        }
        let fields = [
            ("client_assertion_type", TrustStage.assertionType),
            ("client_assertion", assertion), ("token", token),
        ]
        let revocation = stage.request(fields, showing: stage.certificate("robot"))
        #expect(await stage.endpoint.revoke(revocation).status == 200)
        let after = try await introspect(by: "ops-tool", "ops", "i-4")
        #expect(after == JSONValue.members(["active": .bool(false)]))
        let call = stage.call(token, showing: stage.certificate("robot"))
        #expect(await status(stage, call, .loginsRead).status == 401)
    }
}
