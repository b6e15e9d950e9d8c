import Endpoints
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import Endpoints

@Suite("What is granted")
struct GrantedScopeTests {
    private static let names = [
        "transfer.9000EUR", "consent:urn:bank:C1", "openid", "profile", #"a<b>&"c'"#,
        "pay\u{202E}RUE0009", "pa\u{443}", String(repeating: "x", count: 300), "a b",
        "bank:accounts.basic:read",
    ]

    @Test("is said of a client by its whole name, where a heading cuts it")
    func longName() async throws {
        let name = "The " + String(repeating: "very ", count: 40) + "long name"
        try await Stage.with { stage in
            let prompt = try await stage.prompt(client: name)
            #expect(await stage.get(prompt.page).text.contains(name))
            #expect(await stage.get(prompt.device, [prompt.bearer]).text.contains(name))
            _ = await stage.decide("approve", prompt)
            #expect(await stage.get(prompt.page).text.contains(name))
        }
    }

    @Test(
        "stands on the page and in the device interface: name, parameter and description",
        arguments: names
    )
    func shown(_ name: String) async throws {
        let display = "Transfer money"
        let scopes: [Consent.Scope] = [
            .init(requestedName: name, displayName: display, explanation: "To anybody"),
            .init(requestedName: name),
            .init(requestedName: name, displayName: display, isImplicit: true),
            .init(requestedName: name, displayName: display, isOptional: true),
        ]
        for scope in scopes {
            try await Stage.with { stage in
                let prompt = try await stage.prompt(scopes: [scope, .init(requestedName: "other")])
                let page = await stage.get(prompt.page).text
                #expect(page.contains(InertText.html(name).markup), "\(scope)")
                if let text = scope.displayName { #expect(page.contains(text)) }
                if let text = scope.explanation { #expect(page.contains(text)) }
                let document = try JSONValue(await stage.get(prompt.device, [prompt.bearer]).body)
                let listed = document["scopes"]?.array?.compactMap { $0["name"]?.string } ?? []
                _ = await stage.decide("approve", prompt)
                let stored = try #require(try await stage.store.login(prompt.number))
                let grant = try #require(stored.login.phase.outcome?.decision?.grant)
                #expect(grant.scopes.map { Array($0.utf8) } == listed.map { Array($0.utf8) })
                #expect(grant.scopes.count == 2)
            }
        }
    }

    @Test(
        "is named in our words first, whatever the server calls a scope that we know",
        arguments: [
            ("openid", "Openid", "Confirm who you are", false),
            ("offline_access", "Offline Access", "Keep access while you’re away", false),
            ("openid", "Sign in", "Confirm who you are", true),
            ("transfer.9000EUR", "Transfer money", "Transfer money", true),
        ]
    )
    func named(name: String, display: String, title: String, isNamed: Bool) async throws {
        try await Stage.with { stage in
            let scope = Consent.Scope(requestedName: name, displayName: display)
            let page = await stage.get(try await stage.prompt(scopes: [scope]).page).text
            #expect(page.contains("<strong><bdi dir=\"auto\">\(title)</bdi></strong>"))
            #expect(page.contains(">\(name)</bdi>"))
            #expect(page.contains(">\(display)</bdi>") == isNamed)
        }
    }
}
