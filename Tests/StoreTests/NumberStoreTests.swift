import Access
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("The number of a login in the store", .timeLimit(.minutes(10)))
struct NumberStoreTests {
    private static func login(_ id: String, user: String = "alice") throws -> PendingLogin {
        var fixture = PendingLogin.Fixture(id: id)
        fixture.user = user
        fixture.bindingMessage = "code 730194"
        fixture.numbers = NumberRule(.enter, try NumberPattern("######"))
        return .inPhase(.waiting, fixture)
    }

    private static func insert(
        _ id: String,
        in store: SQLLoginStore
    ) async throws -> LoginNumber {
        guard
            case .inserted(let stored) = try await store.insert(login(id), limits: .none)
        else { throw NotInserted() }
        return stored.number
    }

    private struct NotInserted: Error {}

    private static func apply(
        _ event: PendingLogin.Event,
        to number: LoginNumber,
        in store: SQLLoginStore
    ) async throws -> Result<StoredLogin, PendingLogin.Refusal> {
        let result = try await store.update(number) { (login) throws(PendingLogin.Refusal) in
            try login.apply(event, at: noon)
        }
        return try #require(result)
    }

    private static func approval(_ evidence: Evidence) -> PendingLogin.Event {
        .decided(
            Decision(.approve, evidence: evidence, at: noon, matched: .enter),
            .fixture
        )
    }

    private static let tap = Evidence(method: .tap, via: .page, address: nil)

    @Test(
        "is kept with how it is matched and how often it was wrong",
        arguments: StoreKind.allCases
    )
    func kept(kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        var store = try SQLLoginStore(place.options())
        let number = try await Self.insert("one", in: store)
        _ = try await Self.apply(.codeRefused, to: number, in: store)
        let before = try #require(try await store.login(number)).login
        await store.close()
        store = try SQLLoginStore(place.options())
        let after = try #require(try await store.login(number)).login
        #expect(after == before && after.wrongCodes == 1)
        #expect(after.details.bindingMessage.expectedNumber == "730194")
        #expect(after.details.bindingMessage.shown == "code ••••••")
        await store.close()
    }

    // rule: N7
    @Test(
        "counts with the user, in the same transaction, and blocks all approvals by the user",
        arguments: StoreKind.allCases
    )
    func counted(kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let store = try SQLLoginStore(place.options())
        let user = UserID.named("alice")
        let one = try await Self.insert("one", in: store)
        let two = try await Self.insert("two", in: store)
        for tries in 1...4 {
            _ = try await Self.apply(.codeRefused, to: one, in: store).get()
            #expect(try await store.failures(of: user).failures == tries)
        }
        // The right one forgets the wrong ones.
        let three = try await Self.insert("three", in: store)
        _ = try await Self.apply(Self.approval(Self.tap), to: three, in: store).get()
        #expect(try await store.failures(of: user) == FailureStanding())
        for _ in 1...4 { _ = try await Self.apply(.codeRefused, to: two, in: store).get() }
        let last = try await Self.apply(.codeRefused, to: one, in: store).get()
        #expect(last.login.phase.outcome == .failed(.wrongCodes))
        let standing = try await store.failures(of: user)
        #expect(standing.blocks == 1)
        let refused = Result<StoredLogin, PendingLogin.Refusal>.failure(
            .userBlocked(until: standing.blockedUntil)
        )
        let before = try await store.login(two)
        #expect(try await Self.apply(.codeRefused, to: two, in: store) == refused)
        #expect(try await Self.apply(Self.approval(Self.tap), to: two, in: store) == refused)
        #expect(try await store.login(two) == before)
        #expect(try await store.failures(of: user) == standing)
        // A backend is not the user, and declining is always possible.
        let backend = Evidence(delegate: .init(client: .named("c"), token: "t"), address: nil)
        _ = try await Self.apply(Self.approval(backend), to: two, in: store).get()
        let four = try await Self.insert("four", in: store)
        let denial = PendingLogin.Event.decided(
            Decision(.deny, evidence: Self.tap, at: noon),
            Selection()
        )
        _ = try await Self.apply(denial, to: four, in: store).get()
        await store.close()
    }

    @Test("is erased with the message; how it was matched stays", arguments: StoreKind.allCases)
    func erased(kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let store = try SQLLoginStore(place.options())
        let number = try await Self.insert("one", in: store)
        _ = try await Self.apply(Self.approval(Self.tap), to: number, in: store).get()
        _ = try await Self.apply(.reportTaken(confirmed: true), to: number, in: store).get()
        #expect(try await store.redact(settledBefore: noon + .seconds(1), limit: 9) == 1)
        let login = try #require(try await store.login(number)).login
        #expect(login.details.bindingMessage == .none)
        #expect(login.phase.outcome?.decision?.matched == .enter)
        await store.close()
    }
}
