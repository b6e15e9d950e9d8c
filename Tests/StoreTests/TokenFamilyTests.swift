import Access
import Logins
import SQLStore
import TestSupport
import Testing

/// What every `AccessStore` must do with codes and families of tokens.
@Suite("A store of families of tokens", .timeLimit(.minutes(10)))
struct TokenFamilyTests {
    /// Lends a store with a client.
    private func with(
        _ kind: StoreKind,
        _ body: (any AccessStore) async throws -> Void
    ) async throws {
        let store = try StorePlace(kind).open()
        do {
            try await store.access.put(.addClient(try client("app")))
            try await body(store.access)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private func code(_ number: Int, endsAt: Timestamp = noon + .seconds(60)) -> AuthorizationCode {
        AuthorizationCode(
            digest: onceKey(number),
            client: .named("app"),
            user: .named("änna"),
            redirectURI: "com.bank.app:/signed-in",
            challenge: "challenge",
            scopes: [.deviceLogins],
            proofKey: number.isMultiple(of: 2) ? "thumbprint" : nil,
            endsAt: endsAt
        )
    }

    private func family(
        _ id: String,
        _ binding: TokenBinding = .nothing,
        current: Int? = 100,
        endsAt: Timestamp = noon + .seconds(600)
    ) -> TokenFamily {
        TokenFamily(
            id: id,
            client: .named("app"),
            user: .named("änna"),
            scopes: [.deviceLogins],
            binding: binding,
            current: current.map(onceKey),
            rotatedAt: noon,
            startedAt: noon,
            endsAt: endsAt
        )
    }

    private static let certificate = TokenBinding.certificate(
        thumbprint: onceKey(1),
        key: onceKey(2)
    )

    @Test(
        "changes the mark of the store when a family ends, not with codes and rotations",
        arguments: StoreKind.allCases
    )
    func mark(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            _ = store.mark()
            try await store.put(.addCode(code(1)))
            try await store.put(.openFamily(family("f"), code: onceKey(1)))
            guard let opened = store.mark() else {
                // With other processes nothing can be told without asking.
                #expect(kind.isInPostgres)
                return
            }
            try await store.put(.addCode(code(2)))
            try await store.put(.rotateFamily(family("f", current: 101), from: onceKey(100)))
            #expect(store.mark()?.standings == opened.standings)
            try await store.put(.endFamily("f"))
            #expect(store.mark()?.standings != opened.standings)
        }
    }

    @Test("gives back a code and a family as they were stored", arguments: StoreKind.allCases)
    func values(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let bindings: [TokenBinding] = [.nothing, Self.certificate, .proofKey("thumbprint")]
            for (number, binding) in bindings.enumerated() {
                let code = code(number)
                try await store.put(.addCode(code))
                #expect(try await store.code(code.digest) == code)
                #expect(try await store.commit([.addCode(code)]) == .exists)
                let family = family("f\(number)", binding, current: number == 0 ? nil : number)
                try await store.put(.openFamily(family, code: code.digest))
                #expect(try await store.family(family.id) == family)
            }
            #expect(try await store.family("f9") == nil)
        }
    }

    // trust: A-15
    @Test("exchanges a code once", arguments: StoreKind.allCases)
    func once(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            try await store.put(.addCode(code(1)))
            let open = AccessChange.openFamily(family("f"), code: code(1).digest)
            let refusals = try await withThrowingTaskGroup(of: AccessRefusal?.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await store.commit([
                            .use(key: onceKey(500 + number), until: noon), open,
                        ])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(refusals.filter { $0 == nil }.count == 1)
            #expect(refusals.filter { $0 == .missing }.count == 19)
            #expect(try await store.code(code(1).digest) == nil)
        }
    }

    // trust: A-14
    @Test("replaces a refresh token once, however many use it", arguments: StoreKind.allCases)
    func rotate(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            try await store.put(
                .addCode(code(1)),
                .openFamily(family("f", Self.certificate), code: code(1).digest)
            )
            let next = family("f", Self.certificate).rotated(
                to: onceKey(101),
                binding: .certificate(thumbprint: onceKey(3), key: onceKey(2)),
                at: noon + .seconds(5),
                endsAt: noon + .seconds(900)
            )
            let refusals = try await withThrowingTaskGroup(of: AccessRefusal?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await store.commit([.rotateFamily(next, from: onceKey(100))])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(refusals.filter { $0 == nil }.count == 1)
            #expect(refusals.filter { $0 == .changed }.count == 19)
            #expect(try await store.family("f") == next)
        }
    }

    @Test("ends a family for good, and shows it to the next call", arguments: StoreKind.allCases)
    func end(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            let question = StandingQuestion(
                client: .named("app"),
                token: nil,
                user: nil,
                family: "f"
            )
            #expect(try await !store.standing(question).isFamilyInForce)
            let first = family("f")
            try await store.put(.addCode(code(1)), .openFamily(first, code: code(1).digest))
            #expect(try await store.standing(question).isFamilyInForce)
            try await store.put(.endFamily("f"), .endFamily("none"))
            #expect(try await !store.standing(question).isFamilyInForce)
            #expect(
                try await store.commit([.rotateFamily(first, from: onceKey(100))]) == .missing
            )
            #expect(try await store.family("f") == nil)
        }
    }

    @Test("deletes what has ended, a batch at a time", arguments: StoreKind.allCases)
    func sweep(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            for number in 1...9 {
                let end = noon + .seconds(number)
                try await store.put(
                    .addCode(code(number)),
                    .openFamily(family("f\(number)", endsAt: end), code: code(number).digest),
                    .addCode(code(100 + number, endsAt: end))
                )
            }
            let swept = try await store.sweepAccess(before: noon + .seconds(5), limit: 6)
            // The store in memory has no batches.
            #expect(swept == 6 || swept == 8)
            while try await store.sweepAccess(before: noon + .seconds(5), limit: 6) > 0 {}
            for number in 1...9 {
                let isLeft = number >= 5
                #expect(try await (store.family("f\(number)") != nil) == isLeft)
                #expect(try await (store.code(code(100 + number).digest) != nil) == isLeft)
            }
        }
    }

    @Test("changes nothing of a list that is refused", arguments: StoreKind.allCases)
    func whole(_ kind: StoreKind) async throws {
        try await with(kind) { store in
            try await store.put(.addCode(code(1)))
            let refusal = try await store.commit([
                .openFamily(family("f"), code: code(1).digest),
                .rotateFamily(family("g"), from: onceKey(100)),
            ])
            #expect(refusal == .missing)
            #expect(try await store.code(code(1).digest) != nil)
            #expect(try await store.family("f") == nil)
        }
    }
}
