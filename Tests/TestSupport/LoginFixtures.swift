import Consents
public import Logins

/// Logins for tests. They reach their phase by legal events only.
extension PendingLogin {
    /// What a test can choose of a login. Everything has a usable default.
    public struct Fixture: Sendable {
        public var server = "cloudentity"
        public var tenant: String? = "acme"
        public var id = "login-1"
        public var user = "alice"
        public var client: String? = "shop"
        public var receivedAt = Timestamp(milliseconds: 1_795_176_000_000)
        public var lifetime: Duration = .seconds(120)
        /// How long before its end the prompt ends.
        public var margin: Duration = .seconds(10)
        /// How long before its end nothing is reported any more.
        public var reportMargin: Duration = .zero
        public var reportsExpiry = ExpiryRule.always
        public var consent = ConsentName.own

        /// The consent's identifier.
        public enum ConsentName: Sendable {
            /// One that no other login has.
            case own
            case unknown
            case named(String)
        }
        public var bindingMessage: String? = "4711"
        /// How the number in the message is matched; nil for not at all.
        public var numbers: NumberRule?

        public init() {}
        public init(id: String) { self.id = id }

        public var promptEnds: Timestamp { receivedAt + lifetime - margin }
        public var reportEnds: Timestamp { receivedAt + lifetime - reportMargin }

        /// A login that has just arrived, with these details or those of the fixture. Traps if a text is
        /// not an identifier.
        public func make(_ details: Details? = nil) -> PendingLogin {
            PendingLogin(
                key: LoginKey(
                    server: .named(server),
                    tenant: tenant.map { .named($0) },
                    login: .named(id)
                ),
                terms: Terms(
                    receivedAt: receivedAt,
                    expiresAt: receivedAt + lifetime,
                    promptEnds: promptEnds,
                    reportEnds: reportEnds,
                    reportsExpiry: reportsExpiry
                ),
                details: details
                    ?? Details(
                        user: .named(user),
                        workspace: .named("payments"),
                        client: client.map { .named($0) },
                        clientName: "The Shop",
                        requestedScopes: ["openid", "payment:1"],
                        acrValues: ["urn:acr:2fa"],
                        bindingMessage: BindingMessage(bindingMessage, numbers),
                        consentID: consentID,
                        state: "anti-forgery",
                        authorizationDetails: #"[{"type":"t"}]"#,
                        unknownMembers: #"{"x":1}"#,
                        origin: .fixture
                    )
            )
        }

        private var consentID: ConsentID? {
            switch consent {
            case .own: .named("consent-" + id.suffix(500))
            case .unknown: nil
            case .named(let name): .named(name)
            }
        }
    }

    /// A login as an adapter makes it when its server starts one.
    public static func arrived(
        _ id: String = "l1",
        server: String = "acp",
        tenant: String? = "bank",
        at receivedAt: Timestamp,
        lifetime: Duration = .seconds(120),
        reportsExpiry: ExpiryRule = .never,
        _ details: Details
    ) -> PendingLogin {
        var fixture = Fixture(id: id)
        fixture.server = server
        fixture.tenant = tenant
        fixture.receivedAt = receivedAt
        fixture.lifetime = lifetime
        fixture.reportMargin = .seconds(1)
        fixture.reportsExpiry = reportsExpiry
        return fixture.make(details)
    }

    /// A login in a phase, reached by the fewest events. The outcome is that of `choice`; `stranded`
    /// was refused by the server and `settled` was accepted by it.
    public static func inPhase(
        _ phase: PhaseName,
        _ fixture: Fixture = Fixture(),
        choice: Decision.Choice = .approve
    ) -> PendingLogin {
        var login = fixture.make()
        let now = fixture.receivedAt
        func apply(_ event: Event) {
            do {
                try login.apply(event, at: now)
            } catch {
                preconditionFailure("the fixture takes \(event): \(error)")
            }
        }
        switch phase {
        case .preparing: break
        case .waiting:
            apply(.prepared(.fixture, [.fixture(at: now)]))
        case .reporting:
            apply(.prepared(.fixture, [.fixture(at: now)]))
            apply(.decided(.fixture(choice, at: now), .fixture))
        case .settled:
            apply(.prepared(.fixture, [.fixture(at: now)]))
            apply(.decided(.fixture(choice, at: now), .fixture))
            apply(.reportTaken(confirmed: true))
        case .stranded:
            apply(.prepared(.fixture, [.fixture(at: now)]))
            apply(.decided(.fixture(choice, at: now), .fixture))
            apply(.reportRefused("no such scope"))
        }
        return login
    }
}

extension PendingLogin.Origin {
    /// The example of Trace Context §3.2.4.
    public static let fixture = Self(
        request: 42,
        trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    )
}

extension Consent {
    public static let fixture = Consent(
        clientName: "The Shop",
        scopes: [
            Scope(requestedName: "openid"),
            Scope(
                requestedName: "payment:1",
                displayName: "A payment",
                explanation: "12.50 € to Bob"
            ),
        ]
    )
}

extension Question {
    public static let fixture = Question(
        consent: .fixture,
        digest: ConsentForm.digest(of: .fixture),
        nonce: Array(repeating: 7, count: 32)
    )
}

extension Selection {
    /// Everything that `Question.fixture` asks for.
    public static let fixture = Selection(shown: Question.fixture.digest)
}

extension PendingLogin.Delivery {
    public static func fixture(_ channel: String = "webhook", at moment: Timestamp) -> Self {
        PendingLogin.Delivery(
            channel: .named(channel),
            state: .due(at: moment)
        )
    }
}

extension Decision {
    /// A decision by tap as a desk records it for `login-1`, with its challenge.
    public static func answer(
        _ choice: Choice,
        to question: Question,
        at moment: Timestamp
    ) -> Decision {
        let decision = fixture(choice, at: moment)
        return Decision(
            choice,
            evidence: decision.evidence,
            at: moment,
            grant: decision.grant,
            challenge: DecisionChallenge.bytes(
                for: choice,
                grant: decision.grant,
                of: question,
                in: .named("login-1")
            ),
            merit: choice == .approve ? Merit(rule: "default", acr: nil) : nil
        )
    }

    /// A recorded decision. An approval grants all of `Consent.fixture`.
    public static func fixture(_ choice: Choice, at moment: Timestamp) -> Decision {
        Decision(
            choice,
            evidence: Evidence(method: .tap, via: .page, address: "192.0.2.7"),
            at: moment,
            grant: Grant(
                scopes: choice == .approve ? Consent.fixture.scopes.map(\.requestedName) : []
            )
        )
    }
}
