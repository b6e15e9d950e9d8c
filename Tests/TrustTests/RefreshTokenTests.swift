import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust

@Suite("A refresh token")
struct RefreshTokenTests {
    private func refreshToken(_ response: Response) throws -> String {
        try #require(response.object["refresh_token"]?.string)
    }

    // trust
    @Test("gives an access token and the next refresh token, both bound to the certificate")
    func rotation() async throws {
        let stage = try await TrustStage()
        let first = try await stage.signedIn()
        stage.clock.advance(by: .seconds(300))
        let second = await stage.endpoint.answer(stage.refresh(try refreshToken(first)))
        #expect(second.status == 200)
        let thumbprint = Base64URL.encode(stage.certificate("phone").thumbprint)
        for response in [first, second] {
            let claims = payload(response.token)
            #expect(claims["sub"]?.string == TrustStage.user)
            #expect(claims["client_id"]?.string == "phone-app")
            #expect(claims["cnf"]?["x5t#S256"]?.string == thumbprint)
            #expect(claims["aud"]?.string == TrustStage.issuer + "/device")
            #expect(response.object["expires_in"]?.integer == 600)
            #expect(response.object["scope"]?.string == "device:logins")
        }
        #expect(try refreshToken(first) != refreshToken(second))
        #expect(payload(first.token)["grant_id"] == payload(second.token)["grant_id"])
    }

