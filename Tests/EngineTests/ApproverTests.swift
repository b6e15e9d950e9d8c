import Engine
import Logins
import TestSupport
import Testing

@Suite("A user who may not approve any more", .timeLimit(.minutes(3)))
struct ApproverTests {
    enum Loss: CaseIterable, Sendable {
        case removed, disabled, withoutChannel

        var failure: Failure {
            switch self {
            case .removed: .userUnknown
            case .disabled: .userDisabled
            case .withoutChannel: .noChannel
            }
        }

        func happen(in people: StandInDirectory) {
            let id = UserID.named("alice")
            switch self {
            case .removed: people.remove(id)
            case .disabled: people.put(User(id: id, isActive: false))
            case .withoutChannel: people.put(User(id: id, isActive: true, channels: []))
            }
        }
    }

    /// The user's documents, those in the consent, and whether the user is asked.
    static let holders: [([String], [Fact.Known: String], Bool)] = [
        (["111.444.777-35"], [.personDocument: "CPF 11144477735"], true),
        (["11144477735"], [.personDocument: "111.444.777-35"], true),
        (["11144477735"], [.personDocument: "CPF 11144477736"], false),
        (["11144477735"], [.personDocument: "passport X1"], false),
        (["11144477735"], [.businessDocument: "CNPJ 12345678000195"], true),
        (["12345678000195"], [.personDocument: "CPF 11144477735"], true),
        (["12345678000196"], [.businessDocument: "CNPJ 12345678000195"], false),
        (
            ["11144477735"],
            [.personDocument: "CPF 11144477735", .businessDocument: "CNPJ 12345678000195"], true
        ),
        (
            ["11144477736"],
            [.personDocument: "CPF 11144477735", .businessDocument: "CNPJ 12345678000195"], false
        ),
        (
            ["11144477735", "12.345.678/0001-95"],
            [.personDocument: "CPF 11144477735", .businessDocument: "CNPJ 12345678000195"], true
        ),
        (
            ["11144477735", "12345678000195"],
            [.personDocument: "CPF 11144477735", .businessDocument: "CNPJ 12345678000196"], false
        ),
        // A consent says every digit. In the directory zeros at the start may be lost, where a number
        // was in between.
        (["00144477735"], [.personDocument: "CPF 144477735"], false),
        (["1144477735"], [.personDocument: "CPF 011.444.777-35"], true),
        (["00044477735"], [.personDocument: "44477735"], false),
        (["01144477735"], [.personDocument: "CPF 1144477736"], false),
        (["2345678000195"], [.businessDocument: "CNPJ 02345678000195"], true),
        (["00045678000195"], [.businessDocument: "CNPJ 45678000195"], false),
        (["00045678000195"], [.businessDocument: "45678000195"], true),
        (["12ABC34501DE35"], [.businessDocument: "CNPJ 12.abc.345/01DE-35"], true),
        ([], [.personDocument: "CPF 11144477735"], true),
        (["11144477735"], [:], true),
    ]

    @Test("is not asked in the name of another person or company", arguments: holders.indices)
    func holder(_ index: Int) async throws {
        let (known, named, isAsked) = Self.holders[index]
        let consent = Consent(
            kind: .brasilData,
            clientName: nil,
            scopes: [.init(requestedName: "openid")],
            facts: named.map { Fact(.known($0.key), .text($0.value)) }
        )
        let stage = try Stage()
        stage.people.put(
            User(
                id: .named("alice"),
                isActive: true,
                documents: Set(known.compactMap { IdentityDocument($0) })
            )
        )
        stage.server.answerConsents(.consent(consent), .consent(consent))
        try await stage.run { run in
            let number = try await run.start()
            try await stage.login(number, "asked or ended") {
                [.waiting, .settled].contains($0.phase.name)
            }
        }
        let outcomes = stage.server.reports.entries.map(\.outcome)
        #expect(outcomes == (isAsked ? [] : [.failed(.consentOfAnother)]))
        #expect(stage.log.events.contains("consent.of_another") == !isAsked)
        let said = stage.log.lines.map(\.members).joined()
        for document in known + named.values { #expect(!said.contains(document.suffix(11))) }
    }

    @Test("cannot approve once the directory knows another document")
    func holderChanged() async throws {
        let consent = Consent(
            kind: .brasilData,
            clientName: nil,
            scopes: [.init(requestedName: "openid")],
            facts: [Fact(.known(.personDocument), .text("CPF 11144477735"))]
        )
        let stage = try Stage()
        stage.server.answerConsents(.consent(consent))
        try await stage.run { run in
            let (_, ticket) = try await run.prompt()
            let other = try #require(IdentityDocument("11144477736"))
            stage.people.put(User(id: .named("alice"), isActive: true, documents: [other]))
            await #expect(throws: DecisionDesk.Refusal.userMayNotApprove(.consentOfAnother)) {
                try await run.decide(.approve, ticket)
            }
        }
    }

