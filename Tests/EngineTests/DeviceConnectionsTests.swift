import Access
import Engine
import Logins
import TestSupport
import Testing
import Threads

@Suite("The waiting requests of devices", .timeLimit(.minutes(1)))
struct DeviceConnectionsTests {
    // rule: A6
    @Test("are woken within a second when another process has changed the store")
    func watch() async throws {
        let clock = ManualClock()
        let connections = DeviceConnections()
        let mark = Locked<StoreMark?>(nil)
        let watching = Task { await connections.watch({ mark.withLock { $0 } }, clock: clock) }
        let signals = try (0..<40).map { try #require(connections.join(.named("phone-\($0)"))) }
        func second(_ new: StoreMark?) async throws {
            try await clock.alarm(by: clock.now() + .seconds(1))
            mark.withLock { $0 = new }
            clock.advance(by: .seconds(1))
            // It has looked when it waits again.
            try await clock.alarm(by: clock.now() + .seconds(1))
        }
        func woken() async -> Int {
            var count = 0
            for signal in signals where signal.isRaised {
                await signal.wait()
                count += 1
            }
            return count
        }
        // It could not be told whether anything had changed until then.
        try await second(StoreMark(commits: 1, standings: 1))
        #expect(await woken() == 40)
        // What this process has changed it knows.
        try await second(StoreMark(commits: 2, standings: 2))
        #expect(await woken() == 0)
        try await second(StoreMark(commits: 3, standings: 2, others: 1))
        #expect(await woken() == 40)
        // While it cannot be told, each looks once in 15 seconds, not all at the same time.
        var each: [Int] = []
        for _ in 0..<15 {
            try await second(nil)
            each.append(await woken())
        }
        #expect(each.reduce(0, +) == 40)
        #expect(each.allSatisfy { $0 < 40 })
        watching.cancel()
        await watching.value
    }

    @Test("are limited, of one device and of all")
    func limits() {
        let connections = DeviceConnections(most: DeviceConnections.mostOfDevice + 1)
        let own = (0..<DeviceConnections.mostOfDevice).map { _ in connections.join(.named("a")) }
        #expect(own.allSatisfy { $0 != nil })
        #expect(connections.join(.named("a")) == nil)
        #expect(connections.join(.named("b")) != nil)
        #expect(connections.join(.named("c")) == nil)
        for signal in own.compactMap(\.self) {
            #expect(connections.leave(.named("a"), signal))
            #expect(!connections.leave(.named("a"), signal))
        }
        #expect(connections.count == 1)
        #expect(connections.join(.named("c")) != nil)
    }
}
