import Logins
import TestSupport
import Testing

@testable import Engine

@Suite("A channel that fails")
struct ChannelHealthTests {
    private let clock = ManualClock()
    private let log = CapturedLog()
    private let health: ChannelHealth

    init() { health = ChannelHealth(.named("app"), clock: clock, log: log.logger) }

    private func fail(_ user: String) {
        health.note(.refused("status 302"), for: .named(user), health.pass())
    }

    @Test("does not rest for one user, however often it fails, nor after a success in between")
    func oneUser() {
        for _ in 1...50 { fail("ann") }
        for user in ["b", "c", "d"] { fail(user) }
        #expect(health.pass() == .go)
        health.note(.delivered, for: .named("ann"), .go)
        for user in ["e", "f", "g", "h"] { fail(user) }
        #expect(health.pass() == .go)
        #expect(health.rest == nil)
        #expect(log.events.isEmpty)
    }

    @Test("rests after failures for several users, is probed, and comes back by itself")
    func severalUsers() {
        for user in 1...ChannelHealth.users { fail("user \(user)") }
        guard case .wait(let moment) = health.pass() else {
            Issue.record("the channel does not rest")
            return
        }
        #expect(health.rest != nil)
        #expect(log.events == ["channel.rests"])
        clock.advance(by: moment - clock.now())
        #expect(health.pass() == .probe)
        #expect(health.pass() == .wait(until: clock.now() + .seconds(1)), "one probe at a time")
        health.note(.later("status 503", after: nil), for: .named("ann"), .probe)
        guard case .wait(let second) = health.pass() else {
            Issue.record("a failed probe does not go on resting")
            return
        }
        clock.advance(by: second - clock.now())
        #expect(health.pass() == .probe)
        health.note(.delivered, for: .named("ann"), .probe)
        #expect(health.pass() == .go)
        #expect(health.rest == nil)
        #expect(log.events == ["channel.rests", "channel.resumed"])
    }

    @Test("does not rest because users are gone, however many")
    func goneUsers() {
        for user in 1...50 {
            health.note(.gone("status 410"), for: .named("user \(user)"), health.pass())
        }
        #expect(health.pass() == .go)
        #expect(log.events.isEmpty)
    }

    @Test(
        "ends its rest when the probe shows that it answers",
        arguments: [DeliveryAnswer.delivered, .gone("status 410")],
        [true, false]
    )
    func probe(answer: DeliveryAnswer, isRepeated: Bool) {
        for user in 1...ChannelHealth.users { fail("user \(user)") }
        guard case .wait(let moment) = health.pass() else {
            Issue.record("the channel does not rest")
            return
        }
        // An answer to a notification that was sent before the rest is no probe.
        if isRepeated { health.note(answer, for: .named("earlier"), .go) }
        clock.advance(by: moment - clock.now())
        #expect(health.pass() == .probe)
        health.note(answer, for: .named("ann"), .probe)
        #expect(health.pass() == .go)
        #expect(log.events == ["channel.rests", "channel.resumed"])
    }

    @Test("gives its turn to the next channel while it rests")
    func plan() {
        let crowd = Crowd()
        let steps = ["app", "sms"].enumerated().map { index, id in
            EscalationPlan.Step(
                channel: StandInChannel(id, clock: clock, crowd: crowd),
                after: .seconds(30 * Int64(index))
            )
        }
        let user = User(id: .named("ann"), isActive: true)
        let now = clock.now()
        let usual = EscalationPlan(steps).deliveries(for: user, at: now)
        #expect(usual.map(\.state) == [.due(at: now), .due(at: now + .seconds(30))])
        let resting = EscalationPlan(steps)
            .deliveries(for: user, at: now, resting: [.named("app")])
        #expect(resting.map(\.state) == [.due(at: now), .due(at: now)])
    }
}
