import Logins
import TestSupport
import Testing

@testable import Engine

@Suite("The activity of the last hour")
struct LoginActivityTests {
    private static let now = Timestamp(milliseconds: 1_930_000_000_000)

    private static func ended(
        _ ending: LoginActivity.Ending,
        _ ago: Duration,
        latency: Duration? = nil
    ) -> LoginActivity.Ended {
        LoginActivity.Ended(ending, at: now - ago, latency: latency)
    }

    @Test("counts endings in slices of five minutes, and forgets them after an hour")
    func slices() {
        let activity = LoginActivity()
        activity.add(Self.ended(.approved, .zero))
        activity.add(Self.ended(.approved, .seconds(1)))
        activity.add(Self.ended(.failed, .minutes(30)))
        activity.add(Self.ended(.expired, .minutes(75)))
        let hour = activity.hour(at: Self.now)
        #expect(hour.slices.count == 12)
        #expect(hour.slices.last?[.approved] == 2)
        #expect(hour.slices.reduce(0) { $0 + $1[.failed] } == 1)
        #expect(hour.slices.reduce(0) { $0 + $1.total } == 3)
        #expect(hour.latency == nil)
        let later = activity.hour(at: Self.now + .minutes(70))
        #expect(later.slices.allSatisfy { $0.total == 0 })
        // What came late is not taken for what is now in its place.
        activity.add(Self.ended(.denied, .minutes(-60)))
        activity.add(Self.ended(.denied, .zero))
        let next = activity.hour(at: Self.now + .minutes(60))
        #expect(next.slices.reduce(0) { $0 + $1[.denied] } == 1)
    }

    @Test("knows the latency of half and of nearly all reports, and of the slowest")
    func latency() {
        let activity = LoginActivity()
        for number in 1...100 {
            let latency = Duration.milliseconds(number <= 60 ? 40 : number <= 96 ? 800 : 45_000)
            activity.add(Self.ended(.approved, .seconds(number), latency: latency))
        }
        let latency = activity.hour(at: Self.now).latency
        #expect(latency?.count == 100)
        #expect(latency?.median == .milliseconds(50))
        #expect(latency?.most == .milliseconds(1_000))
        #expect(latency?.longest == .milliseconds(45_000))
    }

    @Test("counts a login once, when it is finished, with the time from decision to acceptance")
    func steps() {
        let activity = LoginActivity()
        for phase in PendingLogin.PhaseName.allCases {
            let login = PendingLogin.inPhase(phase)
            activity.note(
                LoginStep(
                    before: phase == .preparing ? nil : .inPhase(.preparing),
                    after: StoredLogin(number: LoginNumber(1), login: login)
                )
            )
        }
        let settled = PendingLogin.inPhase(.settled)
        let stored = StoredLogin(number: LoginNumber(1), login: settled)
        activity.note(LoginStep(before: settled, after: stored))
        let hour = activity.hour(at: PendingLogin.Fixture().receivedAt)
        #expect(hour.slices.reduce(0) { $0 + $1.total } == 1)
        #expect(hour.slices.reduce(0) { $0 + $1[.approved] } == 1)
        #expect(hour.latency?.longest == .zero)
    }
}