    // trust: A-14
    @Test("that was used before ends its family: refresh tokens and access tokens")
    func reuse() async throws {
        let stage = try await TrustStage()
        let first = try await stage.signedIn()
        let second = await stage.endpoint.answer(stage.refresh(try refreshToken(first)))
        let third = await stage.endpoint.answer(stage.refresh(try refreshToken(second)))
        #expect(third.status == 200)
        let phone = stage.certificate("phone")
        let call = stage.call(third.token, showing: phone, "/device/v1/logins")
        #expect(try await stage.resources.caller(of: call, .deviceLogins).kind == .user)
        let stolen = await stage.endpoint.answer(stage.refresh(try refreshToken(first)))
        #expect(stolen.status == 400 && stolen.error == "invalid_grant")
        #expect(
            stage.store.events.suffix(2).map(\.kind) == ["token.family_ended", "token.refused"]
        )
        let late = await stage.endpoint.answer(stage.refresh(try refreshToken(third)))
        #expect(late.error == "invalid_grant")
        await #expect(throws: ResourceRefusal.self) {
            try await stage.resources.caller(of: call, .deviceLogins)
        }
    }

    // trust: A-14
    @Test("that 20 requests use at once has exactly one successor")
    func race() async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        let answers = await withTaskGroup(of: Response.self) { group in
            for _ in 0..<20 {
                group.addTask { await stage.endpoint.answer(stage.refresh(token)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 200 })
        let successors = Set(answers.compactMap { $0.object["refresh_token"]?.string })
        #expect(successors.count == 1 && !successors.contains(token))
        let families = Set(answers.compactMap { payload($0.token)["grant_id"]?.string })
        #expect(families.count == 1)
    }

    // trust: A-14
    @Test(
        "is answered again for a few seconds with the same successor, and then ends the family",
        arguments: [(9, 200), (10, 400)]
    )
    func lostAnswer(seconds: Int, status: Int) async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        let lost = try refreshToken(await stage.endpoint.answer(stage.refresh(token)))
        stage.clock.advance(by: .seconds(seconds))
        let again = await stage.endpoint.answer(stage.refresh(token))
        #expect(again.status == status)
        if status == 200 { #expect(try refreshToken(again) == lost) }
        let next = await stage.endpoint.answer(stage.refresh(lost))
        #expect(next.status == status)
    }

    // trust: A-14
    @Test("is not answered again once its successor was used")
    func lostAnswerAfterUse() async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        let next = try refreshToken(await stage.endpoint.answer(stage.refresh(token)))
        #expect(await stage.endpoint.answer(stage.refresh(next)).status == 200)
        #expect(await stage.endpoint.answer(stage.refresh(token)).error == "invalid_grant")
    }

    // trust: A-14
    @Test("is answered again only for the same certificate")
    func lostAnswerToOther() async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        _ = await stage.endpoint.answer(stage.refresh(token))
        let renewed = stage.certificate("phone", dns: ["renewed.example"], isVerified: false)
        let again = await stage.endpoint.answer(stage.refresh(token, showing: renewed))
        #expect(again.error == "invalid_grant")
    }

    // trust: A-14
    @Test("goes on with a renewed certificate of the same key, and binds the next tokens to it")
    func renewed() async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        let renewed = stage.certificate("phone", dns: ["renewed.example"], isVerified: false)
        #expect(renewed.thumbprint != stage.certificate("phone", isVerified: false).thumbprint)
        let answer = await stage.endpoint.answer(stage.refresh(token, showing: renewed))
        #expect(answer.status == 200)
        let bound = payload(answer.token)["cnf"]?["x5t#S256"]?.string
        #expect(bound == Base64URL.encode(renewed.thumbprint))
    }

    @Test("may be used for less than was granted, and keeps what was")
    func narrowed() async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        for scope in ["device:logins", "device:logins admin:read", "admin:read"] {
            let answer = await stage.endpoint.answer(stage.refresh(token, [("scope", scope)]))
            #expect(answer.status == (scope == "device:logins" ? 200 : 400))
            if answer.status == 400 { #expect(answer.error == "invalid_scope") }
        }
    }

    @Test(
        "ends without a use for its idle time, and at its absolute time whatever happens",
        arguments: [([31], 400), ([29, 29, 29], 200), ([29, 29, 29, 4], 400)]
    )
    func life(days: [Int], status: Int) async throws {
        let stage = try await TrustStage()
        var answer = try await stage.signedIn()
        for days in days {
            stage.clock.advance(by: .seconds(days * 86_400))
            answer = await stage.endpoint.answer(
                stage.refresh(answer.object["refresh_token"]?.string ?? "")
            )
        }
        #expect(answer.status == status)
    }

    @Test("that is revoked ends its family, also an old one")
    func revocation() async throws {
        for isOld in [false, true] {
            let stage = try await TrustStage()
            let first = try await stage.signedIn()
            let second = await stage.endpoint.answer(stage.refresh(try refreshToken(first)))
            let shown = try refreshToken(isOld ? first : second)
            let request = stage.request(
                [("client_id", "phone-app"), ("token", shown)],
                showing: stage.certificate("phone", isVerified: false)
            )
            #expect(await stage.endpoint.revoke(request).status == 200)
            let late = await stage.endpoint.answer(stage.refresh(try refreshToken(second)))
            #expect(late.error == "invalid_grant")
            let call = stage.call(second.token, showing: stage.certificate("phone"))
            await #expect(throws: ResourceRefusal.self) {
                try await stage.resources.caller(of: call, .deviceLogins)
            }
        }
    }

    @Test("of another client is not revoked, and that client does not learn of it")
    func foreignRevocation() async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        let other = stage.request(
            [("client_id", "other-app"), ("token", token)],
            showing: stage.certificate("robot-2", isVerified: false)
        )
        #expect(await stage.endpoint.revoke(other).status == 200)
        let seen = await stage.endpoint.introspect(other)
        #expect(seen.object["active"]?.bool == false)
        #expect(await stage.endpoint.answer(stage.refresh(token)).status == 200)
    }

    @Test("is known to introspection while it is in force")
    func introspection() async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        let request = stage.request(
            [("client_id", "phone-app"), ("token", token)],
            showing: stage.certificate("phone", isVerified: false)
        )
        let answer = await stage.endpoint.introspect(request).object
        #expect(answer["active"]?.bool == true)
        #expect(answer["sub"]?.string == TrustStage.user)
        #expect(answer["scope"]?.string == "device:logins")
        #expect(answer["cnf"]?["x5t#S256"] != nil)
        _ = await stage.endpoint.answer(stage.refresh(token))
        #expect(await stage.endpoint.introspect(request).object["active"]?.bool == false)
    }

    @Test("is stored as a digest only, and so is a code")
    func digests() async throws {
        let stage = try await TrustStage()
        let code = try await stage.code()
        let first = await stage.endpoint.answer(stage.exchange(code))
        let second = await stage.endpoint.answer(stage.refresh(try refreshToken(first)))
        let id = try #require(payload(second.token)["grant_id"]?.string)
        let family = try #require(try await stage.store.family(id))
        #expect(family.current == SHA256.digest(Array(try refreshToken(second).utf8)))
        #expect(try await stage.store.code(SHA256.digest(Array(code.utf8))) == nil)
        let audit = stage.store.events.map { "\($0)" }.joined()
        for secret in [code, try refreshToken(first), try refreshToken(second)] {
            #expect(!audit.contains(secret))
        }
    }

    @Test("changes nothing while the store fails")
    func failingStore() async throws {
        let stage = try await TrustStage()
        let token = try refreshToken(try await stage.signedIn())
        stage.store.fail(.full)
        #expect(await stage.endpoint.answer(stage.refresh(token)).status == 503)
        stage.store.fail(nil)
        #expect(await stage.endpoint.answer(stage.refresh(token)).status == 200)
    }
}
