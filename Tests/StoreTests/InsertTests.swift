import Logins
import TestSupport
import Testing
import Threads

@Suite("Inserts into a login store", .timeLimit(.minutes(10)))
struct InsertTests {
    @Test("assigns ascending numbers and returns the stored login", arguments: StoreKind.allCases)
    func numbers(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            var last: LoginNumber?
            for index in 0..<50 {
                let login = fixture("login-\(index)").make()
                let stored = try await store.insertNew(login)
                #expect(stored.login == login)
                if let last { #expect(stored.number > last) }
                last = stored.number
                #expect(try await store.login(stored.number) == stored)
                #expect(try await store.login(login.key) == stored)
            }
        }
    }

    @Test("returns nil for an unknown login", arguments: StoreKind.allCases)
    func absent(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            #expect(try await store.login(fixture("nobody").make().key) == nil)
            #expect(try await store.login(LoginNumber(1)) == nil)
            #expect(try await store.update(LoginNumber(1)) { _ in } == nil)
        }
    }

    @Test("stores each of 200 logins that come at once", arguments: StoreKind.allCases)
    func together(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let all = try await withThrowingTaskGroup(of: StoredLogin.self) { group in
                for index in 0..<200 {
                    let login = fixture("login-\(index)") {
                        $0.tenant = index.isMultiple(of: 3) ? nil : "tenant-\(index)"
                    }
                    group.addTask { try await store.insertNew(login.make()) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(all.map(\.login.key)).count == 200)
            for stored in all { #expect(try await store.login(stored.number) == stored) }
        }
    }

    @Test("stores one login for 1,000 parallel repeats", arguments: StoreKind.allCases)
    func repeats(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, place) async throws in
            let login = fixture("again").make()
            let answers = try await withThrowingTaskGroup(of: Insertion.self) { group in
                for _ in 0..<1_000 {
                    group.addTask { try await store.insert(login, limits: .none) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            var inserted: [StoredLogin] = []
            var known: Set<StoredLogin> = []
            for answer in answers {
                switch answer {
                case .inserted(let stored): inserted.append(stored)
                case .known(let stored): known.insert(stored)
                }
            }
            #expect(inserted.count == 1)
            #expect(known == Set(inserted))
            #expect(place.heard.withLock { $0 } == inserted)
            let all = try await store.logins(in: .preparing, after: nil, limit: 10)
            #expect(all == inserted)
        }
    }

    @Test("answers a repeat with the current login", arguments: StoreKind.allCases)
    func repeatLater(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let login = fixture("again").make()
            let stored = try await store.insertNew(login)
            let changed = try await store.apply(.unusable(.noChannel), to: stored.number, at: noon)
            #expect(try await store.insert(login, limits: .none) == .known(changed))
        }
    }

    @Test(
        "distinguishes logins by the bytes of server, tenant and id",
        arguments: StoreKind.allCases
    )
    func keys(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            var fixtures: [PendingLogin.Fixture] = []
            for server in ["a", "b"] {
                for tenant in ["a", "b", "c"] {
                    for id in ["a", "ab", "b", "\u{E9}", "e\u{301}"] {
                        fixtures.append(
                            fixture(id) {
                                $0.server = server
                                $0.tenant = tenant
                            }
                        )
                    }
                }
            }
            var numbers: Set<LoginNumber> = []
            for fixture in fixtures {
                numbers.insert(try await store.insertNew(fixture.make()).number)
            }
            #expect(numbers.count == 30)
            for fixture in fixtures {
                let login = fixture.make()
                #expect(try await store.login(login.key)?.login == login)
            }
        }
    }

    @Test(
        "takes a tenant that is missing for any, on either side",
        arguments: StoreKind.allCases
    )
    func missingTenant(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            for tenants in [["a", nil, "a"], [nil, "a", nil]] as [[String?]] {
                let id = tenants[0] ?? "none"
                let logins = tenants.map { tenant in fixture(id) { $0.tenant = tenant }.make() }
                let first = try await store.insertNew(logins[0])
                for login in logins {
                    let known = try await store.insert(login, limits: .none)
                    #expect(known == .known(first))
                    #expect(try await store.login(login.key) == first)
                }
            }
        }
    }

    @Test(
        "stores identifiers of every length and script",
        arguments: StoreKind.allCases,
        [
            String(repeating: "x", count: 512),
            String(repeating: "\u{1F600}", count: 512),
            "\u{202E}right to left", "a'b\"c;--", "%_\\", "\u{FFFD}", "\u{10FFFF}",
        ]
    )
    func odd(_ kind: StoreKind, id: String) async throws {
        try await withStore(kind) { (store, _) async throws in
            let login = fixture(id) {
                $0.user = id
                $0.client = id
                $0.bindingMessage = "\u{1}\n\u{7F}" + id
            }.make()
            let stored = try await store.insertNew(login)
            #expect(try await store.login(login.key) == stored)
            #expect(try await store.insert(login, limits: .none) == .known(stored))
        }
    }

    @Test("stores a login that arrives too late as settled", arguments: StoreKind.allCases)
    func tooLate(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let login = fixture("late") { $0.lifetime = .seconds(5) }.make()
            let stored = try await store.insertNew(login)
            #expect(stored.login.phase == .settled(.expired, .leftToExpire, at: noon))
            #expect(try await store.nextDue() == nil)
        }
    }

    @Test("notifies observers before the insert returns", arguments: StoreKind.allCases)
    func observers(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, place) async throws in
            for index in 0..<20 {
                let stored = try await store.insertNew(fixture("login-\(index)").make())
                #expect(place.heard.withLock { $0.last } == stored)
                let changed = try await store.apply(
                    .prepared(.fixture, [.fixture(at: noon)]),
                    to: stored.number,
                    at: noon
                )
                #expect(place.heard.withLock { $0.last } == changed)
            }
        }
    }
}