    @Test("cannot approve, and can decline in every way", arguments: Loss.allCases)
    func deciding(_ loss: Loss) async throws {
        for decline in [Decision.Choice.deny, .cancel, .reportAsFraud] {
            let stage = try Stage()
            try await stage.run { run in
                let (number, ticket) = try await run.prompt()
                loss.happen(in: stage.people)
                await #expect(throws: DecisionDesk.Refusal.userMayNotApprove(loss.failure)) {
                    try await run.decide(.approve, ticket)
                }
                try await run.decide(decline, ticket)
                try await stage.login(number, reaching: .settled)
            }
            #expect(stage.server.reports.entries.map(\.outcome.isApproval) == [false])
        }
    }

    @Test("has an approval voided that still waits for its report", arguments: Loss.allCases)
    func reporting(_ loss: Loss) async throws {
        let stage = try Stage()
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            stage.server.answerConsents(.later("503", after: .zero))
            stage.server.consentGate.close()
            try await run.decide(.approve, ticket)
            try await stage.server.asked.wait("the look before the report") { $0.count == 2 }
            loss.happen(in: stage.people)
            stage.server.consentGate.open()
            try await stage.login(number, "delayed") { login in
                if case .reporting(_, let report) = login.phase {
                    report.attempts.count == 1
                } else {
                    false
                }
            }
            stage.clock.advance(by: .seconds(2))
            let login = try await stage.login(number, reaching: .settled)
            guard case .settled(.voided(_, let failure), .reported, _) = login.phase else {
                Issue.record("\(login.phase)")
                return
            }
            #expect(failure == loss.failure)
        }
        #expect(stage.server.reports.entries.map(\.outcome.isApproval) == [false])
    }

    static let fates: [(fate: ReportFate, end: String, reports: [Bool])] = [
        (.unknown, "stranded", [true]),
        (.known(.refused("the server has it rejected")), "stranded", [true]),
        (.known(.taken), "settled", [true]),
        (.known(.gone), "settled", [true]),
        (.notArrived, "settled", [true, false]),
    ]

    @Test(
        "has an approval in doubt rejected only where the server shows that it did not arrive",
        arguments: fates
    )
    func inDoubt(_ row: (fate: ReportFate, end: String, reports: [Bool])) async throws {
        let stage = try Stage()
        stage.server.tellFate(row.fate)
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            stage.server.answerNextReport(.later("503", after: .zero, inDoubt: true))
            stage.server.reportGate.close()
            try await run.decide(.approve, ticket)
            try await stage.server.reports.wait("the first report") { $0.count == 1 }
            Loss.disabled.happen(in: stage.people)
            stage.server.reportGate.open()
            try await stage.login(number, "delayed") { login in
                if case .reporting(_, let report) = login.phase { report.inDoubt } else { false }
            }
            stage.clock.advance(by: .seconds(2))
            let login = try await stage.login(number, "ended") {
                [.settled, .stranded].contains($0.phase.name)
            }
            #expect("\(login.phase.name)" == row.end)
            #expect(login.phase.outcome?.isApproval == row.reports.last)
        }
        #expect(stage.server.reports.entries.map(\.outcome.isApproval) == row.reports)
    }

    @Test("is told apart from a directory that is down, which loses nothing")
    func directoryDown() async throws {
        let stage = try Stage()
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            stage.people.setDown(true)
            let down = DirectoryError.unavailable("down for a test")
            await #expect(throws: DecisionDesk.Refusal.directory(down)) {
                try await run.decide(.approve, ticket)
            }
            stage.people.setDown(false)
            stage.server.consentGate.close()
            try await run.decide(.approve, ticket)
            try await stage.server.asked.wait("the look before the report") { $0.count == 2 }
            stage.people.setDown(true)
            stage.server.answerConsents(.later("503", after: .zero))
            stage.server.consentGate.open()
            for delays in 1...2 {
                try await stage.login(number, "delayed") { login in
                    if case .reporting(_, let report) = login.phase {
                        report.attempts.count == delays
                    } else {
                        false
                    }
                }
                if delays == 2 { stage.people.setDown(false) }
                stage.clock.advance(by: .seconds(3))
            }
            try await stage.login(number, reaching: .settled)
        }
        #expect(stage.server.reports.entries.map(\.outcome.isApproval) == [true])
    }
}
