import Access
import Devices
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

/// What every `AccessStore` must do.
@Suite("A store of clients and consents", .timeLimit(.minutes(10)))
struct AccessStoreTests {
    /// Opens a store for `body` and closes it.
    private func with(
        _ kind: StoreKind,
        _ body: (any AccessStore) async throws -> Void
    ) async throws {
        let store = try StorePlace(kind).open()
        do {
            try await body(store.access)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    // MARK: Clients

    @Test("gives back a client as it was added, with its version", arguments: StoreKind.allCases)
    func clients(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            #expect(try await store.client(.named("robot")) == nil)
            let robot = try client("robot", .delegated, name: "Ünï \u{1F916}")
            try await store.put(.addClient(robot))
            let stored = try #require(try await store.client(robot.id))
            #expect(stored.client == robot)
            #expect(stored.lastUsedAt == nil)
            #expect(try await store.commit([.addClient(try client("robot"))]) == .exists)
            #expect(try await store.client(robot.id) == stored)
        }
    }

    @Test("replaces a client only in the version that was read", arguments: StoreKind.allCases)
    func replace(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            try await store.put(.addClient(try client("robot")))
            let first = try #require(try await store.client(.named("robot")))
            let suspended = try client("robot", .user, .suspended)
            try await store.put(.replaceClient(suspended, version: first.version))
            let second = try #require(try await store.client(.named("robot")))
            #expect(second.client == suspended)
            #expect(second.version > first.version)
            let late = try client("robot", .user, .active)
            #expect(
                try await store.commit([.replaceClient(late, version: first.version)]) == .changed
            )
            #expect(
                try await store.commit([
                    .replaceClient(try client("nobody"), version: first.version)
                ]) == .missing
            )
            #expect(try await store.client(.named("robot")) == second)
        }
    }

    @Test(
        "never changes a client's type or time of creation",
        arguments: StoreKind.allCases,
        [0, 1]
    )
    func fixed(_ kind: StoreKind, _ which: Int) async throws {
        try await with(kind) { store in
            try await store.put(.addClient(try client("robot")))
            let stored = try #require(try await store.client(.named("robot")))
            let other =
                try which == 0
                ? client("robot", .delegated) : client("robot", createdAt: noon + .seconds(1))
            await #expect(throws: StoreError.self) {
                try await store.commit([.replaceClient(other, version: stored.version)])
            }
            #expect(try await store.client(.named("robot")) == stored)
        }
    }

    // trust: B-11
    @Test(
        "lists clients with type, status, time of creation and last use, in the order of bytes",
        arguments: StoreKind.allCases
    )
    func list(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let clients = try [
                client("A"), client("a", .delegated), client("a-2", .user, .suspended),
                client("b", .delegated, .revoked), client("c", .delegated, .pending),
            ]
            for client in clients.reversed() { try await store.put(.addClient(client)) }
            try await store.put(.noteUse(.named("a"), at: noon + .seconds(9)))
            var listed: [StoredClient] = []
            while true {
                let page = try await store.clients(
                    ClientFilter(),
                    after: listed.last?.client.id,
                    limit: 2
                )
                if page.isEmpty { break }
                #expect(page.count <= 2)
                listed += page
            }
            #expect(listed.map(\.client) == clients)
            #expect(listed.map(\.lastUsedAt) == [nil, noon + .seconds(9), nil, nil, nil])
            func ids(_ filter: ClientFilter) async throws -> [String] {
                try await store.clients(filter, after: nil, limit: 9).map(\.client.id.value)
            }
            #expect(try await ids(ClientFilter(kind: .delegated)) == ["a", "b", "c"])
            #expect(try await ids(ClientFilter(status: .suspended)) == ["a-2"])
            #expect(try await ids(ClientFilter(kind: .user, status: .revoked)) == [])
            func sorted(_ sort: ClientSort, _ isDescending: Bool = false) async throws -> String {
                var listed: [APIClientID] = []
                let filter = ClientFilter(sort: sort, isDescending: isDescending)
                while true {
                    let page = try await store.clients(filter, after: listed.last, limit: 2)
                    if page.isEmpty { return listed.map(\.value).joined(separator: " ") }
                    listed += page.map(\.client.id)
                }
            }
            #expect(try await sorted(.id, true) == "c b a-2 a A")
            #expect(try await sorted(.kind) == "a b c A a-2")
            #expect(try await sorted(.status, true) == "a-2 b c a A")
            #expect(try await sorted(.name) == "A a a-2 b c")
            #expect(try await sorted(.createdAt, true) == "c b a-2 a A")
            #expect(try await sorted(.lastUsedAt) == "A a-2 b c a")
            #expect(try await store.clients(ClientFilter(), after: nil, limit: 0).isEmpty)
        }
    }

    @Test("keeps the last use of a client, not its version", arguments: StoreKind.allCases)
    func lastUse(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            try await store.put(.addClient(try client("robot")))
            let before = try #require(try await store.client(.named("robot")))
            let uses = [5, 9, 7].map {
                AccessChange.noteUse(.named("robot"), at: noon + .seconds($0))
            }
            try await store.put(uses[0], uses[1])
            try await store.put(uses[2], .noteUse(.named("nobody"), at: noon))
            let after = try #require(try await store.client(.named("robot")))
            #expect(after.lastUsedAt == noon + .seconds(9))
            #expect(after.version == before.version)
            try await store.put(.replaceClient(before.client, version: before.version))
            #expect(
                try await store.client(.named("robot"))?.lastUsedAt == noon + .seconds(9)
            )
        }
    }

    // MARK: What may be used once

    @Test("refuses a key that was used, until it is swept", arguments: StoreKind.allCases)
    func once(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            for number in 0..<10 {
                try await store.put(
                    .use(key: onceKey(number), until: noon + .seconds(Int64(number)))
                )
            }
            let again = AccessChange.use(key: onceKey(3), until: noon + .seconds(99))
            #expect(try await store.commit([again]) == .used)
            #expect(try await store.sweepAccess(before: noon + .seconds(3), limit: 2) == 2)
            #expect(try await store.sweepAccess(before: noon + .seconds(3), limit: 2) == 1)
            #expect(try await store.sweepAccess(before: noon + .seconds(3), limit: 2) == 0)
            #expect(try await store.commit([again]) == .used)
            #expect(try await store.commit([.use(key: onceKey(2), until: noon)]) == nil)
        }
    }

    @Test("gives a key to exactly one of many callers", arguments: StoreKind.allCases)
    func race(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let given = try await withThrowingTaskGroup(of: Bool.self) { group in
                for caller in 0..<200 {
                    group.addTask {
                        try await store.commit([
                            .use(key: onceKey(caller % 10), until: noon),
                            .audit(event("token.issued", caller)),
                        ]) == nil
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(given == 10)
            #expect(try await store.wholeAudit().count == 10)
        }
    }

    // MARK: All or nothing

    @Test(
        "writes nothing of a list of which one change is refused, and all of the others",
        arguments: StoreKind.allCases
    )
    func allOrNothing(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let robot = try client("robot", .delegated)
            try await store.put(
                .addClient(robot),
                .use(key: onceKey(0), until: noon),
                .recordConsent(try delegation("c-0"))
            )
            let stored = try #require(try await store.client(robot.id))
            let refused: [(AccessChange, AccessRefusal)] = try [
                (.use(key: onceKey(0), until: noon), .used),
                (.addClient(robot), .exists),
                (.replaceClient(client("nobody"), version: 1), .missing),
                (.replaceClient(robot, version: stored.version + 1), .changed),
                (.recordConsent(delegation("c-1")), .exists),
                (.recordConsent(delegation("c-0", "else")), .exists),
                (.recordConsent(delegation("c-2", "anna", "nobody")), .missing),
                (.withdrawConsent("c-9", at: noon), .missing),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, (change, refusal)) in refused.enumerated() {
                    let client = try client("new-\(index)")
                    group.addTask {
                        let others: [AccessChange] = [
                            .use(key: onceKey(100 + index), until: noon), .addClient(client),
                            .noteUse(robot.id, at: noon + .seconds(1)),
                            .revokeToken("t-\(index)", until: noon),
                            .audit(event("token.refused", index)),
                        ]
                        #expect(try await store.commit(others + [change] + others) == refusal)
                        #expect(try await store.commit([change] + others) == refusal)
                        try await store.put(.audit(event("token.issued", index)))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.client(robot.id) == stored)
            #expect(try await store.clients(ClientFilter(), after: nil, limit: 99) == [stored])
            for index in refused.indices {
                let question = StandingQuestion(client: robot.id, token: "t-\(index)", user: nil)
                #expect(try await !store.standing(question).isTokenRevoked)
                try await store.put(.use(key: onceKey(100 + index), until: noon))
            }
            let audit = try await store.wholeAudit()
            #expect(audit.map(\.event.kind) == refused.map { _ in "token.issued" })
            expectChain(audit)
        }
    }

    @Test("applies the changes of a list in their order", arguments: StoreKind.allCases)
    func order(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let robot = try client("robot", .delegated)
            try await store.put(
                .addClient(robot),
                .recordConsent(try delegation("c-1")),
                .withdrawConsent("c-1", at: noon + .seconds(1)),
                .recordConsent(try delegation("c-2"))
            )
            #expect(try await store.consent("c-1")?.isInForce == false)
            #expect(try await store.consent("c-2")?.isInForce == true)
            let twice = AccessChange.use(key: onceKey(1), until: noon)
            #expect(try await store.commit([twice, twice]) == .used)
            try await store.put(twice)
        }
    }

    // MARK: Consents to delegation

    // trust: B-14
    @Test("keeps every part of a consent, and it is withdrawn", arguments: StoreKind.allCases)
    func consents(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let consent = try delegation("c-1")
            try await store.put(.addClient(try client("robot", .delegated)))
            try await store.put(.recordConsent(consent))
            #expect(try await store.consent("c-1") == consent)
            #expect(try await store.commit([.recordConsent(delegation("c-2"))]) == .exists)
            let first = noon + .seconds(5)
            try await store.put(.withdrawConsent("c-1", at: first))
            try await store.put(.withdrawConsent("c-1", at: first + .seconds(1)))
            let withdrawn = try delegation("c-1", withdrawnAt: first)
            #expect(try await store.consent("c-1") == withdrawn)
            try await store.put(.recordConsent(try delegation("c-2")))
            #expect(try await store.consents(ConsentFilter(), after: nil, limit: 9).count == 2)
            #expect(try await store.consent("c-3") == nil)
        }
    }

    @Test("lists the consents of a user, a client or both", arguments: StoreKind.allCases)
    func consentLists(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            for id in ["robot", "r2"] {
                try await store.put(.addClient(try client(id, .delegated)))
            }
            let all = [
                try delegation("a", "bob"), try delegation("b", "anna", "r2"),
                try delegation("c", "anna"), try delegation("d", "bob", "r2"),
            ]
            for consent in all.reversed() { try await store.put(.recordConsent(consent)) }
            func ids(
                _ user: String?,
                _ client: String?,
                after: String? = nil,
                limit: Int = 9
            ) async throws -> [String] {
                let filter = ConsentFilter(
                    user: user.map { .named($0) },
                    client: client.map { .named($0) }
                )
                return try await store.consents(filter, after: after, limit: limit).map(\.id)
            }
            #expect(try await ids(nil, nil) == ["a", "b", "c", "d"])
            #expect(try await ids("anna", nil) == ["b", "c"])
            #expect(try await ids(nil, "r2") == ["b", "d"])
            #expect(try await ids("bob", "r2") == ["d"])
            #expect(try await ids("anna", nil, after: "b") == ["c"])
            #expect(try await ids(nil, "r2", after: "b") == ["d"])
            #expect(try await ids(nil, nil, after: "a", limit: 2) == ["b", "c"])
            #expect(try await ids("carl", nil) == [])
        }
    }

    // MARK: Standing

    // trust: B-14
    @Test(
        "shows a suspended client, a revoked token and a withdrawn consent to the next call",
        arguments: StoreKind.allCases
    )
    func standing(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let robot = try client("robot", .delegated)
            let question = StandingQuestion(
                client: robot.id,
                token: "token-1",
                user: .named("anna")
            )
            let nothing = Standing(client: nil, isTokenRevoked: false, consent: nil)
            #expect(try await store.standing(question) == nothing)
            let consent = try delegation("c-1")
            try await store.put(.addClient(robot), .recordConsent(consent))
            #expect(
                try await store.standing(question)
                    == Standing(client: robot, isTokenRevoked: false, consent: consent)
            )
            let other = StandingQuestion(client: robot.id, token: nil, user: .named("bob"))
            #expect(
                try await store.standing(other)
                    == Standing(client: robot, isTokenRevoked: false, consent: nil)
            )
            try await store.put(.withdrawConsent("c-1", at: noon))
            #expect(try await store.standing(question).consent == nil)
            try await store.put(.revokeToken("token-1", until: noon))
            #expect(try await store.standing(question).isTokenRevoked)
            let stored = try #require(try await store.client(robot.id))
            let suspended = try client("robot", .delegated, .suspended)
            try await store.put(.replaceClient(suspended, version: stored.version))
            #expect(try await store.standing(question).client == suspended)
        }
    }

    @Test(
        "remembers a revoked token for the longest time it was told",
        arguments: StoreKind.allCases
    )
    func revoked(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            try await store.put(.revokeToken("t", until: noon + .seconds(9)))
            try await store.put(.revokeToken("t", until: noon + .seconds(2)))
            let question = StandingQuestion(client: .named("robot"), token: "t", user: nil)
            #expect(try await store.sweepAccess(before: noon + .seconds(9), limit: 9) == 0)
            #expect(try await store.standing(question).isTokenRevoked)
            #expect(try await store.sweepAccess(before: noon + .seconds(10), limit: 9) == 1)
            #expect(try await !store.standing(question).isTokenRevoked)
        }
    }

    // MARK: Audit

    @Test("chains the audit in the order of its entries", arguments: StoreKind.allCases)
    func audit(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            #expect(try await store.wholeAudit().isEmpty)
            let events = (0..<7).map { event("token.issued", $0) }
            for event in events.prefix(4) { try await store.put(.audit(event)) }
            try await store.put(.audit(events[4]), .audit(events[5]), .audit(events[6]))
            let audit = try await store.wholeAudit()
            #expect(audit.map(\.event) == events)
            #expect(audit.map(\.number) == Array(1...7))
            expectChain(audit)
            #expect(try await store.audit(after: 3, limit: 2) == Array(audit[3..<5]))
            #expect(try await store.audit(after: 7, limit: 2).isEmpty)
            #expect(try await store.audit(after: 0, limit: 0).isEmpty)
        }
    }

    @Test("says that the details of an event were too long", arguments: StoreKind.allCases)
    func longEvent(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            for length in [AuditEvent.longest - #"{"a":""}"#.utf8.count, AuditEvent.longest] {
                let text = String(repeating: "x", count: length)
                try await store.put(.audit(AuditEvent("a.b", at: noon, ["a": .string(text)])))
            }
            let audit = try await store.wholeAudit()
            #expect(audit[0].event.members["a"] != nil)
            #expect(audit[1].event.members["omitted"]?.integer == AuditEvent.longest + 8)
            expectChain(audit)
        }
    }

    @Test(
        "keeps one chain when a service and a tool append at the same time",
        arguments: StoreKind.allCases
    )
    func oneChain(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let service = try place.open()
        let tool = try place.open(.tool)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in [service.access, tool.access] {
                for _ in 0..<4 {
                    group.addTask {
                        var round = 0
                        while round < 25 {
                            do throws(StoreError) {
                                _ = try await store.commit([.audit(event("a.b", round))])
                                round += 1
                            } catch {
                                // The other one writes. A tool tells its user so.
                                guard error == .locked else { throw error }
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let audit = try await service.access.wholeAudit()
        #expect(audit.count == 200)
        expectChain(audit)
        await tool.close()
        await service.close()
    }

    @Test(
        "keeps the audit verifiable when its oldest entries are swept",
        arguments: StoreKind.allCases
    )
    func sweepAudit(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            #expect(try await verified(store).last == .start)
            for second in 0..<20 {
                let moment = noon + .seconds(Int64(second))
                try await store.put(.audit(event("a.b", second, at: moment)))
            }
            let whole = try await verified(store)
            #expect(whole.first == 1 && whole.count == 20)
            #expect(try await store.sweepAudit(before: noon + .seconds(7), limit: 5) == 5)
            #expect(try await store.sweepAudit(before: noon + .seconds(7), limit: 5) == 2)
            #expect(try await store.sweepAudit(before: noon + .seconds(7), limit: 5) == 0)
            let rest = try await verified(store)
            #expect(rest.first == 8 && rest.count == 13 && rest.last == whole.last)
            #expect(try await store.audit(after: 0, limit: 1).map(\.number) == [8])
            #expect(try await store.sweepAudit(before: .distantFuture, limit: 99) == 13)
            #expect(try await verified(store).count == 0)
            try await store.put(.audit(event("c.d")))
            let again = try await verified(store)
            #expect(again.first == 21 && again.count == 1)
        }
    }

    @Test(
        "appends a signed head right after the entry that it covers",
        arguments: StoreKind.allCases
    )
    func seal(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<20 {
                    group.addTask { try await store.put(.audit(event("a.b", caller))) }
                    group.addTask {
                        try await store.sealAudit { mark in
                            AuditEvent("audit.head", at: noon, ["over": .integer(mark.number)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await store.sealAudit { _ in nil }
            let audit = try await store.wholeAudit()
            #expect(audit.count == 40)
            for entry in audit where entry.event.kind == "audit.head" {
                #expect(entry.event.members["over"]?.integer == Int(entry.number - 1))
            }
            _ = try await verified(store)
        }
    }

    /// Verifies the audit in small pages.
    private func verified(_ store: any AccessStore) async throws -> AuditVerifier {
        var verifier = AuditVerifier()
        while true {
            let page = try await store.auditPage(after: verifier.last?.number, limit: 6)
            if let fault = verifier.check(page) { throw fault }
            if page.isLast { return verifier }
        }
    }

    /// Each entry has the next number and a hash that covers the one before.
    private func expectChain(_ audit: [AuditEntry]) {
        var last = AuditMark.start
        for entry in audit {
            #expect(entry.number == last.number + 1)
            let hash = AuditChain.hash(after: last.hash, number: entry.number, entry.event)
            #expect(entry.hash == hash)
            last = AuditMark(number: entry.number, hash: hash)
        }
    }

    // MARK: Opening again

    @Test(
        "has everything that was committed when it is opened again, after a crash too",
        arguments: StoreKind.allCases,
        [true, false]
    )
    func reopen(_ kind: StoreKind, _ closes: Bool) async throws {
        let place = try StorePlace(kind)
        let first = try place.open()
        let robot = try client("robot", .delegated)
        let question = StandingQuestion(client: robot.id, token: "t", user: .named("anna"))
        try await first.access.put(
            .addClient(robot),
            .recordConsent(try delegation("c-1")),
            .recordConsent(try delegation("c-2", "bob")),
            .withdrawConsent("c-2", at: noon),
            .use(key: onceKey(1), until: noon + .seconds(600)),
            .noteUse(robot.id, at: noon),
            .revokeToken("t", until: noon),
            .audit(event("a.b"))
        )
        let before = (
            client: try await first.access.client(robot.id),
            standing: try await first.access.standing(question),
            audit: try await first.access.wholeAudit()
        )
        if closes { await first.close() }
        let store = try (closes ? place : StorePlace(copyOf: place)).open()
        #expect(try await store.access.client(robot.id) == before.client)
        #expect(before.client?.lastUsedAt == noon)
        #expect(try await store.access.standing(question) == before.standing)
        #expect(before.standing.consent != nil && before.standing.isTokenRevoked)
        #expect(try await store.access.consent("c-2")?.withdrawnAt == noon)
        let replay = AccessChange.use(key: onceKey(1), until: noon + .seconds(600))
        #expect(try await store.access.commit([replay]) == .used)
        try await store.access.put(.audit(event("c.d")))
        let audit = try await store.access.wholeAudit()
        #expect(audit.dropLast() == before.audit[...])
        expectChain(audit)
        await store.close()
        await first.close()
    }

    // MARK: Answers

    private func answer(
        _ key: Int,
        _ text: String = "{}",
        of client: String = "ops",
        at moment: Timestamp = noon
    ) -> StoredAnswer {
        StoredAnswer(
            key: onceKey(key),
            request: onceKey(key + 1),
            client: .named(client),
            at: moment,
            until: moment + .seconds(60),
            status: 201,
            fields: [Field("Location", "/a/\u{E9}"), Field("ETag", "\"1\"")],
            body: Array(text.utf8)
        )
    }

    @Test(
        "keeps the first answer under a key until its time is over",
        arguments: StoreKind.allCases
    )
    func answers(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        var store = try place.open()
        #expect(try await store.access.answer(onceKey(1)) == nil)
        let first = answer(1)
        try await store.access.put(.answer(first))
        let late = answer(1, "[]", at: noon + .seconds(59))
        #expect(try await store.access.commit([.answer(late)]) == .used)
        await store.close()
        store = try place.open()
        #expect(try await store.access.answer(onceKey(1)) == first, "after a restart")
        let next = answer(1, "[]", at: noon + .seconds(60))
        try await store.access.put(.answer(next))
        #expect(try await store.access.answer(onceKey(1)) == next)
        try await store.access.put(.answer(answer(2, "")))
        #expect(try await store.access.answer(onceKey(2))?.body == [])
        #expect(try await store.access.sweepAccess(before: noon + .seconds(61), limit: 9) == 1)
        #expect(try await store.access.answer(onceKey(2)) == nil)
        #expect(try await store.access.answer(onceKey(1)) == next)
        await store.close()
    }

    @Test("stores an answer only with the work that it is about", arguments: StoreKind.allCases)
    func answerOfWork(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let robot = try client("robot")
            try await store.put(.addClient(robot))
            #expect(try await store.commit([.answer(answer(1)), .addClient(robot)]) == .exists)
            #expect(try await store.answer(onceKey(1)) == nil)
            try await store.put(.answer(answer(1)))
            let other = try client("other")
            #expect(try await store.commit([.addClient(other), .answer(answer(1))]) == .used)
            #expect(try await store.client(other.id) == nil)
        }
    }

    // MARK: Users

    @Test(
        "changes a user only as it was read, together with the audit",
        arguments: StoreKind.allCases
    )
    func users(_ kind: StoreKind) async throws {
        let store = try StorePlace(kind).open()
        let anna = User(id: .named("anna"), isActive: true, language: "pt-BR")
        let disabled = anna.with(isActive: false)
        func refusal(_ change: AccessChange) async throws -> AccessRefusal? {
            try await store.access.commit([.audit(event("user.changed")), change])
        }
        #expect(try await refusal(.putUser(anna, over: disabled)) == .changed)
        #expect(try await refusal(.removeUser(anna)) == .missing)
        #expect(try await refusal(.putUser(anna, over: nil)) == nil)
        #expect(try await store.users.user(anna.id) == anna)
        #expect(try await refusal(.putUser(disabled, over: nil)) == .changed)
        #expect(try await refusal(.putUser(disabled, over: anna)) == nil)
        #expect(try await store.users.user(anna.id) == disabled)
        #expect(try await refusal(.removeUser(anna)) == .changed)
        let now = Timestamp(milliseconds: 1)
        let device = Device(
            id: .named("phone"),
            user: anna.id,
            name: "Phone",
            platform: .ios,
            createdAt: now,
            lastSeenAt: now
        )
        let code = EnrolmentCode()
        let enrolment = Enrolment(
            locator: code.locator,
            digest: code.digest,
            user: anna.id,
            createdAt: now,
            endsAt: now + Enrolment.lifetime
        )
        #expect(
            try await store.devices.commit([.addDevice(device), .addEnrolment(enrolment)]) == nil
        )
        #expect(try await refusal(.removeUser(disabled)) == nil)
        #expect(try await store.devices.device(device.id) == nil)
        #expect(try await !store.devices.isWaiting(code, at: now))
        #expect(try await store.users.user(anna.id) == nil)
        #expect(try await store.access.wholeAudit().count == 3)
        await store.close()
    }

    // MARK: Changes that wait

    @Test(
        "keeps one change of a client that waits, until it is closed or its time is over",
        arguments: StoreKind.allCases
    )
    func proposals(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let robot = try client("robot", .delegated)
            func proposal(_ id: String, at moment: Timestamp = noon) -> ClientProposal {
                ClientProposal(
                    id: id,
                    kind: .change,
                    client: robot,
                    version: 1,
                    author: "ops \u{E9}",
                    requestedAt: moment,
                    expiresAt: moment + .seconds(60)
                )
            }
            #expect(try await store.commit([.propose(proposal("a"))]) == .missing)
            try await store.put(.addClient(robot), .propose(proposal("a")))
            #expect(try await store.proposal("a") == proposal("a"))
            let early = proposal("b", at: noon + .seconds(59))
            #expect(try await store.commit([.propose(early)]) == .exists)
            let late = proposal("b", at: noon + .seconds(60))
            try await store.put(.propose(late))
            #expect(try await store.proposals(after: nil, limit: 9) == [late])
            #expect(try await store.proposals(after: "b", limit: 9) == [])
            #expect(try await store.proposal("a") == nil)
            #expect(try await store.commit([.closeProposal("a")]) == .missing)
            try await store.put(.closeProposal("b"))
            #expect(try await store.proposal("b") == nil)
        }
    }
}
