import Engine
import Logins
import TestSupport
import Testing
import Threads

/// An authorization server with scripted answers that records its calls. It fails the test if an
/// outcome is reported twice, reversed, or in two calls at a time.
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
        var fate = ReportFate.unknown
        var taken: [LoginKey: Outcome] = [:]
        var underWay: Set<LoginKey> = []
    }

    let id: AuthorizationServerID
    /// Hears of each answer; `later` counts as a failed call, like a 503.
    let health: ServerHealth
    /// Counts the calls under way.
    let crowd = Crowd()
    let retries = RetrySchedule(first: .milliseconds(500), cap: .seconds(8), jitter: 0.2)
    let asked = Recorded<LoginID>()
    let reports = Recorded<Reported>()
    let consentGate = Gate()
    let reportGate = Gate()
    private let clock: ManualClock
    private let state = Locked(State())

    /// Its breaker opens after three failures: first for one second, then for two.
    init(_ id: String = "cloudentity", clock: ManualClock) {
        self.id = .named(id)
        self.clock = clock
        let pauses = RetrySchedule(first: .seconds(1), cap: .seconds(2), jitter: 0)
        let rule = CircuitBreaker.Rule(failures: 3, pauses: pauses)
        health = ServerHealth(self.id, rule: rule, clock: clock)
    }

    /// Sets the answers to the next requests for a consent. Later ones get `Consent.fixture`.
    func answerConsents(_ answers: ConsentAnswer...) { answerConsents(answers) }

    func answerConsents(_ answers: [ConsentAnswer]) {
        state.withLock { $0.consents = answers }
    }

    /// Adds an answer for the next reports. Later ones get `taken`.
    func answerNextReport(_ answer: ReportAnswer) {
        state.withLock { $0.answers.append(answer) }
    }

    /// Sets what this server's state says about reports in doubt.
    func tellFate(_ fate: ReportFate) { state.withLock { $0.fate = fate } }

    func fate(of outcome: Outcome, of login: PendingLogin) async -> ReportFate {
        state.withLock { $0.fate }
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

/// Counts concurrent calls.
final class Crowd: Sendable {
    private let state = Locked((now: 0, most: 0))

    /// The greatest number of concurrent calls so far.
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
