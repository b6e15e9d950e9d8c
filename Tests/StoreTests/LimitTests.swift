import Logins
import TestSupport
import Testing

@Suite("Limits in a login store", .timeLimit(.minutes(10)))
struct LimitTests {
    private func outcome(_ insertion: Insertion) -> Outcome? {
        switch insertion {
        case .inserted(let stored), .known(let stored): stored.login.phase.outcome
        }
    }

    @Test(
        "store a login over the limit of live logins of a user as failed",
        arguments: StoreKind.allCases
    )
    func liveOfUser(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let limits = LoginLimits(liveLoginsOfUser: 3)
            // Other users do not count, in memory or in the table.
            for index in 0..<40 {
                let other = fixture("other-\(index)") { $0.user = "user-\(index)" }
                #expect(outcome(try await store.insert(other.make(), limits: limits)) == nil)
            }
            var numbers: [LoginNumber] = []
            for index in 0..<3 {
                let stored = try await store.insert(fixture("a-\(index)").make(), limits: limits)
                guard case .inserted(let login) = stored else { continue }
                numbers.append(login.number)
                #expect(outcome(stored) == nil)
            }
            let excess = try await store.insert(fixture("a-3").make(), limits: limits)
            #expect(outcome(excess) == .failed(.tooManyLoginsOfUser))
            // A login that ends no longer counts; one whose prompt is open does.
            try await store.apply(
                .prepared(.fixture, [.fixture(at: noon)]),
                to: numbers[0],
                at: noon
            )
            let still = try await store.insert(fixture("a-4").make(), limits: limits)
            #expect(outcome(still) == .failed(.tooManyLoginsOfUser))
            try await store.apply(.unusable(.noChannel), to: numbers[0], at: noon)
            #expect(outcome(try await store.insert(fixture("a-5").make(), limits: limits)) == nil)
        }
    }

    @Test(
        "store a login over the limit of live logins of a client as failed",
        arguments: StoreKind.allCases
    )
    func liveOfClient(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let limits = LoginLimits(liveLoginsOfClient: 2)
            func insert(_ id: String, client: String?, tenant: String?) async throws -> Outcome? {
                let login = fixture(id) {
                    $0.client = client
                    $0.tenant = tenant
                    $0.user = id
                }
                return outcome(try await store.insert(login.make(), limits: limits))
            }
            #expect(try await insert("1", client: "shop", tenant: nil) == nil)
            #expect(try await insert("2", client: "shop", tenant: nil) == nil)
            let full = Outcome.failed(.tooManyLoginsOfClient)
            #expect(try await insert("3", client: "shop", tenant: nil) == full)
            #expect(try await insert("4", client: "shop", tenant: "other") == nil)
            #expect(try await insert("5", client: "bank", tenant: nil) == nil)
            for index in 6..<12 {
                #expect(try await insert("\(index)", client: nil, tenant: nil) == nil)
            }
            let first = try #require(
                try await store.login(fixture("1") { $0.tenant = nil }.make().key)
            )
            try await store.apply(.unusable(.noChannel), to: first.number, at: noon)
            #expect(try await insert("12", client: "shop", tenant: nil) == nil)
            #expect(try await insert("13", client: "shop", tenant: nil) == full)
        }
    }

    // rule: F8
    @Test("are exact for parallel starts", arguments: StoreKind.allCases)
    func parallel(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let limits = LoginLimits(liveLoginsOfUser: 7, liveLoginsOfClient: 7)
            let taken = try await withThrowingTaskGroup(of: Outcome?.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        outcome(
                            try await store.insert(fixture("\(index)").make(), limits: limits)
                        )
                    }
                }
                return try await group.reduce(0) { $0 + ($1 == nil ? 1 : 0) }
            }
            #expect(taken == 7)
        }
    }

    @Test(
        "keep counting live logins after the store is opened again",
        arguments: StoreKind.allCases
    )
    func reopened(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let limits = LoginLimits(liveLoginsOfUser: 12, liveLoginsOfClient: 30)
        for round in 0..<3 {
            let store = try place.open()
            for index in 0..<4 {
                let login = fixture("\(round)-\(index)").make()
                #expect(outcome(try await store.logins.insert(login, limits: limits)) == nil)
            }
            await store.close()
        }
        let store = try place.open()
        let excess = try await store.logins.insert(fixture("excess").make(), limits: limits)
        #expect(outcome(excess) == .failed(.tooManyLoginsOfUser))
        let other = LoginLimits(liveLoginsOfClient: 12)
        let client = try await store.logins.insert(
            fixture("client") { $0.user = "bob" }.make(),
            limits: other
        )
        #expect(outcome(client) == .failed(.tooManyLoginsOfClient))
        await store.close()
    }

    @Test("count the starts of the last minute", arguments: StoreKind.allCases)
    func starts(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let limits = LoginLimits(startsOfUserAMinute: 2, startsOfClientAMinute: 3)
            func insert(_ id: String, _ user: String, at seconds: Int64) async throws -> Outcome? {
                let login = fixture(id) {
                    $0.user = user
                    $0.receivedAt = noon + .seconds(seconds)
                }
                return outcome(try await store.insert(login.make(), limits: limits))
            }
            #expect(try await insert("1", "alice", at: 0) == nil)
            #expect(try await insert("2", "alice", at: 30) == nil)
            #expect(try await insert("1", "alice", at: 31) == nil, "a repeat is no start")
            let ofUser = Outcome.failed(.tooManyStartsOfUser)
            #expect(try await insert("3", "alice", at: 59) == ofUser)
            #expect(try await insert("4", "bob", at: 59) == nil)
            let ofClient = Outcome.failed(.tooManyStartsOfClient)
            #expect(try await insert("5", "carol", at: 59) == ofClient)
            // Refused starts do not count, so only the first start must expire.
            #expect(try await insert("6", "alice", at: 80) == nil)
            #expect(try await insert("7", "alice", at: 81) == ofUser)
        }
    }
}
