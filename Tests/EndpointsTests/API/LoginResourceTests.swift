import Access
import Cryptography
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@Suite("Logins in the admin and the backend API")
struct LoginResourceTests {
    /// Lends both interfaces over a store with a login that waits and two that are stranded.
    private static func with(_ body: (APIStage, [Prompted]) async throws -> Void) async throws {
        try await Stage.with { stage in
            var logins: [Prompted] = []
            for id in ["waits", "one", "two"] {
                logins.append(try await stage.prompt(id: id))
            }
            for login in logins.dropFirst() {
                _ = await stage.choose("deny", login.ticket)
                try await stage.apply(.reportRefused("no such scope"), to: login.number)
            }
            try await body(try await APIStage(logins: stage.store, clock: stage.clock), logins)
        }
    }

    private static let user = "customer-4711"

    @Test("are listed by phase, page by page, in the order of arrival")
    func listed() async throws {
        try await Self.with { stage, _ in
            func page(_ query: String) async throws -> (ids: [String?], next: String?) {
                let target = "/admin/v1/logins?" + query
                let page = try await stage.send(.get, target, as: "reader")
                #expect(page.status == 200, "\(page.text)")
                let ids = page.json["logins"]?.array?.map { $0["id"]?.string }
                return (try #require(ids), page.json["next"]?.string)
            }
            #expect(try await page("").ids == ["waits", "one", "two"])
            #expect(try await page("phase=waiting").ids == ["waits"])
            #expect(try await page("phase=preparing").ids == [])
            let first = try await page("phase=stranded&limit=1")
            #expect(first.ids == ["one"])
            let second = try await page("limit=1&phase=stranded&cursor=" + #require(first.next))
            #expect(second.ids == ["two"])
            #expect(second.next == nil)
            for query in [
                "phase=over", "cursor=YQ", "colour=a", "limit=x", "number=x", "user=", "id=",
            ] {
                let target = "/admin/v1/logins?" + query
                #expect(try await stage.send(.get, target).status == 400)
            }
        }
    }

    @Test("are found by user, by the server's identifier and by number")
    func searched() async throws {
        try await Self.with { stage, logins in
            func ids(_ query: String) async throws -> [String?]? {
                let page = try await stage.send(.get, "/admin/v1/logins?" + query, as: "reader")
                #expect(page.status == 200, "\(page.text)")
                return page.json["logins"]?.array?.map { $0["id"]?.string }
            }
            #expect(try await ids("user=" + Self.user) == ["waits", "one", "two"])
            #expect(try await ids("user=nobody") == [])
            #expect(try await ids("id=one") == ["one"])
            #expect(try await ids("phase=waiting&id=one") == [])
            let number = logins[2].number.rawValue
            #expect(try await ids("number=\(number)") == ["two"])
            #expect(try await ids("number=\(number)&phase=waiting") == [])
            #expect(try await ids("number=99") == [])
            let first = try await stage.send(.get, "/admin/v1/logins?limit=1&user=\(Self.user)")
            let next = try #require(first.json["next"]?.string)
            #expect(try await ids("limit=2&user=\(Self.user)&cursor=\(next)") == ["one", "two"])
        }
    }

    @Test("are cancelled while nobody has decided, which is reported as a rejection")
    func cancelled() async throws {
        try await Self.with { stage, _ in
            let base = "/admin/v1/logins/acp/"
            #expect(try await stage.send(.post, base + "one/cancel").status == 409)
            #expect(try await stage.send(.post, base + "waits/cancel", as: "reader").status == 403)
            let cancelled = try await stage.send(.post, base + "waits/cancel")
            #expect(cancelled.status == 200, "\(cancelled.text)")
            #expect(cancelled.json["phase"]?.string == "reporting")
            #expect(cancelled.json["outcome"]?.string == "failed")
            #expect(try await stage.send(.post, base + "waits/cancel").status == 409)
            let events = stage.events.filter { $0.kind != "api.refused" }
            #expect(events.map(\.kind) == ["login.cancel_requested"])
        }
    }

    @Test("are shown to operators, with attempts and the reason why they are stranded")
    func shown() async throws {
        try await Self.with { stage, _ in
            let shown = try await stage.send(.get, "/admin/v1/logins/acp/one", as: "reader")
            #expect(shown.status == 200, "\(shown.text)")
            #expect(shown.json["phase"]?.string == "stranded")
            #expect(shown.json["outcome"]?.string == "denied")
            #expect(shown.json["user"]?.string == Self.user)
            #expect(shown.json["reason"]?.string == "refused: no such scope")
            #expect(shown.json["decision"]?["choice"]?.string == "deny")
            for target in ["acp/none", "other/one", "acp/one%00", "acp/one?tenant="] {
                let missing = try await stage.send(.get, "/admin/v1/logins/" + target)
                #expect(missing.status == (target.contains("?") ? 400 : 404))
            }
        }
    }

    @Test("are retried and abandoned once they are stranded, by whom the audit says")
    func resolved() async throws {
        try await Self.with { stage, _ in
            let base = "/admin/v1/logins/acp/"
            #expect(try await stage.send(.post, base + "waits/retry").status == 409)
            #expect(try await stage.send(.post, base + "one/retry", as: "reader").status == 403)
            let retried = try await stage.send(.post, base + "one/retry")
            #expect(retried.status == 200, "\(retried.text)")
            #expect(retried.json["phase"]?.string == "reporting")
            let abandoned = try await stage.send(.post, base + "two/abandon")
            #expect(abandoned.json["settlement"]?.string == "abandoned")
            #expect(try await stage.send(.post, base + "two/retry").status == 409)
            let events = stage.events.filter { $0.kind != "api.refused" }
            #expect(
                events.map(\.kind) == ["login.retry_requested", "login.abandon_requested"]
            )
            #expect(events.allSatisfy { $0.members["by"]?.string == "ops" })
        }
    }

    @Test("are not retried after the time for reporting")
    func tooLate() async throws {
        try await Self.with { stage, _ in
            stage.clock.advance(by: .seconds(3600))
            let late = try await stage.send(.post, "/admin/v1/logins/acp/one/retry")
            #expect(late.status == 410)
            #expect(try await stage.send(.post, "/admin/v1/logins/acp/one/abandon").status == 200)
        }
    }

    // trust: B-15
    @Test("are shown to a delegated client only if they are its user's; another's look unknown")
    func ownOnly() async throws {
        try await Self.with { stage, _ in
            for user in [Self.user, "ben"] {
                try await stage.consent(of: user, id: "consent-of-\(user)")
            }
            let target = "/backend/v1/logins/acp/waits"
            let own = try await stage.send(.get, target, as: "robot", for: Self.user)
            #expect(own.status == 200, "\(own.text)")
            #expect(own.json["consent"]?["digest"]?.string != nil)
            #expect(own.json["number"] == nil)
            let other = try await stage.send(.get, target, as: "robot", for: "ben")
            let none = try await stage.send(
                .get,
                "/backend/v1/logins/acp/none",
                as: "robot",
                for: "ben"
            )
            #expect(other.status == 404)
            #expect(other.body == none.body)
            #expect(try await stage.send(.get, target, as: "bank").status == 200)
            #expect(try await stage.send(.get, target, as: "ops").status == 403)
        }
    }

    @Test("are listed for the backend by user, and for a delegated client for its own user only")
    func listedForUser() async throws {
        try await Self.with { stage, _ in
            try await stage.consent(of: Self.user)
            let target = "/backend/v1/logins"
            func ids(_ response: Response) -> [String?]? {
                response.json["logins"]?.array?.map { $0["id"]?.string }
            }
            let app = await stage.send(
                .get,
                "/device/v1/logins",
                token: try await stage.userToken(of: Self.user)
            )
            #expect(ids(app) == ["waits"], "of the user's own app as well")
            let stranger = await stage.send(
                .get,
                "/device/v1/logins",
                token: try await stage.userToken(of: "stranger")
            )
            #expect(ids(stranger) == [])
            let mine = target + "?user=" + Self.user
            for target in [target, mine] {
                let own = try await stage.send(.get, target, as: "robot", for: Self.user)
                #expect(ids(own) == ["waits"], "what is decided is left out")
            }
            let other = try await stage.send(
                .get,
                target + "?user=ben",
                as: "robot",
                for: Self.user
            )
            #expect(other.status == 404)
            #expect(ids(try await stage.send(.get, mine, as: "bank")) == ["waits"])
            #expect(ids(try await stage.send(.get, target + "?user=ben", as: "bank")) == [])
            for query in ["", "?user=", "?phase=waiting", "?user=ann&cursor=YQ"] {
                let refused = try await stage.send(.get, target + query, as: "bank")
                #expect(refused.status == 400)
            }
        }
    }

    // trust: B-18
    @Test("leave a line in the audit for each call of a delegated client")
    func calls() async throws {
        try await Self.with { stage, _ in
            try await stage.consent(of: Self.user)
            for id in ["waits", "none"] {
                let target = "/backend/v1/logins/acp/" + id
                _ = try await stage.send(.get, target, as: "robot", for: Self.user)
            }
            let calls = stage.events.filter { $0.kind == "api.called" }
            #expect(calls.count == 2)
            for call in calls {
                #expect(call.members["client"]?.string == "robot")
                #expect(call.members["user"]?.string == Self.user)
                #expect(call.members["address"]?.string == APIStage.address)
                #expect(call.members["x5t#S256"]?.string?.utf8.count == 43)
                let route = "GET /backend/v1/logins/{server}/{id}"
                #expect(call.members["route"]?.string == route)
            }
        }
    }
}

@Suite("The audit in the admin API")
struct AuditResourceTests {
    @Test("is exported as lines whose chain can be verified, from any entry on")
    func exported() async throws {
        let stage = try await APIStage()
        for _ in 0..<3 { _ = try await stage.token("ops") }
        let token = try await stage.token("ops")
        let all = await stage.send(.get, "/admin/v1/audit", token: token)
        #expect(all.status == 200)
        #expect(all.contentType?.description == "application/x-ndjson")
        let lines = all.text.split(separator: "\n").map { Array($0.utf8) }
        #expect(lines.count == 4)
        var previous = AuditChain.start
        for (index, line) in lines.enumerated() {
            let value = try JSONValue(line)
            #expect(value["number"]?.integer == index + 1)
            let hash = try #require(value["hash"]?.string)
            let end = #","hash":"\#(hash)"}"#.utf8.count
            previous = AuditChain.hash(after: previous, Array(line.dropLast(end)) + [0x7D])
            #expect(hash == Base64URL.encode(previous))
        }
        let some = await stage.send(.get, "/admin/v1/audit?after=1&limit=2", token: token)
        #expect(some.text.split(separator: "\n").count == 2)
        #expect(some.text.hasPrefix(#"{"number":2,"#))
        #expect(await stage.send(.get, "/admin/v1/audit?after=99", token: token).body == [])
        for query in ["after=x", "after=-1", "limit=0", "limit=1001", "cursor=a", "after=%"] {
            let refused = await stage.send(.get, "/admin/v1/audit?" + query, token: token)
            #expect(refused.status == 400)
        }
        #expect(try await stage.send(.get, "/admin/v1/audit", as: "reader").status == 403)
    }
}
