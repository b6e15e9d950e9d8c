import Foundation
import Logins
import TestSupport
import Testing

/// The events without what they carry.
enum EventKind: String, CaseIterable, Sendable {
    case prepared, preparationDelayed, unusable, ticketIssued, delivered, notDelivered, reached,
        decided
    case deadlinePassed, consentChanged, approverLost, reportBegun, reportTaken, reportDelayed,
        reportGone,
        reportRefused,
        interrupted
    case retried, abandoned, codeRefused

    /// Every way the event can be told apart by the rules.
    var examples: [PendingLogin.Event] {
        let channel = PendingLogin.Delivery.fixture(at: noon).channel
        return switch self {
        case .prepared: [.prepared(.fixture, [.fixture(at: noon)]), .prepared(.fixture, [])]
        case .preparationDelayed: [.preparationDelayed("busy", until: noon + .seconds(1))]
        case .unusable: Failure.allCases.map { .unusable($0) }
        case .ticketIssued: [.ticketIssued(Array(repeating: 1, count: 32))]
        case .delivered: [.delivered(channel)]
        case .notDelivered:
            [
                .notDelivered(channel, "busy", until: noon + .seconds(1)),
                .notDelivered(channel, "no", until: nil),
            ]
        case .reached: [.reached]
        case .decided:
            Decision.Choice.allCases.map { .decided(.fixture($0, at: noon), .fixture) }
                + [.decided(.fixture(.approve, at: noon), Selection(accounts: ["not-asked-for"]))]
        case .deadlinePassed: [.deadlinePassed]
        case .consentChanged: [.consentChanged]
        case .approverLost: [true, false].map { .approverLost(.userDisabled, notArrived: $0) }
        case .reportBegun: [.reportBegun]
        case .reportTaken: [.reportTaken(confirmed: true), .reportTaken(confirmed: false)]
        case .reportDelayed:
            [true, false].map { .reportDelayed("busy", until: noon + .seconds(1), inDoubt: $0) }
        case .reportGone: [.reportGone]
        case .reportRefused: [.reportRefused("no")]
        case .interrupted: [.interrupted]
        case .retried: [.retried]
        case .abandoned: [.abandoned]
        case .codeRefused: [.codeRefused]
        }
    }

    /// Which kind an event is of. No `default`: a new event does not compile until it is here.
    static func kind(of event: PendingLogin.Event) -> EventKind {
        switch event {
        case .prepared: .prepared
        case .preparationDelayed: .preparationDelayed
        case .unusable: .unusable
        case .ticketIssued: .ticketIssued
        case .delivered: .delivered
        case .notDelivered: .notDelivered
        case .reached: .reached
        case .decided: .decided
        case .deadlinePassed: .deadlinePassed
        case .consentChanged: .consentChanged
        case .approverLost: .approverLost
        case .reportBegun: .reportBegun
        case .reportTaken: .reportTaken
        case .reportDelayed: .reportDelayed
        case .reportGone: .reportGone
        case .reportRefused: .reportRefused
        case .interrupted: .interrupted
        case .retried: .retried
        case .abandoned: .abandoned
        case .codeRefused: .codeRefused
        }
    }
}

let noon = Timestamp(milliseconds: 1_795_176_000_000)

@Suite("Transition table")
struct TransitionTests {
    /// The table of ARCHITECTURE.md: what is written for an event in a phase.
    static let written: [String: [String: Set<String>]] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("ARCHITECTURE.md")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        let part =
            text.components(separatedBy: "<!-- transitions -->").last?
            .components(separatedBy: "<!-- /transitions -->").first ?? ""
        var table: [String: [String: Set<String>]] = [:]
        var phases: [String] = []
        for line in part.split(separator: "\n") where line.hasPrefix("|") {
            let cells = line.split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            if cells.first == "event" {
                phases = Array(cells.dropFirst())
            } else if let event = cells.first, event.contains(where: \.isLetter) {
                for (phase, cell) in zip(phases, cells.dropFirst()) {
                    table[event, default: [:]][phase] = Set(
                        cell.components(separatedBy: ", ")
                    )
                }
            }
        }
        return table
    }()

    /// Logins in a phase that differ in what the rules look at.
    private func logins(in phase: PendingLogin.PhaseName) -> [PendingLogin] {
        var fixtures = [PendingLogin.Fixture()]
        fixtures.append(PendingLogin.Fixture())
        fixtures[1].reportsExpiry = .never
        return fixtures.flatMap { fixture in
            Decision.Choice.allCases.map { .inPhase(phase, fixture, choice: $0) }
                + [afterWrongCodes(in: phase, fixture)] + ended(in: phase, fixture)
        }
    }

    /// One that ends with the next wrong number.
    private func afterWrongCodes(
        in phase: PendingLogin.PhaseName,
        _ fixture: PendingLogin.Fixture
    ) -> PendingLogin {
        let login = PendingLogin.inPhase(phase, fixture)
        return PendingLogin(
            key: login.key,
            terms: login.terms,
            details: login.details,
            question: login.question,
            tickets: login.tickets,
            phase: login.phase,
            wrongCodes: PendingLogin.mostWrongCodes - 1
        )
    }

    /// The same, ended by expiry or for want of a channel, or approved and out of time.
    private func ended(
        in phase: PendingLogin.PhaseName,
        _ fixture: PendingLogin.Fixture
    ) -> [PendingLogin] {
        let report = PendingLogin.Report(next: noon)
        let approved = Outcome.approved(.fixture(.approve, at: noon))
        return [Outcome.expired, .failed(.noChannel), approved].compactMap { outcome in
            let base = fixture.make()
            let ended: PendingLogin.Phase? =
                switch phase {
                case .preparing, .waiting: nil
                case .reporting: .reporting(outcome, report)
                case .settled: .settled(outcome, .reported, at: noon)
                case .stranded:
                    .stranded(outcome, report, outcome == .failed(.noChannel) ? .gone : .outOfTime)
                }
            return ended.map {
                PendingLogin(
                    key: base.key,
                    terms: base.terms,
                    details: base.details,
                    question: .fixture,
                    tickets: [],
                    phase: $0
                )
            }
        }
    }

    @Test(
        "Transitions match the table in ARCHITECTURE.md",
        arguments: PendingLogin.PhaseName.allCases,
        EventKind.allCases
    )
    func table(_ phase: PendingLogin.PhaseName, _ kind: EventKind) throws {
        let fixture = PendingLogin.Fixture()
        let moments = [noon, fixture.promptEnds, fixture.reportEnds]
        var seen: Set<String> = []
        for before in logins(in: phase) {
            for event in kind.examples {
                #expect(EventKind.kind(of: event) == kind)
                for moment in moments {
                    var login = before
                    do {
                        try login.apply(event, at: moment)
                        seen.insert("\(login.phase.name)")
                    } catch {
                        #expect(login == before, "a refusal changes nothing")
                        seen.insert("*\(name(error))*")
                    }
                }
            }
        }
        #expect(try #require(Self.written[kind.rawValue]?["\(phase)"]) == seen)
    }

    @Test("The table in ARCHITECTURE.md has every event")
    func complete() {
        #expect(Set(Self.written.keys) == Set(EventKind.allCases.map(\.rawValue)))
    }

    private func name(_ refusal: PendingLogin.Refusal) -> String {
        switch refusal {
        case .notReady: "notReady"
        case .alreadyEnded: "alreadyEnded"
        case .pastDeadline: "pastDeadline"
        case .outOfPhase: "outOfPhase"
        case .consentBusy: "consentBusy"
        case .userBlocked: "userBlocked"
        case .key: "key"
        case .unfit: "unfit"
        }
    }
}
