import Testing
import Threads

@Suite("A signal", .timeLimit(.minutes(1)))
struct SignalTests {
    @Test(
        "ends a wait because it was raised, or else because its time is over",
        arguments: [
            ("r", [true]), ("l", [false]), ("rr", [true]), ("ll", [false]), ("rl", [true]),
            ("lr", [true]),
        ]
    )
    func before(calls: String, answers: [Bool]) async {
        let signal = Signal()
        for call in calls { call == "r" ? signal.raise() : signal.lapse() }
        var found = [await signal.wait()]
        // It is lowered now.
        signal.lapse()
        found.append(await signal.wait())
        #expect(found == answers + [false])
    }

    @Test("ends a wait under way, and keeps what comes after it", arguments: [true, false])
    func during(isRaised: Bool) async {
        let signal = Signal()
        async let waiting = signal.wait()
        while !signal.isAwaited { await Task.yield() }
        if isRaised { signal.raise() } else { signal.lapse() }
        #expect(await waiting == isRaised)
        signal.raise()
        #expect(await signal.wait())
    }
}
