import Access
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("The store of sessions")
struct SessionTests {
    static let limits = SessionLimits(idle: .seconds(300), absolute: .seconds(3600))
    static let person = Person(issuer: "https://login.bank.example", subject: "1")

    /// Opens a store, and again after `body` says so.
    private func withSessions(
        _ body: (SQLSessionStore, ManualClock) async throws -> Void
    ) async throws {
        let place = try StorePlace(.sqlite)
        let store = try SQLLoginStore(place.options())
        do { try await body(store.sessions, place.clock) } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    static func session(
        _ id: String,
        _ application: SignInApplication = .inbox,
        person: Person = Self.person,
        account: String = "retail",
        email: String = "person@bank.example",
        at now: Timestamp
    ) -> Session {
        Session(
            id: id,
            application: application,
            person: person,
            user: application == .inbox ? UserID("customer-4711") : nil,
            account: account,
            name: "Given Family",
            email: email,
            address: "192.0.2.7",
            agent: "Browser",
            startedAt: now,
            lastUsedAt: now
        )
    }

    static func digest(_ number: UInt8) -> [UInt8] { Array(repeating: number, count: 32) }

    // trust: C-17
    @Test(
        "ends a session without requests after the idle limit",
        arguments: [(300, true), (301, false)]
    )
    func idle(seconds: Int, isInForce: Bool) async throws {
        try await withSessions { store, clock in
            let session = try await store.begin(
                Self.session("a", at: clock.now()),
                digest: Self.digest(1),
                replacing: nil,
                controllerEmail: nil
            )
            #expect(
                try await store.use(Self.digest(1), at: clock.now(), within: Self.limits) == session
            )
            let later = clock.now() + .seconds(seconds)
            let found = try await store.use(Self.digest(1), at: later, within: Self.limits)
            #expect((found != nil) == isInForce)
            #expect(found == nil || found?.lastUsedAt == later)
        }
    }

    // trust: C-17
    @Test("ends a session that is in use after the absolute limit")
    func absolute() async throws {
        try await withSessions { store, clock in
            let start = clock.now()
            _ = try await store.begin(
                Self.session("a", at: start),
                digest: Self.digest(1),
                replacing: nil,
                controllerEmail: nil
            )
            for minutes in stride(from: 4, through: 56, by: 4) {
                let now = start + .seconds(minutes * 60)
                #expect(try await store.use(Self.digest(1), at: now, within: Self.limits) != nil)
            }
            let last = start + .seconds(3599)
            #expect(try await store.use(Self.digest(1), at: last, within: Self.limits) != nil)
            let end = start + .seconds(3600)
            #expect(try await store.use(Self.digest(1), at: end, within: Self.limits) == nil)
        }
    }

    @Test("keeps sessions over a restart, and nothing but the digest of a secret")
    func restart() async throws {
        let place = try StorePlace(.sqlite)
        let now = place.clock.now()
        let first = try SQLLoginStore(place.options())
        let session = try await first.sessions.begin(
            Self.session("a", at: now),
            digest: Self.digest(1),
            replacing: nil,
            controllerEmail: nil
        )
        await first.close()
        let second = try SQLLoginStore(place.options())
        let found = try await second.sessions.use(Self.digest(1), at: now, within: Self.limits)
        await second.close()
        #expect(found == session)
    }

    @Test("ends the session that a new one of the same browser replaces")
    func replacing() async throws {
        try await withSessions { store, clock in
            let now = clock.now()
            _ = try await store.begin(
                Self.session("a", at: now),
                digest: Self.digest(1),
                replacing: nil,
                controllerEmail: nil
            )
            _ = try await store.begin(
                Self.session("b", at: now),
                digest: Self.digest(2),
                replacing: Self.digest(1),
                controllerEmail: nil
            )
            #expect(try await store.use(Self.digest(1), at: now, within: Self.limits) == nil)
            #expect(try await store.use(Self.digest(2), at: now, within: Self.limits)?.id == "b")
        }
    }

    @Test("lists and ends only a person's own sessions of one application")
    func own() async throws {
        try await withSessions { store, clock in
            let other = Person(issuer: Self.person.issuer, subject: "2")
            let now = clock.now()
            let sessions = [
                Self.session("a", at: now), Self.session("b", at: now + .seconds(1)),
                Self.session("c", .console, at: now), Self.session("d", person: other, at: now),
            ]
            for (number, session) in sessions.enumerated() {
                _ = try await store.begin(
                    session,
                    digest: Self.digest(UInt8(number)),
                    replacing: nil,
                    controllerEmail: nil
                )
            }
            let mine = SessionFilter(application: .inbox, person: Self.person)
            func ids(_ filter: SessionFilter) async throws -> [String] {
                try await store.sessions(filter, at: now, within: Self.limits, limit: 10).map(\.id)
            }
            #expect(try await ids(mine) == ["b", "a"])
            #expect(try await store.end("d", mine) == false)
            #expect(try await store.end("c", mine) == false)
            #expect(try await store.endAll(mine, except: "a") == 1)
            #expect(try await store.end("a", mine))
            #expect(try await store.end("a", mine) == false)
            #expect(try await ids(SessionFilter(application: .inbox)) == ["d"])
            #expect(try await ids(SessionFilter(application: .console)) == ["c"])
        }
    }

    // trust: C-11
    @Test("makes exactly one controller of an account its administrator, of many at once")
    func race() async throws {
        try await withSessions { store, clock in
            let now = clock.now()
            let roles = try await withThrowingTaskGroup { group in
                for number in 0..<20 {
                    group.addTask {
                        let person = Person(
                            issuer: "https://login.bank.example",
                            subject: "\(number)"
                        )
                        return try await store.begin(
                            Self.session(
                                "s\(number)",
                                .console,
                                person: person,
                                email: "Controller@bank.example",
                                at: now
                            ),
                            digest: Self.digest(UInt8(number)),
                            replacing: nil,
                            controllerEmail: "controller@bank.example"
                        ).role
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(roles.filter { $0 == .admin }.count == 1)
            #expect(roles.filter { $0 == .moderator }.count == 19)
        }
    }

    // trust: C-11
    @Test("knows the administrator by issuer and subject, and everybody else as a moderator")
    func roles() async throws {
        try await withSessions { store, clock in
            let signIns: [(String, String, account: String, role: Session.Role)] = [
                ("first", "first@bank.example", "retail", .moderator),
                ("boss", "controller@bank.example", "retail", .admin),
                ("boss", "new-name@bank.example", "retail", .admin),
                ("heir", "controller@bank.example", "retail", .moderator),
                ("heir", "controller@bank.example", "business", .admin),
            ]
            for (number, signIn) in signIns.enumerated() {
                let person = Person(issuer: Self.person.issuer, subject: signIn.0)
                let session = try await store.begin(
                    Self.session(
                        "s\(number)",
                        .console,
                        person: person,
                        account: signIn.account,
                        email: signIn.1,
                        at: clock.now()
                    ),
                    digest: Self.digest(UInt8(number)),
                    replacing: nil,
                    controllerEmail: "controller@bank.example"
                )
                #expect(session.role == signIn.role)
            }
        }
    }
}
