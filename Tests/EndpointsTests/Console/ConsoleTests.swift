import Access
import Engine
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("The console")
struct ConsoleTests {
    /// Every page, with what it needs to exist.
    private static let pages = [
        "/console", "/console/logins", "/console/logins/1", "/console/stranded",
        "/console/sessions", "/console/users", "/console/users/passkeys", "/console/clients",
        "/console/delegation-consents",
        "/console/audit",
    ]
    /// Pages and forms that are for administrators only.
    private static let changes = [
        "/console/logins/1/retry", "/console/logins/1/abandon",
        "/console/sessions/session-moderator/end?of=console",
    ]

    // trust: C-11
    @Test(
        "shows every page to administrators and moderators, and to nobody else",
        arguments: pages,
        ConsoleStage.Who.allCases
    )
    func shown(_ page: String, _ who: ConsoleStage.Who) async throws {
        try await ConsoleStage.with { stage in
            try await stage.login("one")
            let answer = try await stage.send(.get, page, as: who)
            let isKnown = who == .admin || who == .moderator
            #expect(answer.status == (isKnown ? 200 : 401), "\(page): \(answer.text)")
            let encoded = String(page.replacing("/", with: "%2F"))
            #expect(answer.text.contains("/sso/oidc/console?to=" + encoded) == !isKnown)
            let policy = answer.field("content-security-policy") ?? ""
            #expect(policy.contains("script-src 'self'; style-src 'self'"))
            #expect(!answer.text.contains("style=") && !answer.text.contains("onclick"))
            #expect(answer.field("cache-control") == "no-store")
        }
    }

    // trust: C-11
    @Test(
        "lets only administrators see and send the forms that change something",
        arguments: changes,
        ConsoleStage.Who.allCases
    )
    func guarded(_ target: String, _ who: ConsoleStage.Who) async throws {
        try await ConsoleStage.with { stage in
            try await stage.login("one")
            let expected =
                switch who {
                case .stranger, .inbox: 401
                case .moderator: 403
                case .admin: 200
                }
            let page = try await stage.send(.get, target, as: who)
            #expect(page.status == expected, "\(target): \(page.text)")
            let path = String(target.prefix { $0 != "?" })
            let fields = [Field("of", "console")]
            let answer = try await stage.send(.post, path, as: who, form: fields)
            #expect(answer.status == (expected == 200 ? 303 : expected), "\(answer.text)")
            let login = try await stage.store.login(LoginNumber(1))
            if who != .admin {
                #expect(login?.login.phase.name == .stranded)
                #expect(try await stage.audit().allSatisfy { $0.kind.hasPrefix("login.") })
            }
        }
    }

    /// What is wrong with a form.
    enum Forgery: CaseIterable, Sendable {
        case noToken, tokenOfOther, otherOrigin, crossSite, otherType
    }

    // trust: C-17
    @Test(
        "takes a form only with the token of the session and from its own pages",
        arguments: Forgery.allCases,
        ["/console/logins/1/abandon", "/console/sign-out"]
    )
    func forgery(_ forgery: Forgery, _ target: String) async throws {
        try await ConsoleStage.with { stage in
            try await stage.login("one")
            var form: [Field] = []
            var fields: [Field] = []
            switch forgery {
            case .noToken: form = [Field("token", "")]
            case .tokenOfOther: form = [Field("token", try stage.secret(.moderator).formToken)]
            case .otherOrigin: fields = [Field("Origin", "https://evil.example")]
            case .crossSite: fields = [Field("Sec-Fetch-Site", "cross-site")]
            case .otherType: fields = [Field("Content-Type", "text/plain")]
            }
            let answer = try await stage.send(.post, target, form: form, fields: fields)
            #expect(answer.status == 403)
            #expect(try await stage.store.login(LoginNumber(1))?.login.phase.name == .stranded)
            #expect(try await stage.send(.get, "/console").status == 200)
        }
    }

