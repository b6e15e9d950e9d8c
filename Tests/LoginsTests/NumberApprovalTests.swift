import Logins
import TestSupport
import Testing

@Suite("An approval that needs a number")
struct NumberApprovalTests {
    private static func login(
        _ matching: NumberMatching,
        _ message: String? = "code 730194"
    ) throws -> PendingLogin {
        var fixture = PendingLogin.Fixture()
        fixture.bindingMessage = message
        fixture.numbers = NumberRule(matching, try NumberPattern("######"))
        return .inPhase(.waiting, fixture)
    }

    private static func decision(
        _ choice: Decision.Choice,
        by evidence: Evidence,
        _ matched: NumberMatching? = nil
    ) -> PendingLogin.Event {
        .decided(Decision(choice, evidence: evidence, at: noon, matched: matched), .fixture)
    }

    private static func evidence(_ method: Evidence.Method) -> Evidence {
        if method == .delegation {
            return Evidence(delegate: .init(client: .named("c"), token: "t"), address: nil)
        }
        return Evidence(method: method, via: .page, address: nil)
    }

    @Test("is refused by the login itself, whoever takes it", arguments: Evidence.Method.allCases)
    func refused(method: Evidence.Method) throws {
        let isUser = method != .delegation
        for matching in NumberMatching.allCases {
            var login = try Self.login(matching)
            let event = Self.decision(.approve, by: Self.evidence(method))
            if matching.isSecret, isUser {
                #expect(throws: PendingLogin.Refusal.unfit(.codeMissing)) {
                    try login.apply(event, at: noon)
                }
                // Matched in another way than was asked for.
                let other: NumberMatching = matching == .enter ? .choose : .enter
                #expect(throws: PendingLogin.Refusal.unfit(.codeMissing)) {
                    try login.apply(
                        Self.decision(.approve, by: Self.evidence(method), other),
                        at: noon
                    )
                }
                try login.apply(
                    Self.decision(.approve, by: Self.evidence(method), matching),
                    at: noon
                )
            } else {
                try login.apply(event, at: noon)
            }
            #expect(login.phase.outcome?.isApproval == true)
        }
    }

    @Test("without a number, is a passkey's or a backend's", arguments: Evidence.Method.allCases)
    func noNumber(method: Evidence.Method) throws {
        for message in ["Kiosk 12", nil] {
            var login = try Self.login(.enter, message)
            let event = Self.decision(.approve, by: Self.evidence(method))
            if method == .passkey || method == .delegation {
                try login.apply(event, at: noon)
            } else {
                #expect(throws: PendingLogin.Refusal.unfit(.codeMissing)) {
                    try login.apply(event, at: noon)
                }
            }
        }
    }

    @Test("is the only decision that needs one", arguments: Decision.Choice.allCases)
    func declined(choice: Decision.Choice) throws {
        guard choice != .approve else { return }
        var login = try Self.login(.enter)
        try login.apply(Self.decision(choice, by: Self.evidence(.tap)), at: noon)
        #expect(login.phase.outcome?.decision?.choice == choice)
    }

    // rule: N7
    @Test("ends the login with the fifth wrong one, not after the deadline, and counts no more")
    func wrong() throws {
        var login = try Self.login(.enter)
        for tries in 1...4 {
            try login.apply(.codeRefused, at: noon)
            #expect(login.wrongCodes == tries && login.codesLeft == 5 - tries)
            #expect(login.phase.name == .waiting)
        }
        var late = login
        #expect(throws: PendingLogin.Refusal.pastDeadline) {
            try late.apply(.codeRefused, at: PendingLogin.Fixture().promptEnds)
        }
        #expect(late == login)
        try login.apply(.codeRefused, at: noon)
        #expect(login.phase.outcome == .failed(.wrongCodes) && login.codesLeft == 0)
        #expect(throws: PendingLogin.Refusal.outOfPhase) {
            try login.apply(.codeRefused, at: noon)
        }
        #expect(login.wrongCodes == 5)
        #expect(Failure.wrongCodes.isTold && Failure.numberMissing.isTold)
    }
}
