import Logins
import SQLStore
import TestSupport
import Testing
import Threads

/// Takes duties on, as an engine with free slots does, and notes what became of them.
final class Taker: Sendable {
    struct Told: Hashable, Sendable {
        let claim: Claim
        let isClaimed: Bool

        init(_ claim: Claim, _ isClaimed: Bool) {
            self.claim = claim
            self.isClaimed = isClaimed
        }
    }

    let asked = Recorded<Claim>()
    let told = Recorded<Told>()

    func takeOn(_ claim: Claim) -> HandOver? {
        asked.append(claim)
        return { [told] isClaimed in told.append(Told(claim, isClaimed)) }
    }

    /// Claims that were handed over, in the order of the logins.
    var handed: [Claim] {
        told.entries.filter(\.isClaimed).map(\.claim).sorted { $0.stored.number < $1.stored.number }
    }
}

@Suite("A duty that a change makes due at once", .timeLimit(.minutes(10)))
struct ClaimAtOnceTests {
    private func with(
        _ kind: StoreKind,
        _ body: (SQLLoginStore, Taker, Recorded<LoginStep>) async throws -> Void
    ) async throws {
        let place = try StorePlace(kind)
        let (taker, steps) = (Taker(), Recorded<LoginStep>())
        var options = place.options()
        options.takesOn = { taker.takeOn($0) }
        options.changes = { steps.append($0) }
        let store = try SQLLoginStore(options)
        do {
            try await body(store, taker, steps)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    @Test(
        "is claimed together with the change, until it is released",
        arguments: StoreKind.allCases
    )
    func together(_ kind: StoreKind) async throws {
        try await with(kind) { (store, taker, steps) async throws in
            let fixture = fixture("one")
            let stored = try await store.insertNew(fixture.make())
            let prepare = Claim(stored: stored, duty: .prepare)
            #expect(taker.told.entries == [Taker.Told(prepare, true)])
            #expect(steps.entries.map(\.isWork) == [true])
            #expect(try await store.claim(at: noon, within: Slots(9)).isEmpty)
            #expect(try await store.nextDue() == fixture.promptEnds, "only its end is left")
            // What follows is done under the same claim.
            let prepared = try #require(
                try await store.update(stored.number, yielding: false, by: nil, claimed: true) {
                    (login) throws(PendingLogin.Refusal) in
                    try login.apply(.prepared(.fixture, [.fixture(at: noon)]), at: noon)
                }?.get()
            )
            #expect(taker.asked.entries == [prepare])
            store.release(prepare)
            let notify = Claim(stored: prepared, duty: .notify)
            #expect(try await store.claim(at: noon, within: Slots(9)) == [notify])
            // A decision is reported beside the notification that is under way.
            let decided = try await store.apply(
                .decided(.fixture(.deny, at: noon), .fixture),
                to: stored.number,
                at: noon
            )
            #expect(taker.handed.map(\.duty) == [.prepare, .report])
            #expect(taker.handed.last?.stored == decided)
            #expect(try await store.claim(at: noon, within: Slots(9)).isEmpty)
        }
    }

    @Test("is not one that is due later, or that nobody takes on", arguments: StoreKind.allCases)
    func later(_ kind: StoreKind) async throws {
        try await with(kind) { (store, taker, _) async throws in
            let number = try await store.insertNew(fixture("one").make()).number
            for claim in taker.handed { store.release(claim) }
            try await store.apply(
                .preparationDelayed("busy", until: noon + .seconds(1)),
                to: number,
                at: noon
            )
            #expect(taker.asked.entries.count == 1)
            #expect(try await store.claim(at: noon + .seconds(1), within: Slots(9)).count == 1)
        }
        try await withStore(kind) { (store, _) async throws in
            try await store.insertNew(fixture("one").make())
            #expect(try await store.claim(at: noon, within: Slots(9)).count == 1)
        }
    }

    @Test(
        "is claimed once for each login that is stored, and for no other",
        arguments: StoreKind.allCases
    )
    func neighbours(_ kind: StoreKind) async throws {
        try await with(kind) { (store, taker, _) async throws in
            // No event leads to an approval whose decision is a denial: the store refuses it.
            let illegal = fixture("illegal").make()
            let row = PendingLogin(
                key: illegal.key,
                terms: illegal.terms,
                details: illegal.details,
                question: nil,
                tickets: [],
                phase: .reporting(.approved(.fixture(.deny, at: noon)), .init(next: noon))
            )
            let stored = await withTaskGroup(of: StoredLogin?.self) { group in
                for index in 0..<100 {
                    let login =
                        index == 50 ? row : .inPhase(.waiting, fixture("login-\(index)"))
                    group.addTask {
                        let inserted = try? await store.insert(login, limits: .none)
                        guard case .inserted(let stored) = inserted else { return nil }
                        return stored
                    }
                }
                return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
            }
            #expect(stored.count == 99)
            let byNumber = stored.sorted { $0.number < $1.number }
            #expect(taker.handed == byNumber.map { Claim(stored: $0, duty: .notify) })
            // Whatever was asked about has been told of.
            #expect(taker.told.entries.count == taker.asked.entries.count)
            // Who came first gets the first free slot.
            let inTurn = taker.told.entries.filter(\.isClaimed).map(\.claim.stored.number)
            #expect(inTurn == inTurn.sorted())

            // Of two decisions at the same instant one counts, and is reported once.
            await withTaskGroup { group in
                for login in stored {
                    for choice in [Decision.Choice.approve, .deny] {
                        group.addTask {
                            _ = try? await store.update(login.number) {
                                (login) throws(PendingLogin.Refusal) in
                                try login.apply(
                                    .decided(.fixture(choice, at: noon), .fixture),
                                    at: noon
                                )
                            }
                        }
                    }
                }
            }
            let reports = taker.handed.filter { $0.duty == .report }
            #expect(reports.map(\.stored.number) == byNumber.map(\.number))
            for claim in reports {
                #expect(try await store.login(claim.stored.number) == claim.stored)
            }
            #expect(taker.told.entries.count == taker.asked.entries.count)
            #expect(try await store.claim(at: noon, within: Slots(500)).isEmpty)
        }
    }
}
