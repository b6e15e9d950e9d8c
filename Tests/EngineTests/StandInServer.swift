import Engine
import Logins
import TestSupport
import Testing
import Threads

/// An authorization server that answers by a script, keeps what it was told, and complains of what
/// no honest caller does: reporting twice, the opposite, or two reports of one login at a time.
final class StandInServer: AuthorizationServer {
    struct Reported: Sendable {
        let login: LoginID
        let outcome: Outcome
        let origin: PendingLogin.Origin?
        let inDoubt: Bool
        let at: Timestamp
    }

    private struct State {
        var consents: [ConsentAnswer] = []
        var answers: [ReportAnswer] = []
        var taken: [LoginKey: Outcome] = [:]
        var underWay: Set<LoginKey> = []
    }

    let id: AuthorizationServerID
    /// Told of each answer: `later` is a failed call, as it is of a server that answers 503.
    let health: ServerHealth
    /// How many calls it has under way.
    let crowd = Crowd()
    let retries = RetrySchedule(first: .milliseconds(500), cap: .seconds(8), jitter: 0.2)
    let asked = Recorded<LoginID>()
    let reports = Recorded<Reported>()
    let consentGate = Gate()
    let reportGate = Gate()
    private let clock: ManualClock
    private let state = Locked(State())

    /// Its breaker opens after three failures, for a second, and then for two.
    init(_ id: String = "cloudentity", clock: ManualClock) {
        self.id = .named(id)
        self.clock = clock
        let pauses = RetrySchedule(first: .seconds(1), cap: .seconds(2), jitter: 0)
        let rule = CircuitBreaker.Rule(failures: 3, pauses: pauses)
        health = ServerHealth(self.id, rule: rule, clock: clock)
    }

    /// What the next questions for a consent are answered; then `Consent.fixture` again.
    func answerConsents(_ answers: ConsentAnswer...) { answerConsents(answers) }

    func answerConsents(_ answers: [ConsentAnswer]) {
        state.withLock { $0.consents = answers }
    }

    /// Adds to what the next reports are answered; then it is `taken` again.
    func answerNextReport(_ answer: ReportAnswer) {
        state.withLock { $0.answers.append(answer) }
    }

    func consent(of login: PendingLogin) async -> ConsentAnswer {
        await crowd.within {
            asked.append(login.key.login)
            await consentGate.pass()
            let answer = state.withLock {
                $0.consents.isEmpty ? .consent(.fixture) : $0.consents.removeFirst()
            }
            if case .later = answer { health.failed(.reading) } else { health.answered(.reading) }
            return answer
        }
    }

    func report(
        _ outcome: Outcome,
        of login: PendingLogin,
        inDoubt: Bool
    ) async -> ReportAnswer {
        await crowd.within {
            #expect(login.phase.name == .reporting && login.phase.outcome == outcome)
            state.withLock { state in
                if !state.underWay.insert(login.key).inserted {
                    Issue.record("two reports of one login at a time")
                }
                if let taken = state.taken[login.key], taken != outcome || !inDoubt {
                    Issue.record("reported as \(taken), and then as \(outcome)")
                }
            }
            reports.append(
                Reported(
                    login: login.key.login,
                    outcome: outcome,
                    origin: login.details.origin,
                    inDoubt: inDoubt,
                    at: clock.now()
                )
            )
            await reportGate.pass()
            let answer = state.withLock { state in
                state.underWay.remove(login.key)
                let answer = state.answers.isEmpty ? .taken : state.answers.removeFirst()
                if answer == .taken { state.taken[login.key] = outcome }
                return answer
            }
            if case .later = answer { health.failed(.telling) } else { health.answered(.telling) }
            return answer
        }
    }
}

/// Counts how many are at something at once.
final class Crowd: Sendable {
    private let state = Locked((now: 0, most: 0))

    /// The most there ever were at once.
    var most: Int { state.withLock { $0.most } }

    func within<Value: Sendable>(_ body: () async -> Value) async -> Value {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
        defer { state.withLock { $0.now -= 1 } }
        return await body()
    }
}
