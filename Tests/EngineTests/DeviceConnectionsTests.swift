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
        let mark = Locked<StoreMark?>(StoreMark(commits: 1, standings: 1))
        let watching = Task { await connections.watch({ mark.withLock { $0 } }, clock: clock) }
        let signal = try #require(connections.join(.named("phone")))
        try await clock.alarm(by: clock.now() + .seconds(1))
        mark.withLock { $0 = StoreMark(commits: 2, standings: 2) }
        clock.advance(by: .seconds(1))
        await signal.wait()
        // While it cannot be told, they look every 15 seconds.
        mark.withLock { $0 = nil }
        for _ in 1...15 {
            try await clock.alarm(by: clock.now() + .seconds(1))
            clock.advance(by: .seconds(1))
        }
        await signal.wait()
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
