import Engine
import Logins
import TestSupport
import Testing
import Threads

@Suite("System clock", .timeLimit(.minutes(3)))
struct SystemClockTests {
    let clock = SystemClock()
    let rung = Recorded<String>()

    @Test("An action runs once and not before its time")
    func rings() async throws {
        let moment = clock.now() + .milliseconds(30)
        let times = Recorded<Timestamp>()
        clock.schedule("a", at: moment) { [clock] in times.append(clock.now()) }
        try await times.wait(for: 1, "rings")
        clock.schedule("b", at: clock.now() + .milliseconds(20)) { [rung] in rung.append("b") }
        try await rung.wait(for: 1, "rings")
        #expect(times.entries.count == 1)
        #expect(times.entries.allSatisfy { $0 >= moment })
    }

    @Test("An action after a time runs once and not before, unless it is cancelled")
    func spans() async throws {
        let start = clock.uptime()
        let times = Recorded<Duration>()
        clock.schedule("a", after: .milliseconds(20)) { [rung] in rung.append("cancelled") }
        clock.schedule("a", after: nil) {}
        // The names of moments are others.
        clock.schedule("b", after: .milliseconds(30)) { [clock] in times.append(clock.uptime()) }
        clock.schedule("b", at: nil) {}
        clock.schedule("c", after: .seconds(Int64.max)) { [rung] in rung.append("never") }
        clock.schedule("z", after: .milliseconds(60)) { [rung] in rung.append("end") }
        try await rung.wait(for: 1, "rings")
        #expect(rung.entries == ["end"])
        #expect(times.entries.count == 1)
        #expect(times.entries.allSatisfy { $0 >= start + .milliseconds(29) })
        clock.schedule("c", after: nil) {}
    }

    @Test("An action for a past time runs immediately")
    func past() async throws {
        clock.schedule("a", at: Timestamp(milliseconds: 0)) { [rung] in rung.append("a") }
        try await rung.wait(for: 1, "rings")
    }

    @Test("Only the last action under a name runs")
    func replaced() async throws {
        clock.schedule("a", at: clock.now() + .milliseconds(20)) { [rung] in rung.append("first") }
        clock.schedule("a", at: clock.now() + .milliseconds(50)) { [rung] in rung.append("second") }
        clock.schedule("z", at: clock.now() + .milliseconds(80)) { [rung] in rung.append("end") }
        try await rung.wait("the end") { $0.contains("end") }
        #expect(rung.entries == ["second", "end"])
    }

    @Test("An action that is postponed at the last moment does not run early")
    func putOff() async throws {
        for round in 1...2_000 {
            clock.schedule("a\(round)", at: clock.now()) {}
            clock.schedule("a\(round)", at: clock.now() + .seconds(3600)) { [rung] in
                rung.append("early")
            }
        }
        clock.schedule("z", at: clock.now() + .milliseconds(5)) { [rung] in rung.append("end") }
        try await rung.wait("the end") { $0.contains("end") }
        #expect(rung.entries == ["end"])
        for round in 1...2_000 { clock.schedule("a\(round)", at: nil) {} }
    }

    @Test("An action can be brought forward")
    func earlier() async throws {
        clock.schedule("a", at: clock.now() + .seconds(3600)) { [rung] in rung.append("late") }
        clock.schedule("a", at: clock.now() + .milliseconds(10)) { [rung] in rung.append("early") }
        try await rung.wait(for: 1, "rings")
        #expect(rung.entries == ["early"])
    }

    @Test("A cancelled action does not run")
    func cancelled() async throws {
        clock.schedule("a", at: clock.now() + .milliseconds(20)) { [rung] in rung.append("a") }
        clock.schedule("a", at: nil) {}
        clock.schedule("never scheduled", at: nil) {}
        clock.schedule("z", at: clock.now() + .milliseconds(50)) { [rung] in rung.append("end") }
        try await rung.wait(for: 1, "rings")
        #expect(rung.entries == ["end"])
    }

    @Test("A name can be used again after its action ran, also from within it")
    func nameIsUsedAgain() async throws {
        clock.schedule("a", at: clock.now()) { [clock, rung] in
            rung.append("first")
            clock.schedule("a", at: clock.now() + .milliseconds(5)) { rung.append("second") }
        }
        try await rung.wait(for: 2, "rings")
        #expect(rung.entries == ["first", "second"])
    }

    @Test("A wait ends by its signal, its time or cancellation")
    func waits() async throws {
        let signal = Signal()
        signal.raise()
        try await within { [clock] in
            await clock.wait(for: signal, until: clock.now() + .seconds(3600))
        }
        let end = clock.now() + .milliseconds(20)
        try await within { [clock] in await clock.wait(until: end) }
        #expect(clock.now() >= end)
        try await within { [clock] in
            await withTaskGroup { group in
                group.addTask { await clock.wait(for: Signal(), until: nil) }
                group.cancelAll()
            }
        }
    }
}
