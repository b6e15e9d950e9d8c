import HTTP
import TestSupport
import Testing

@Suite("The cost of a decision")
struct DecisionCostTests {
    @Test("A decision on the page reads its login once")
    func page() async throws {
        try await House.with { house in
            let prompt = try await house.prompt()
            let shown = try #require(await house.digest(prompt.ticket))
            let store = try #require(house.store as? InstrumentedStore)
            _ = store.takeCounts()
            let response = await house.send(
                .post,
                prompt.page,
                [Field("Content-Type", "application/x-www-form-urlencoded")],
                "decision=approve&shown=" + shown
            )
            #expect(response.status == 303)
            #expect(store.takeCounts() == .init(commits: 1, reads: 1))
        }
    }

    @Test("A decision on a device reads its login once")
    func device() async throws {
        try await House.with { house in
            let prompt = try await house.prompt()
            let store = try #require(house.store as? InstrumentedStore)
            _ = store.takeCounts()
            #expect(await house.decide("approve", prompt).status == 200)
            #expect(store.takeCounts() == .init(commits: 1, reads: 1))
        }
    }
}
