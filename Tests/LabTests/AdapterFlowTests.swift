import HTTP
import JSON
import Logins
import Lab
import OAuthClient
import Telemetry
import TestSupport
import Testing

@testable import AuthorizationServers

/// Our adapter of ACP against the simulated one, consent by consent: what one of them has got wrong
/// about the wire the other refuses.
@Suite("The adapter at the simulated authorization server", .timeLimit(.minutes(3)))
struct AdapterFlowTests {
    /// A login about a lodged consent, as the start told it, and the adapter.
    struct Flow {
        let stage: Stage
        let consent: String
        let server: CloudentityServer
        let clock: ManualClock
        var login: PendingLogin

        init(_ stage: Stage, _ example: ConsentExample) async throws {
            self.stage = stage
            let (id, start) = try await stage.ask(example)
            consent = id
            clock = ManualClock()
            let family: CloudentityWorkspaces.Family =
                ["fdx", "cdr", "ksa"].contains(example.family)
                ? CloudentityWorkspaces.Family(rawValue: example.family) ?? .auto : .auto
            let settings = CloudentityOutbound(
                server: .named("acp"),
                acp: "http://acp.test",
                clientID: "beckon",
                scopes: ["manage_scope_grants", "manage_openbanking_consents"],
                workspaces: CloudentityWorkspaces([.named("retail"): .init(family: family)])
            )
            server = CloudentityServer(
                settings,
                credentials: { ClientCredentials(.secretBasic("beckon-system-client-secret")) },
                http: stage.network,
                clock: clock,
                log: .silent
            )
            let scopes = (start["requested_scopes"]?.array ?? []).compactMap(\.string)
            let named = scopes.first { $0.hasPrefix("consent:") }?.dropFirst("consent:".count)
            login = PendingLogin.arrived(
                start["login_id"]?.string ?? "",
                at: clock.now() - .seconds(5),
                reportsExpiry: .always,
                PendingLogin.Details(
                    user: .named(start["user_identifier"]?.string ?? ""),
                    workspace: .named(start["server_id"]?.string ?? ""),
                    requestedScopes: scopes,
                    consentID: (start["openbanking_intent_id"]?.string ?? named.map { String($0) })
                        .map { .named($0) },
                    state: start["login_state"]?.string
                )
            )
        }

        /// Asks the person, who then has an account.
        mutating func ask() async throws -> Consent {
            guard case .consent(let shown) = await server.consent(of: login) else {
                Issue.record("\(login.details) is not shown")
                throw NotShown()
            }
            var number = Consent.NamedAccount(
                identification: "94088392",
                ispb: "12345678",
                issuer: "1774",
                accountType: "CACC"
            )
            if case .payer(let named?) = shown.accounts { number = named }
            let account = BankAccount(
                id: "acc-1",
                name: "Current",
                display: "•••• 1",
                kind: .current,
                number: number,
                resourceType: shown.resources.first?.type,
                customerID: "c-1"
            )
            let question = Question(
                consent: shown,
                accounts: [account],
                digest: try #require(ConsentDigest(Array(repeating: 1, count: 32))),
                nonce: []
            )
            let delivery = PendingLogin.Delivery.fixture(at: clock.now())
            try login.apply(.prepared(question, [delivery]), at: clock.now())
            return shown
        }

        func decision(
            _ choice: Decision.Choice,
            _ accounts: [String] = ["acc-1"]
        ) throws -> Decision {
            let question = try #require(login.question)
            let scopes = question.consent.scopes.map(\.requestedName)
            return Decision(
                choice,
                evidence: Evidence(method: .tap, via: .page, address: nil),
                at: clock.now(),
                grant: choice == .approve ? Grant(scopes: scopes, accounts: accounts) : .nothing
            )
        }

        func report(_ outcome: Outcome) async -> ReportAnswer {
            await server.report(outcome, of: login, inDoubt: false)
        }

        func status() async throws -> String? {
            try await stage.control(.get, "/_sim/consents/\(consent)").body["status"]?.string
        }
    }

    struct NotShown: Error {}

    @Test("shows and accepts a consent of each family", arguments: ConsentExample.shown)
    func accepts(_ example: ConsentExample) async throws {
        try await Stage.with { stage in
            var flow = try await Flow(stage, example)
            let shown = try await flow.ask()
            #expect(shown.clientName == Stage.poller.name)
            #expect(await flow.report(.approved(try flow.decision(.approve))) == .taken)
            #expect(try await flow.status() == example.statuses[1])
            #expect(stage.rules == [])
        }
    }

    @Test("rejects a consent of each family", arguments: ConsentExample.shown)
    func rejects(_ example: ConsentExample) async throws {
        try await Stage.with { stage in
            var flow = try await Flow(stage, example)
            _ = try await flow.ask()
            #expect(await flow.report(.denied(try flow.decision(.deny))) == .taken)
            #expect(try await flow.status() == example.statuses[2])
            #expect(stage.rules == [])
        }
    }

    @Test("rejects an unanswered and a never shown consent", arguments: ConsentExample.shown)
    func expires(_ example: ConsentExample) async throws {
        try await Stage.with { stage in
            let flow = try await Flow(stage, example)
            #expect(await flow.report(.expired) == .taken)
            #expect(try await flow.status() == example.statuses[2])
            #expect(stage.rules == [])
        }
    }

    @Test("rejects a consent that cannot be shown as a scope grant")
    func unsupported() async throws {
        for example in ConsentExample.all where !example.isShown {
            try await Stage.with { stage in
                let flow = try await Flow(stage, example)
                #expect(await flow.server.consent(of: flow.login) == .unusable(.consentUnusable))
                #expect(await flow.report(.failed(.consentUnusable)) == .taken)
                #expect(stage.rules == [], "\(example.family)")
            }
        }
    }

    @Test("never approves another user's account", arguments: ConsentExample.shown)
    func foreignAccount(_ example: ConsentExample) async throws {
        try await Stage.with({ $0.accounts = ["customer-4711": ["acc-7"]] }) { stage in
            var flow = try await Flow(stage, example)
            _ = try await flow.ask()
            guard case .refused = await flow.report(.approved(try flow.decision(.approve))) else {
                Issue.record("somebody else's account was taken")
                return
            }
            #expect(try await flow.status() == example.statuses[0])
        }
    }

    @Test("notices that a consent changed after it was shown", arguments: ConsentExample.shown)
    func changed(_ example: ConsentExample) async throws {
        try await Stage.with { stage in
            stage.acp.knobs.set([.consentChange: .number("1")])
            var flow = try await Flow(stage, example)
            let shown = try await flow.ask()
            let seen = await flow.server.consent(of: flow.login)
            if example.family == "fdx" {
                // What it asks for now has no words: that is no approval either.
                #expect(seen == .unusable(.consentUnusable))
                return
            }
            guard case .consent(let again) = seen else {
                Issue.record("the changed consent is not shown: \(seen)")
                return
            }
            #expect(again != shown)
            #expect(again.source != shown.source)
        }
    }
}
