import Access
import Configuration
import TestSupport
import Testing
import Trust

@Suite("The settings of an identity provider")
struct IdentityProviderSettingsTests {
    // trust: C-2
    @Test(
        "are refused with the name of what is missing",
        arguments: ["client_id", "client_secret", "domain", "logout_url", "issuer"]
    )
    func missing(key: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            _ = try providerSettings(.inbox, without: key)
        }
        #expect(error.problems.map(\.path) == ["sign_in." + key])
    }

    @Test("name the controller of the console")
    func controller() throws {
        let error = try #require(throws: ConfigurationError.self) {
            _ = try providerSettings(.console, without: "controller_email")
        }
        #expect(error.problems.map(\.path) == ["sign_in.controller_email"])
        #expect(throws: ConfigurationError.self) {
            _ = try providerSettings(.inbox, ["controller_email": "\"a@b.example\""])
        }
    }

    // trust: C-3
    @Test("need every endpoint if one is given")
    func endpoints() throws {
        let all = [
            "authorization_endpoint": "\"https://login.bank.example/authorize?tenant=1\"",
            "token_endpoint": "\"https://login.bank.example/token\"",
            "jwks_uri": "\"https://login.bank.example/jwks\"",
        ]
        let settings = try #require(try providerSettings(.inbox, all))
        guard case .explicit(let endpoints) = settings.place else {
            Issue.record("the endpoints are not used")
            return
        }
        #expect(endpoints.authorization == "https://login.bank.example/authorize?tenant=1")
        for key in all.keys {
            let error = try #require(throws: ConfigurationError.self) {
                _ = try providerSettings(.inbox, all, without: key)
            }
            #expect(error.problems.map(\.path) == ["sign_in." + key])
        }
    }

    @Test(
        "find the metadata by the issuer or by their URL",
        arguments: [
            ("https://a.example", nil, "https://a.example/", ["https://a.example"]),
            ("https://a.example/", nil, "https://a.example/", ["https://a.example/"]),
            (
                nil, "https://a.example/", "https://a.example/",
                ["https://a.example", "https://a.example/"]
            ),
            (
                "https://a.example", "https://b.example/", "https://b.example/",
                ["https://a.example"]
            ),
        ] as [(String?, String?, String, [String])]
    )
    func place(issuer: String?, discovery: String?, base: String, issuers: [String]) throws {
        let path = ".well-known/openid-configuration"
        var keys: [String: String] = [:]
        if let issuer { keys["issuer"] = "\"\(issuer)\"" }
        if let discovery { keys["discovery_url"] = "\"\(discovery)\(path)\"" }
        let settings = try #require(
            issuer == nil
                ? try providerSettings(.inbox, keys, without: "issuer")
                : try providerSettings(.inbox, keys)
        )
        #expect(settings.place == .discovered(url: base + path, issuers: issuers))
    }

    @Test(
        "are refused with the key of what is wrong",
        arguments: [
            ("issuer", "\"http://login.bank.example\""),
            ("issuer", "\"https://login.bank.example?a=b\""),
            ("issuer", "\"https://login.bank.example#f\""),
            ("issuer", "\"login.bank.example\""), ("domain", "\"https://bank.example\""),
            ("domain", "\"bank.example/x\""), ("algorithms", "[\"none\"]"),
            ("algorithms", "[]"), ("leeway", "\"6m\""), ("logout_url", "\"/logout\""),
            ("token_request", "\"xml\""), ("claims", "{ users: \"a\" }"),
            ("client_secrets", "\"a\""),
        ]
    )
    func wrong(key: String, value: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            _ = try providerSettings(.inbox, [key: value])
        }
        #expect(error.problems.contains { $0.path.hasPrefix("sign_in." + key) })
    }

    // trust: C-10
    @Test("name the custom claims below the domain")
    func claims() throws {
        let settings = try #require(
            try providerSettings(.inbox, ["claims": "{ user: \"person\" }"])
        )
        #expect(settings.userClaim == "https://bank.example/person")
        #expect(settings.accountClaim == "https://bank.example/ciba_account")
    }

    @Test("give the inbox an hour and the console eight, five minutes without a request")
    func sessions() throws {
        let inbox = try #require(try providerSettings(.inbox))
        let console = try #require(try providerSettings(.console))
        #expect(inbox.sessions == .init(idle: .seconds(300), absolute: .seconds(3600)))
        #expect(console.sessions == .init(idle: .seconds(300), absolute: .seconds(28_800)))
    }

    // trust: C-4
    @Test(
        "let a sign-in end only at a page of its application",
        arguments: [
            ("/inbox", true), ("/inbox/", true), ("/inbox/logins/4711", true),
            ("/inbox?sort=new", true), ("/inboxes", false), ("/console", false), ("", false),
            ("//evil.example", false), ("/inbox//evil.example", false),
            ("https://evil.example/inbox", false), ("/inbox/../console", false),
            ("/inbox/./a", false), ("/inbox\\evil", false), ("/inbox/a b", false),
            ("/inbox/%2e%2e/console", false), ("/inbox/\n", false), ("/inbox@evil.example", false),
            ("/inbox/" + String(repeating: "a", count: 512), false),
        ]
    )
    func page(target: String, isPage: Bool) {
        #expect(SignInApplication.inbox.isPage(target) == isPage)
    }
}
