import Logins
import TestSupport
import Testing
import Threads

@testable import SQLStore

@Suite("The engine's reader of a database", .timeLimit(.minutes(10)))
struct EngineReaderTests {
    @Test("takes claims while every look-up waits", arguments: StoreKind.allCases)
    func ownReader(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let store = try SQLLoginStore(place.options())
        let number = try await store.insertNew(fixture("one").make()).number
        let busy = Recorded<Void>()
        let gate = ThreadSemaphore()
        try await withThrowingTaskGroup { group in
            // As many look-ups as there are threads for them, and some that wait for their turn.
            for _ in 0..<8 {
                group.addTask {
                    try await store.file.readers.read { _ in
                        busy.append(())
                        gate.wait()
                    }
                }
            }
            try await busy.wait(for: 2, "look-ups")
            let claims = try await store.claim(at: noon, within: Slots(3))
            #expect(claims.map(\.stored.number) == [number])
            #expect(try await store.nextDue(within: Slots(3)) != nil)
            #expect(busy.entries.count == 2, "no look-up ended meanwhile")
            for _ in 0..<8 { gate.signal() }
            try await group.waitForAll()
        }
        await store.close()
    }
}
