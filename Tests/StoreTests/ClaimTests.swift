import Logins
import TestSupport
import Testing

@Suite("Claims of a login store", .timeLimit(.minutes(10)))
struct ClaimTests {
    @Test("gives the longest due first and nothing before its time", arguments: StoreKind.allCases)
    func order(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let moments = [5, 1, 4, 2, 3]
            for moment in moments {
                let stored = try await store.insertNew(fixture("\(moment)").make())
                try await store.apply(
                    .preparationDelayed("busy", until: noon + .seconds(Int64(moment))),
                    to: stored.number,
                    at: noon
                )
            }
            #expect(try await store.claim(at: noon, within: Slots(10)).isEmpty)
            #expect(try await store.nextDue() == noon + .seconds(1))
            let first = try await store.claim(at: noon + .seconds(3), within: Slots(2))
            #expect(first.map(\.stored.login.key.login.value) == ["1", "2"])
            #expect(try await store.nextDue() == noon + .seconds(3))
            let rest = try await store.claim(at: noon + .seconds(5), within: Slots(10))
            #expect(rest.map(\.stored.login.key.login.value) == ["3", "4", "5"])
            #expect(rest.allSatisfy { $0.duty == .prepare })
        }
    }

    @Test("gives each login to one caller until it is released", arguments: StoreKind.allCases)
    func oneTaker(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            for index in 0..<200 { try await store.insertNew(fixture("\(index)").make()) }
            let claims = try await withThrowingTaskGroup(of: [Claim].self) { group in
                for _ in 0..<40 {
                    group.addTask { try await store.claim(at: noon, within: Slots(10)) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(claims.map(\.stored.number)).count == claims.count)
            let rest = try await store.claim(at: noon, within: Slots(500))
            #expect(claims.count + rest.count == 200)
            let one = try #require(claims.first)
            store.release(one)
            store.release(one)
            #expect(try await store.claim(at: noon, within: Slots(10)) == [one])
        }
    }

    @Test(
        "A claim to prepare a login excludes its notification until it is released",
        arguments: StoreKind.allCases
    )
    func preparationCoversNotification(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let fixture = fixture("one")
            let stored = try await store.insertNew(fixture.make())
            let prepare = try #require(try await store.claim(at: noon, within: Slots(9)).first)
            try await store.apply(
                .prepared(.fixture, [.fixture(at: noon)]),
                to: stored.number,
                at: noon
            )
            #expect(try await store.claim(at: noon, within: Slots(9)).isEmpty)
            #expect(try await store.nextDue() == fixture.promptEnds, "only its end is left")
            store.release(prepare)
            #expect(try await store.nextDue() == noon)
            let notify = try await store.claim(at: noon, within: Slots(9))
            #expect(notify.map(\.duty) == [.notify])
            store.release(prepare)
            #expect(try await store.claim(at: noon, within: Slots(9)).isEmpty)
        }
    }

    @Test("lets a login's end be claimed beside the work under way", arguments: StoreKind.allCases)
    func endBeside(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let fixture = fixture("one")
            try await store.insertNew(fixture.make())
            let prepare = try await store.claim(at: noon, within: Slots(1))
            #expect(prepare.map(\.duty) == [.prepare])
            #expect(try await store.nextDue() == fixture.promptEnds)
            let end = try await store.claim(at: fixture.promptEnds, within: Slots(1))
            #expect(end.map(\.duty) == [.end])
            #expect(try await store.nextDue() == nil)
            for claim in prepare + end { store.release(claim) }
            #expect(try await store.nextDue() == noon)
        }
    }

    @Test(
        "has no next due time for a login whose end is claimed",
        arguments: StoreKind.allCases
    )
    func endClaimed(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, place) async throws in
            for phase in [PendingLogin.PhaseName.preparing, .waiting, .reporting] {
                try await store.insertNew(.inPhase(phase, fixture("\(phase)")))
            }
            place.clock.advance(by: .seconds(120))
            let now = place.clock.now()
            #expect(now == fixture("any").reportEnds)
            let ends = try await store.claim(at: now, within: Slots(9))
            #expect(ends.map(\.duty) == [.end, .end, .end])
            #expect(try await store.claim(at: now, within: Slots(9)).isEmpty)
            #expect(try await store.nextDue() == nil, "there is nothing that a claim would give")
            for claim in ends { store.release(claim) }
            #expect(try await store.nextDue() == noon)
            #expect(try await store.claim(at: now, within: Slots(9)).count == 3)
        }
    }

    @Test("gives the duty of each phase", arguments: StoreKind.allCases)
    func duties(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            for phase in PendingLogin.PhaseName.allCases {
                try await store.insertNew(.inPhase(phase, fixture("\(phase)")))
            }
            let claims = try await store.claim(at: noon, within: Slots(10))
            let duties = claims.map { ($0.stored.login.key.login.value, $0.duty) }
            #expect(
                Dictionary(uniqueKeysWithValues: duties) == [
                    "preparing": .prepare, "waiting": .notify, "reporting": .report,
                ]
            )
        }
    }

    @Test("never gives finished work again", arguments: StoreKind.allCases)
    func done(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            for index in 0..<100 {
                try await store.insertNew(.inPhase(.reporting, fixture("\(index)")))
            }
            // Each caller reports what it claims at once; more than 100 reports would be duplicates.
            let reports = try await withThrowingTaskGroup(of: [LoginNumber].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var reported: [LoginNumber] = []
                        while true {
                            let claims = try await store.claim(at: noon, within: Slots(3))
                            if claims.isEmpty { return reported }
                            for claim in claims {
                                let number = claim.stored.number
                                reported.append(number)
                                try await store.apply(
                                    .reportTaken(confirmed: true),
                                    to: number,
                                    at: noon
                                )
                                store.release(claim)
                            }
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(reports.count == 100)
            #expect(Set(reports).count == 100)
        }
    }

    @Test("drops claims when the store is opened again", arguments: StoreKind.allCases)
    func reopened(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let first = try place.open()
        try await first.logins.insertNew(fixture("one").make())
        #expect(try await first.logins.claim(at: noon, within: Slots(1)).count == 1)
        #expect(try await first.logins.claim(at: noon, within: Slots(1)).isEmpty)
        await first.close()
        let second = try place.open()
        #expect(try await second.logins.claim(at: noon, within: Slots(1)).count == 1)
        await second.close()
    }
}
