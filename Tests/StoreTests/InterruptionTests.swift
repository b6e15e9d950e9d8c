import Foundation
import Logins
import SQLStore
import TestSupport
import Testing

/// What becomes of logins that the process was working on when it died.
@Suite("A login that was being worked on when the process died", .timeLimit(.minutes(10)))
struct InterruptionTests {
    /// Ends a store as death does: the marks of what is being worked on stay.
    private func die(_ store: StorePlace.Opened, _ place: StorePlace) async throws {
        let marks = URL(fileURLWithPath: place.path + "-lock")
        let left = try Data(contentsOf: marks)
        await store.close()
        try left.write(to: marks)
    }

    private func phase(
        _ name: String,
        of store: StorePlace.Opened
    ) async throws
        -> PendingLogin.Phase
    {
        let key = PendingLogin.Fixture(id: name).make().key
        return try #require(try await store.logins.login(key)).login.phase
    }

    @Test(
        "is set aside the second time, and reported as failed",
        arguments: [PendingLogin.PhaseName.preparing, .waiting]
    )
    func live(_ phase: PendingLogin.PhaseName) async throws {
        let place = try StorePlace(.sqlite)
        var store = try place.open()
        try await store.logins.insertNew(.inPhase(phase, fixture("poison")))
        for death in 1...2 {
            let claims = try await store.logins.claim(at: noon, within: Slots(9))
            #expect(claims.count == 1)
            // Stored before the user is notified.
            try await store.logins.apply(
                .ticketIssued(Array(repeating: UInt8(death), count: 32)),
                to: claims[0].stored.number,
                at: noon
            )
            try await die(store, place)
            store = try place.open()
            _ = try await store.logins.recover(at: noon)
            let after = try await self.phase("poison", of: store)
            #expect(after.name == (death == 1 ? phase : .reporting))
            #expect(after.outcome == (death == 1 ? nil : .failed(.interrupted)))
        }
        #expect(try await store.logins.claim(at: noon, within: Slots(9)).map(\.duty) == [.report])
        await store.close()
    }

    @Test("is stranded the second time if the report was the work", arguments: [false, true])
    func reporting(hasBegun: Bool) async throws {
        let place = try StorePlace(.sqlite)
        var store = try place.open()
        try await store.logins.insertNew(.inPhase(.reporting, fixture("poison")))
        for _ in 1...2 {
            let claims = try await store.logins.claim(at: noon, within: Slots(9))
            #expect(claims.map(\.duty) == [.report])
            if hasBegun {
                try await store.logins.apply(.reportBegun, to: claims[0].stored.number, at: noon)
            }
            try await die(store, place)
            store = try place.open()
            _ = try await store.logins.recover(at: noon)
        }
        #expect(try await phase("poison", of: store).name == .stranded)
        #expect(try await store.logins.claim(at: noon, within: Slots(9)).isEmpty)
        await store.close()
    }

    @Test("is tried alone, so that no other one is taken for the cause")
    func innocent() async throws {
        let place = try StorePlace(.sqlite)
        var store = try place.open()
        let names = ["a", "b", "c"]
        for name in names { try await store.logins.insertNew(fixture(name).make()) }
        #expect(try await store.logins.claim(at: noon, within: Slots(9)).count == 3)
        try await die(store, place)
        store = try place.open()
        _ = try await store.logins.recover(at: noon)
        let first = try await store.logins.claim(at: noon, within: Slots(9))
        #expect(first.count == 1)
        #expect(try await store.logins.claim(at: noon, within: Slots(9)).isEmpty)
        let promptEnds = first[0].stored.login.terms.promptEnds
        #expect(try await store.logins.nextDue() == promptEnds, "no waiting in a loop")
        try await store.logins.apply(
            .preparationDelayed("busy", until: noon),
            to: first[0].stored.number,
            at: noon
        )
        store.logins.release(first[0])
        let second = try await store.logins.claim(at: noon, within: Slots(9))
        #expect(second.count == 2, "the one that survived, and one that has to be tried")
        try await die(store, place)
        store = try place.open()
        _ = try await store.logins.recover(at: noon)
        var failed = 0
        for name in names
        where try await phase(name, of: store).outcome == .failed(.interrupted) {
            failed += 1
        }
        #expect(failed == 1)
        await store.close()
    }

    @Test("is one that was taken on together with its change too")
    func takenOn() async throws {
        let place = try StorePlace(.sqlite)
        let taker = Taker()
        var options = place.options()
        options.takesOn = { taker.takeOn($0) }
        let first = try SQLLoginStore(options)
        for name in ["a", "b"] { try await first.insertNew(fixture(name).make()) }
        #expect(taker.handed.count == 2)
        first.release(taker.handed[1])
        let marks = URL(fileURLWithPath: place.path + "-lock")
        let left = try Data(contentsOf: marks)
        await first.close()
        try left.write(to: marks)
        let store = try SQLLoginStore(options)
        _ = try await store.recover(at: noon)
        // "a" may have killed the process: it is not worked on among others.
        try await store.apply(
            .preparationDelayed("busy", until: noon),
            to: taker.handed[0].stored.number,
            at: noon
        )
        #expect(taker.told.entries.count == 3)
        #expect(taker.told.entries.last?.isClaimed == false)
        #expect(try await store.claim(at: noon, within: Slots(9)).count == 2)
        await store.close()
    }

    @Test("is tried alone also after another death, until it was tried")
    func remembered() async throws {
        let place = try StorePlace(.sqlite)
        var store = try place.open()
        for name in ["a", "b", "c"] { try await store.logins.insertNew(fixture(name).make()) }
        #expect(try await store.logins.claim(at: noon, within: Slots(9)).count == 3)
        for _ in 1...2 {
            try await die(store, place)
            store = try place.open()
            _ = try await store.logins.recover(at: noon)
            #expect(try await store.logins.claim(at: noon, within: Slots(9)).count == 1)
        }
        await store.close()
    }

    @Test("counts anew once a change of it has been stored")
    func survivor() async throws {
        let place = try StorePlace(.sqlite)
        var store = try place.open()
        let stored = try await store.logins.insertNew(fixture("slow").make())
        for _ in 1...3 {
            let claim = try #require(try await store.logins.claim(at: noon, within: Slots(9)).first)
            try await store.logins.apply(
                .preparationDelayed("busy", until: noon),
                to: stored.number,
                at: noon
            )
            store.logins.release(claim)
            _ = try await store.logins.claim(at: noon, within: Slots(9))
            try await die(store, place)
            store = try place.open()
            _ = try await store.logins.recover(at: noon)
        }
        #expect(try await phase("slow", of: store).name == .preparing)
        await store.close()
    }

    @Test("is not counted when the process ends in order")
    func order() async throws {
        let place = try StorePlace(.sqlite)
        for _ in 1...3 {
            let store = try place.open()
            _ = try await store.logins.insert(fixture("cut off").make(), limits: .none)
            _ = try await store.logins.recover(at: noon)
            #expect(try await store.logins.claim(at: noon, within: Slots(9)).count == 1)
            await store.close()
        }
    }
}
