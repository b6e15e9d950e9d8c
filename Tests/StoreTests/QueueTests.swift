import Logins
import TestSupport
import Testing

@Suite("Queues of a login store", .timeLimit(.minutes(10)))
struct QueueTests {
    private static let sick = AuthorizationServerID.named("sick")
    private static let phases: [PendingLogin.PhaseName] = [.preparing, .waiting, .reporting]
    /// No work may start for the sick server.
    private static let full = Slots(
        each: [.prepare: 9, .notify: 9, .report: 9, .end: 9],
        queues: [
            LoginQueue(sick, .prepare): 0, LoginQueue(sick, .notify): 0,
            LoginQueue(sick, .report): 0,
        ],
        lastReports: [sick: 0]
    )

    @Test("give as many logins as there are slots", arguments: StoreKind.allCases)
    func room(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            for server in ["one", "two"] {
                for phase in Self.phases {
                    for index in 1...4 {
                        let login = fixture("\(server)-\(phase)-\(index)") { $0.server = server }
                        try await store.insertNew(.inPhase(phase, login))
                    }
                }
            }
            var slots = Slots(3)
            slots.queues[LoginQueue(.named("one"), .prepare)] = 0
            slots.queues[LoginQueue(.named("two"), .notify)] = 1
            let claims = try await store.claim(at: noon, within: slots)
            let counts = claims.reduce(into: [LoginQueue: Int]()) { counts, claim in
                counts[LoginQueue(claim.stored.login.key.server, claim.duty), default: 0] += 1
            }
            #expect(
                counts == [
                    LoginQueue(.named("one"), .notify): 3, LoginQueue(.named("one"), .report): 3,
                    LoginQueue(.named("two"), .prepare): 3, LoginQueue(.named("two"), .notify): 1,
                    LoginQueue(.named("two"), .report): 3,
                ]
            )
        }
    }

    @Test("skip a full queue, but give its ends", arguments: StoreKind.allCases)
    func passesOver(_ kind: StoreKind) async throws {
        for phase in Self.phases {
            try await withStore(kind) { (store, place) async throws in
                let sick = fixture("1") { $0.server = "sick" }
                let end = phase == .reporting ? sick.reportEnds : sick.promptEnds
                for index in 1...50 {
                    let login = fixture("\(index)") { $0.server = "sick" }
                    try await store.insertNew(.inPhase(phase, login))
                }
                #expect(try await store.claim(at: noon, within: Self.full).isEmpty)
                #expect(try await store.nextDue(within: Self.full) == end)
                try await store.insertNew(fixture("well").make())
                #expect(try await store.nextDue(within: Self.full) == noon)
                let claims = try await store.claim(at: noon, within: Self.full)
                #expect(claims.map(\.stored.login.key.login.value) == ["well"])
                for claim in claims { store.release(claim) }
                try await store.apply(
                    .unusable(.userUnknown),
                    to: claims[0].stored.number,
                    at: noon
                )
                let settled = try #require(
                    try await store.claim(at: noon, within: Self.full).first
                )
                try await store.apply(.reportGone, to: settled.stored.number, at: noon)
                store.release(settled)
                place.clock.advance(by: end - noon)
                let ends = try await store.claim(at: end, within: Self.full)
                #expect(ends.map(\.duty) == Array(repeating: .end, count: 9))
                var none = Self.full
                none.each[.end] = 0
                #expect(try await store.claim(at: end, within: none).isEmpty)
                #expect(try await store.nextDue(within: none) == nil)
            }
        }
    }

    @Test(
        "give reports at their last moment even when the queue is full",
        arguments: StoreKind.allCases
    )
    func lastReports(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, place) async throws in
            var slots = Self.full
            slots.lastReports[Self.sick] = 1
            for (id, lifetime) in [("later", 60), ("soon", 20), ("sooner", 10)] {
                let login = fixture(id) {
                    $0.server = "sick"
                    $0.lifetime = .seconds(Int64(lifetime))
                    $0.margin = .seconds(1)
                }
                try await store.insertNew(.inPhase(.reporting, login))
            }
            #expect(try await store.nextDue(within: slots) == noon + .seconds(9))
            let early = noon + .milliseconds(8_999)
            #expect(try await store.claim(at: early, within: slots).isEmpty)
            place.clock.advance(by: .seconds(9))
            let first = try await store.claim(at: noon + .seconds(9), within: slots)
            #expect(first.map(\.stored.login.key.login.value) == ["sooner"])
            #expect(first.map(\.duty) == [.report])
            // Of the claimed login only the end remains.
            #expect(try await store.nextDue(within: slots) == noon + .seconds(10))
            let second = try await store.claim(at: noon + .seconds(19), within: slots)
            #expect(
                second.map { ["\($0.duty)", $0.stored.login.key.login.value] } == [
                    ["end", "sooner"], ["report", "soon"],
                ]
            )
        }
    }

    @Test(
        "give no report before it is due, even at its last moment",
        arguments: StoreKind.allCases
    )
    func notDue(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, place) async throws in
            let login = fixture("one") {
                $0.lifetime = .seconds(10)
                $0.margin = .seconds(1)
            }
            let stored = try await store.insertNew(.inPhase(.reporting, login))
            let next = noon + .milliseconds(9_500)
            try await store.apply(
                .reportDelayed("429", until: next, inDoubt: false),
                to: stored.number,
                at: noon
            )
            place.clock.advance(by: .seconds(9))
            #expect(try await store.claim(at: noon + .seconds(9), within: .unlimited).isEmpty)
            #expect(try await store.nextDue(within: .unlimited) == next)
            #expect(try await store.claim(at: next, within: .unlimited).map(\.duty) == [.report])
        }
    }

    @Test("have no next due time for what a claim does not give", arguments: StoreKind.allCases)
    func noSpin(_ kind: StoreKind) async throws {
        for phase in Self.phases {
            try await withStore(kind) { (store, place) async throws in
                let short = fixture("short") {
                    $0.lifetime = .seconds(20)
                    $0.server = "sick"
                }
                try await store.insertNew(.inPhase(phase, short))
                let work = try await store.claim(at: noon, within: Slots(1))
                try #require(work.count == 1)
                try await store.insertNew(.inPhase(phase, fixture("long") { $0.server = "sick" }))
                // The first login is at its end and still claimed; there is no slot for ends.
                place.clock.advance(by: .seconds(20))
                let now = place.clock.now()
                var slots = Slots(1)
                slots.each[.end] = 0
                let next = try await store.nextDue(within: slots)
                let given = try await store.claim(at: now, within: slots)
                #expect((next.map { $0 <= now } ?? false) == !given.isEmpty)
            }
        }
    }

    @Test("are counted by what is due and what comes later", arguments: StoreKind.allCases)
    func depths(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            #expect(try await store.queues(at: noon) == [])
            for phase in PendingLogin.PhaseName.allCases {
                try await store.insertNew(.inPhase(phase, fixture("\(phase)")))
            }
            for index in 1...3 {
                let login = fixture("sick-\(index)") {
                    $0.server = "sick"
                    if index == 1 { $0.receivedAt = noon - .seconds(1) }
                }
                try await store.insertNew(login.make())
            }
            let known = AuthorizationServerID.named("cloudentity")
            let before = try await store.queues(at: noon - .milliseconds(1))
            #expect(
                Set(before) == [
                    QueueDepth(LoginQueue(known, .prepare), due: 0, later: 1),
                    QueueDepth(LoginQueue(known, .notify), due: 0, later: 1),
                    QueueDepth(LoginQueue(known, .report), due: 0, later: 1),
                    QueueDepth(LoginQueue(Self.sick, .prepare), due: 1, later: 2),
                ]
            )
            let after = try await store.queues(at: noon)
            #expect(after.map(\.due) == [1, 1, 1, 3])
            #expect(after.allSatisfy { $0.later == 0 })
        }
    }
}
