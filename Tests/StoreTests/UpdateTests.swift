import Access
import Cryptography
import Devices
import JOSE
import Logins
import TestSupport
import Testing
import Threads

@Suite("Updates in a login store", .timeLimit(.minutes(10)))
struct UpdateTests {
    // rule: C14
    @Test("let exactly one of 1,000 parallel decisions win", arguments: StoreKind.allCases)
    func race(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, place) async throws in
            let number = try await store.insertNew(.inPhase(.waiting)).number
            let decisions = (0..<1_000).map { index in
                Decision(
                    index.isMultiple(of: 2) ? .approve : .deny,
                    evidence: Evidence(method: .tap, via: .device, address: "192.0.2.\(index)"),
                    at: noon
                )
            }
            let winners = try await withThrowingTaskGroup(of: Decision?.self) { group in
                for decision in decisions {
                    group.addTask {
                        let result = try await store.update(number) {
                            (login) throws(PendingLogin.Refusal) in
                            try login.apply(.decided(decision, .fixture), at: noon)
                        }
                        let outcome = try? result?.get().login.phase.outcome
                        return outcome?.decision?.evidence == decision.evidence ? decision : nil
                    }
                }
                return try await group.reduce(into: [Decision]()) { list, decision in
                    if let decision { list.append(decision) }
                }
            }
            #expect(winners.count == 1)
            let final = try #require(try await store.login(number))
            #expect(final.login.phase.outcome?.decision?.evidence == winners.first?.evidence)
            #expect(place.heard.withLock { $0.count } == 2)
        }
    }

    // rule: C14
    @Test("let a denial win over an approval that waits with it", arguments: StoreKind.allCases)
    func tie(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            let other = try await store.insertNew(fixture("other").make()).number
            for round in 0..<(kind == .postgresPooled ? 50 : 1_000) {
                let number = try await store.insertNew(.inPhase(.waiting, fixture("tie-\(round)")))
                    .number
                // While the writer is held, both wait. In turn, the one or the other comes first.
                let isHeld = ThreadSemaphore()
                let mayGo = ThreadSemaphore()
                let holder = Task.immediate {
                    try await store.update(other) { _ in
                        isHeld.signal()
                        mayGo.wait()
                    }
                }
                isHeld.wait()
                let choices: [Decision.Choice] =
                    round.isMultiple(of: 2) ? [.approve, .deny] : [.deny, .approve]
                let tasks = choices.map { choice in
                    Task.immediate {
                        try await store.update(number, yielding: choice == .approve) {
                            (login) throws(PendingLogin.Refusal) in
                            let decision = Decision(
                                choice,
                                evidence: Evidence(method: .tap, via: .device, address: nil),
                                at: noon
                            )
                            try login.apply(.decided(decision, .fixture), at: noon)
                        }
                    }
                }
                mayGo.signal()
                _ = try await holder.value
                for (choice, task) in zip(choices, tasks) {
                    let result = try #require(try await task.value)
                    let isTaken = (try? result.get()) != nil
                    #expect(isTaken == (choice == .deny), "round \(round)")
                }
                let ended = try #require(try await store.login(number)).login.phase.outcome
                #expect(ended?.decision?.choice == .deny)
            }
        }
    }

    private func key(
        _ id: String,
        in store: StorePlace.Opened
    ) async throws -> CredentialID {
        let device = Device(
            id: .named("phone-" + id),
            user: .named("anna"),
            name: "Phone",
            platform: .ios,
            languages: [],
            protection: .unknown,
            channels: [],
            createdAt: noon,
            lastSeenAt: noon
        )
        let key = Credential(
            id: .named(id),
            user: device.user,
            device: device.id,
            kind: .deviceKey(pin: nil),
            publicKey: try PrivateKey.generate(.p256).publicKey,
            algorithm: .es256,
            name: "Phone",
            createdAt: noon
        )
        let refusal = try await store.devices.commit([.addDevice(device), .addCredential(key)])
        #expect(refusal == nil)
        return key.id
    }

    private func approve(
        _ number: LoginNumber,
        in store: any LoginStore,
        by key: KeyUse
    ) async throws -> Result<StoredLogin, PendingLogin.Refusal>? {
        try await store.update(number, yielding: true, by: key) {
            (login) throws(PendingLogin.Refusal) in
            let evidence = Evidence(
                proof: Evidence.Proof(credential: key.credential, publicKey: [1], statement: "s"),
                method: .deviceKey,
                via: .device,
                address: nil
            )
            try login.apply(
                .decided(Decision(.approve, evidence: evidence, at: noon), .fixture),
                at: noon
            )
        }
    }

    // rule: D1
    @Test("use up the proof of their key, whatever comes of them", arguments: StoreKind.allCases)
    func proofs(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let store = try place.open()
        let key = try await key("k", in: store)
        func digest(_ name: String) -> [UInt8] { SHA256.digest(Array(name.utf8)) }
        func proof(_ name: String) -> OneUse {
            OneUse(digest: digest(name), until: noon + .seconds(60))
        }
        let first = try await store.logins.insertNew(.inPhase(.waiting, fixture("one")))
        // Refused by the body, which changes nothing but the proof.
        let refused = try await store.logins.update(
            first.number,
            yielding: false,
            by: KeyUse(key, proof: proof("a"))
        ) { (_) throws(PendingLogin.Refusal) in throw .notReady }
        #expect(refused == .failure(.notReady))
        let again = try await approve(
            first.number,
            in: store.logins,
            by: KeyUse(key, proof: proof("a"))
        )
        #expect(again == .failure(.key(.proofUsed)))
        #expect(try await store.logins.login(first.number) == first)
        // One that another port has used, and the other way round.
        let uses = ["b", "c"].map { AccessChange.use(key: digest($0), until: noon) }
        #expect(try await store.access.commit([uses[0]]) == nil)
        let other = try await approve(
            first.number,
            in: store.logins,
            by: KeyUse(key, proof: proof("b"))
        )
        #expect(other == .failure(.key(.proofUsed)))
        let taken = try await approve(
            first.number,
            in: store.logins,
            by: KeyUse(key, proof: proof("c"))
        )
        #expect(try taken?.get().login.phase.outcome?.isApproval == true)
        #expect(try await store.access.commit([uses[1]]) == .used)
        // There is no such login.
        let none = try await approve(
            LoginNumber(99),
            in: store.logins,
            by: KeyUse(key, proof: proof("d"))
        )
        #expect(none == nil)
        #expect(
            try await store.access.commit([.use(key: digest("d"), until: noon)]) == .used
        )
        await store.close()
    }

    @Test(
        "are refused if their key is removed before, or together with them",
        arguments: StoreKind.allCases,
        [true, false]
    )
    func removedKey(_ kind: StoreKind, together: Bool) async throws {
        let place = try StorePlace(kind)
        let store = try place.open()
        let key = try await key("k", in: store)
        let removal: [DeviceChange] = [
            .removeDevice(.named("phone-k"), of: .named("anna"))
        ]
        let login = try await store.logins.insertNew(.inPhase(.waiting, fixture("one")))
        let other = try await store.logins.insertNew(fixture("other").make()).number
        let digest = SHA256.digest([1])
        let use = KeyUse(key, proof: OneUse(digest: digest, until: noon))
        let result: Result<StoredLogin, PendingLogin.Refusal>?
        if together {
            // While the writer is held, both wait; the approval came first.
            let isHeld = ThreadSemaphore()
            let mayGo = ThreadSemaphore()
            let logins = store.logins
            let holder = Task.immediate {
                try await logins.update(other) { _ in
                    isHeld.signal()
                    mayGo.wait()
                }
            }
            isHeld.wait()
            let approval = Task.immediate {
                try await approve(login.number, in: logins, by: use)
            }
            let revocation = Task.immediate { try await store.devices.commit(removal) }
            mayGo.signal()
            _ = try await holder.value
            #expect(try await revocation.value == nil)
            result = try await approval.value
        } else {
            #expect(try await store.devices.commit(removal) == nil)
            result = try await approve(login.number, in: store.logins, by: use)
        }
        #expect(result == .failure(.key(.removed)))
        #expect(try await store.logins.login(login.number) == login)
        #expect(try await store.access.commit([.use(key: digest, until: noon)]) == .used)
        await store.close()
    }

    @Test("write nothing when the body refuses", arguments: StoreKind.allCases)
    func refusal(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, place) async throws in
            let stored = try await store.insertNew(fixture("one").make())
            let result = try await store.update(stored.number) {
                (login) throws(PendingLogin.Refusal) in
                try login.apply(.unusable(.noChannel), at: noon)
                throw .notReady
            }
            #expect(result == .failure(.notReady))
            #expect(try await store.login(stored.number) == stored)
            #expect(place.heard.withLock { $0.count } == 1)
        }
    }

    @Test("write nothing when the login is unchanged", arguments: StoreKind.allCases)
    func unchanged(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, place) async throws in
            let stored = try await store.insertNew(fixture("one").make())
            #expect(try await store.update(stored.number) { _ in } == .success(stored))
            #expect(place.heard.withLock { $0.count } == 1)
        }
    }

    @Test("are all applied when many change the same logins", arguments: StoreKind.allCases)
    func noneLost(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            var numbers: [LoginNumber] = []
            for index in 0..<5 {
                numbers.append(try await store.insertNew(fixture("login-\(index)").make()).number)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<500 {
                    let number = numbers[index % 5]
                    group.addTask {
                        try await store.apply(
                            .preparationDelayed("busy", until: noon + .seconds(1)),
                            to: number,
                            at: noon
                        )
                    }
                }
                try await group.waitForAll()
            }
            for number in numbers {
                guard case .preparing(let attempts, _)? = try await store.login(number)?.login.phase
                else {
                    Issue.record("the login left its phase")
                    continue
                }
                #expect(attempts.count == 100)
                #expect(attempts.recent.count == Attempts.kept)
            }
        }
    }

    @Test("fail only for the row that cannot be written", arguments: StoreKind.allCases)
    func neighbour(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            // An approval whose decision is a denial: no event leads there.
            let illegal = fixture("illegal").make()
            let row = PendingLogin(
                key: illegal.key,
                terms: illegal.terms,
                details: illegal.details,
                question: nil,
                tickets: [],
                phase: .settled(.approved(.fixture(.deny, at: noon)), .reported, at: noon)
            )
            let answers = await withTaskGroup(of: Result<Insertion, any Error>.self) { group in
                for index in 0..<200 {
                    let login = index == 100 ? row : fixture("login-\(index)").make()
                    group.addTask {
                        do {
                            return .success(try await store.insert(login, limits: .none))
                        } catch {
                            return .failure(error)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let failures = answers.filter { if case .failure = $0 { true } else { false } }
            #expect(failures.count == 1)
            #expect(try await store.logins(in: .preparing, after: nil, limit: 500).count == 199)
            #expect(try await store.login(illegal.key) == nil)
            let census = try await store.census()
            #expect(census == [Census(phase: .preparing, outcome: nil, count: 199)])
        }
    }

    @Test("interrupt reporting logins, and only those, on recovery", arguments: StoreKind.allCases)
    func recover(_ kind: StoreKind) async throws {
        try await withStore(kind) { (store, _) async throws in
            var before: [StoredLogin] = []
            for (index, phase) in PendingLogin.PhaseName.allCases.enumerated() {
                for copy in 0..<3 {
                    before.append(
                        try await store.insertNew(.inPhase(phase, fixture("\(index)-\(copy)")))
                    )
                }
            }
            let begun = try #require(before.first { $0.login.phase.name == .reporting })
            _ = try await store.update(begun.number) { (login) throws(PendingLogin.Refusal) in
                try login.apply(.reportBegun, at: noon)
            }
            #expect(try await store.recover(at: noon) == 3)
            for stored in before {
                let now = try #require(try await store.login(stored.number))
                if case .reporting(_, let report) = now.login.phase {
                    #expect(report.inDoubt == (stored.number == begun.number))
                } else {
                    #expect(now == stored)
                }
            }
        }
    }
}