    @Test(
        "retries or abandons a stranded login once it is confirmed, as the person in the audit",
        arguments: [("retry", PendingLogin.PhaseName.reporting), ("abandon", .settled)]
    )
    func resolved(name: String, phase: PendingLogin.PhaseName) async throws {
        try await ConsoleStage.with { stage in
            let number = try await stage.login("one")
            let target = "/console/logins/\(number.rawValue)/" + name
            let page = try await stage.send(.get, target).text
            #expect(page.contains("method=\"post\" action=\"\(target)\""))
            #expect(!page.contains("class=\"approve"), "the color of an approval")
            #expect(try await stage.store.login(number)?.login.phase.name == .stranded)
            let answer = try await stage.send(.post, target)
            #expect(answer.status == 303)
            #expect(answer.field("location") == "/console/logins/1?done=1")
            #expect(try await stage.store.login(number)?.login.phase.name == phase)
            let line = try #require(
                try await stage.audit().first { $0.kind == "login.\(name)_requested" }
            )
            #expect(line.members["by"]?.string == "console admin")
            #expect(line.members["session"]?.string == "session-admin")
            // Sent again, it changes nothing.
            #expect(try await stage.send(.post, target).status == 409)
        }
    }

    @Test("escapes what came from others, in every list and on every page")
    func hostile() async throws {
        try await ConsoleStage.with { stage in
            let hostile = "<b>\u{202E}\"'&x</b>"
            let number = try await stage.login("one", user: hostile, client: hostile)
            let pages = [
                "/console/logins", "/console/logins/\(number.rawValue)", "/console/stranded",
                "/console/logins?user=%3Cb%3E%22x",
            ]
            for page in pages {
                let text = try await stage.send(.get, page).text
                #expect(!text.contains("<b>"), "\(page)")
                #expect(!text.contains("\u{202E}"), "\(page)")
            }
            let sessions = try await stage.send(.get, "/console/sessions").text
            #expect(sessions.contains("Given &lt;moderator&gt;"))
        }
    }

    @Test(
        "says in the language of the page that something does not exist",
        arguments: [
            ("en", "doesn’t exist or was removed"), ("ar", "غير موجود أو أُزيل"),
            ("de", "gibt es nicht oder wurde entfernt"),
        ]
    )
    func missing(language: String, text: String) async throws {
        try await ConsoleStage.with { stage in
            for page in ["/console/logins/99", "/console/client-changes/cc_x"] {
                let answer = try await stage.send(
                    .get,
                    page,
                    fields: [Field("Accept-Language", language)]
                )
                #expect(answer.status == 404)
                #expect(answer.text.contains(text) && !answer.text.contains("class=\"error\""))
            }
        }
    }

    @Test("shows of a login what the admin API shows, and no ticket or state")
    func course() async throws {
        try await ConsoleStage.with { stage in
            let number = try await stage.login("one", choice: .approve)
            let text = try await stage.send(.get, "/console/logins/\(number.rawValue)").text
            for part in [
                "Stranded", "Approved", "no such scope", "4bf92f3577b34da6a3ce929d0e0e4736",
                "192.0.2.7", "The Shop",
            ] {
                #expect(text.contains(part), "\(part)")
            }
            #expect(!text.contains("anti-forgery"))
            #expect(try await stage.send(.get, "/console/logins/99").status == 404)
            #expect(try await stage.send(.get, "/console/logins/x").status == 404)
        }
    }

    @Test(
        "finds logins by identifier, number, user, client, phase and time",
        arguments: [
            ("id=two", ["2"]), ("id=3", ["3"]), ("user=ben", ["2"]), ("client=kiosk", ["3"]),
            ("phase=stranded", ["1"]), ("phase=waiting", ["3", "2"]), ("user=nobody", []),
            ("user=&id=&phase=&client=", ["3", "2", "1"]), ("user=alice&phase=waiting", ["3"]),
            ("from=1970-01-01T00:00", ["3", "2", "1"]), ("to=1970-01-01+00:00:00", []),
        ]
    )
    func found(_ query: String, _ expected: [String]) async throws {
        try await ConsoleStage.with { stage in
            try await stage.login("one")
            try await stage.login("two", .waiting, user: "ben")
            try await stage.login("three", .waiting, client: "kiosk")
            let answer = try await stage.send(.get, "/console/logins?" + query)
            #expect(answer.status == 200)
            #expect(Self.numbers(answer.text) == expected)
        }
    }

    @Test(
        "refuses a search that cannot be read",
        arguments: ["phase=over", "from=yesterday", "before=x", "user=%00", "a=1&a=2", "id=%zz"]
    )
    func unreadable(_ query: String) async throws {
        try await ConsoleStage.with { stage in
            let answer = try await stage.send(.get, "/console/logins?" + query)
            #expect(answer.status == 400)
        }
    }

    @Test("lists logins page by page without repeating or skipping one")
    func paged() async throws {
        try await ConsoleStage.with { stage in
            for number in 1...120 { try await stage.login("l\(number)") }
            for (start, order) in [("/console/logins", -1), ("/console/stranded", 1)] {
                var target: String? = start
                var seen: [String] = []
                while let page = target {
                    let text = try await stage.send(.get, page).text
                    let rows = Self.numbers(text)
                    #expect(rows.count <= 50)
                    seen += rows
                    target = text.firstMatch(of: /class="more"><a href="([^"]+)"/).map {
                        String($0.1).replacing("&amp;", with: "&")
                    }
                }
                let all = (1...120).map(String.init)
                #expect(seen == (order > 0 ? all : all.reversed()), "\(start)")
            }
        }
    }

    /// The numbers of the logins in a table.
    private static func numbers(_ text: String) -> [String] {
        text.matches(of: /<th scope="row"[^>]*><a href="\/console\/logins\/([0-9]+)"/)
            .map { String($0.1) }
    }

    // trust: C-14
    @Test("lets everybody sign out, and an administrator end the sessions of others")
    func sessions() async throws {
        try await ConsoleStage.with { stage in
            let answer = try await stage.send(
                .post,
                "/console/sessions/session-inbox/end",
                form: [Field("of", "inbox")]
            )
            #expect(answer.status == 303)
            #expect(
                try await !stage.send(.get, "/console/sessions?of=inbox").text
                    .contains("Given &lt;inbox&gt;")
            )
            let out = try await stage.send(.post, "/console/sign-out", as: .moderator)
            #expect(out.status == 303)
            #expect(out.field("location") == ConsoleStage.logoutURL)
            #expect(try await stage.send(.get, "/console", as: .moderator).status == 401)
            let ended = try await stage.audit().filter { $0.kind == "session.ended" }
            #expect(
                ended.map { $0.members["ended"]?.string } == [
                    "session-inbox", "session-moderator",
                ]
            )
        }
    }

    // trust: C-17
    // rule: P5
    @Test(
        "ends a session after five minutes without a request",
        arguments: [(300, 200), (301, 401)]
    )
    func idle(seconds: Int, status: Int) async throws {
        try await ConsoleStage.with { stage in
            stage.clock.advance(by: .seconds(seconds))
            let answer = try await stage.send(.get, "/console")
            #expect(answer.status == status)
        }
    }

    @Test(
        "plots what ended in the last hour, in bars as high as their share, and says it in a table"
    )
    func plot() async throws {
        try await ConsoleStage.with { stage in
            let empty = try await stage.send(.get, "/console").text
            #expect(empty.contains("No login ended in the last hour.") && !empty.contains("<svg"))
            let now = stage.clock.now()
            for (ending, count) in [(LoginActivity.Ending.approved, 3), (.denied, 1), (.voided, 2)]
            {
                for _ in 0..<count {
                    stage.activity.add(.init(ending, at: now, latency: .milliseconds(70)))
                }
            }
            stage.activity.add(.init(.expired, at: now - .minutes(10), latency: nil))
            let page = try await stage.send(.get, "/console").text
            // Six ended in the last slice: three, one and two sixths of 120.
            let bars = page.matches(
                of: /class="part ([a-z]+)" x="([0-9]+)" y="([0-9]+)" width="28" height="([0-9]+)"/
            )
            .map { [String($0.1), String($0.2), String($0.3), String($0.4)] }
            #expect(
                bars == [
                    ["expired", "366", "100", "20"], ["approved", "446", "60", "60"],
                    ["declined", "446", "40", "20"], ["failed", "446", "0", "40"],
                ]
            )
            #expect(page.contains("role=\"img\" aria-labelledby=\"plot-title\""))
            let cells = page.matches(of: /<td[^>]*data-label="Approved"[^>]*><bdi[^>]*>([0-9]+)</)
            #expect(cells.map { String($0.1) }.reversed().first == "3" && cells.count == 12)
            #expect(page.contains("70 ms"))
        }
    }

    @Test("knows from the store how logins ended before a start")
    func endings() async throws {
        try await ConsoleStage.with { stage in
            try await stage.login("one", .settled, choice: .approve)
            try await stage.login("two", .stranded)
            let now = stage.clock.now()
            let found = try await stage.store.endings(since: now, limit: 9)
            #expect(
                found.map(LoginActivity.Ended.init) == [
                    LoginActivity.Ended(.approved, at: now, latency: .zero)
                ]
            )
            #expect(try await stage.store.endings(since: now + .seconds(1), limit: 9).isEmpty)
        }
    }

    @Test("lists users, and blocks and unblocks one once it is confirmed")
    func users() async throws {
        try await ConsoleStage.with { stage in
            for name in ["ann", "b&<i>"] {
                try await stage.store.users.put(User(id: .named(name), isActive: true))
            }
            let list = try await stage.send(.get, "/console/users", as: .moderator).text
            #expect(list.contains("b&amp;&lt;i&gt;") && !list.contains("/console/users/block"))
            for (name, isActive, kind) in [
                ("block", false, "user.disabled"), ("unblock", true, "user.enabled"),
            ] {
                let target = "/console/users/" + name
                let form = [Field("user", "b&<i>")]
                let denied = try await stage.send(.post, target, as: .moderator, form: form)
                #expect(denied.status == 403)
                let page = try await stage.send(.get, target + "?user=b%26%3Ci%3E").text
                #expect(page.contains("name=\"user\" value=\"b&amp;&lt;i&gt;\""))
                #expect(try await stage.send(.post, target, form: form).status == 303)
                let user = try await stage.store.users.user(.named("b&<i>"))
                #expect(user?.isActive == isActive)
                #expect(try await stage.audit().last?.kind == kind)
            }
            let missing = [Field("user", "nobody")]
            #expect(
                try await stage.send(.post, "/console/users/block", form: missing).status == 404
            )
            let found = try await stage.send(.get, "/console/users?user=ann").text
            #expect(found.contains(">ann<") && !found.contains("b&amp;"))
        }
    }

    // trust: B-14
    @Test("lists consents to delegation and withdraws one once it is confirmed")
    func consents() async throws {
        try await ConsoleStage.with { stage in
            let client = try APIClient(
                id: .named("dc_1"),
                kind: .delegated,
                name: "Robot",
                createdAt: stage.clock.now(),
                authentication: .privateKeyJWT,
                keys: [try ConsoleClientTests.key(at: stage.clock.now())],
                grants: [.clientCredentials],
                scopes: [.loginsRead]
            )
            let consent = try DelegationConsent(
                id: "consent-1",
                user: .named("<u>"),
                client: client.id,
                textVersion: "2031-01",
                textDigest: Array(repeating: 1, count: 32),
                language: "de",
                acceptedAt: stage.clock.now(),
                address: "192.0.2.1",
                channel: .backend
            )
            _ = try await stage.store.access.commit([.addClient(client), .recordConsent(consent)])
            let list = try await stage.send(
                .get,
                "/console/delegation-consents?client=dc_1",
                as: .moderator
            ).text
            #expect(list.contains("&lt;u&gt;") && list.contains("In force"))
            let target = "/console/delegation-consents/consent-1/withdraw"
            #expect(try await stage.send(.post, target, as: .moderator).status == 403)
            #expect(try await stage.send(.get, target).status == 200)
            #expect(try await stage.send(.post, target).status == 303)
            #expect(try await stage.store.access.consent("consent-1")?.isInForce == false)
            #expect(try await stage.audit().last?.kind == "consent.withdrawn")
            let after = try await stage.send(.get, "/console/delegation-consents").text
            #expect(after.contains("Withdrawn") && !after.contains("In force"))
        }
    }

    @Test("shows the audit from its newest entry on, filters it, and exports it as NDJSON")
    func auditPages() async throws {
        try await ConsoleStage.with { stage in
            for number in 1...120 {
                let kind = number % 40 == 0 ? "client.created" : "token.issued"
                let event = AuditEvent(
                    kind,
                    at: stage.clock.now(),
                    ["name": .string("<i>\(number)")]
                )
                _ = try await stage.store.access.commit([.audit(event)])
            }
            func rows(_ text: String) -> [String] {
                text.matches(of: /<th scope="row"[^>]*>([0-9]+)</).map { String($0.1) }
            }
            var target: String? = "/console/audit"
            var seen: [String] = []
            while let page = target {
                let text = try await stage.send(.get, page, as: .moderator).text
                #expect(!text.contains("<i>") && text.contains("are unchanged"))
                seen += rows(text)
                target = text.firstMatch(of: /class="more"><a href="([^"]+)"/).map { String($0.1) }
            }
            #expect(seen == (1...120).reversed().map(String.init))
            let some = try await stage.send(.get, "/console/audit?event=client").text
            #expect(rows(some) == ["120", "80", "40"])
            let export = try await stage.send(.get, "/console/audit/export?after=118")
            #expect(export.contentType?.description == "application/x-ndjson")
            #expect(export.text.split(separator: "\n").count == 2)
            #expect(try await stage.send(.get, "/console/audit/export", as: .inbox).status == 401)
        }
    }
}
