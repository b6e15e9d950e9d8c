import HTTP
import TestSupport
import Testing

@Suite("The cost of a decision")
struct DecisionCostTests {
    @Test("A decision on the page reads its login once, and once more for its user")
    func page() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let shown = try #require(await stage.digest(prompt.ticket))
            let store = try #require(stage.store as? InstrumentedStore)
            _ = store.takeCounts()
            let response = await stage.send(
                .post,
                prompt.page,
                [Field("Content-Type", "application/x-www-form-urlencoded")],
                "decision=approve&shown=" + shown
            )
            #expect(response.status == 303)
            #expect(store.takeCounts() == .init(commits: 1, reads: 2))
        }
    }

    @Test("A decision on a device reads its login once, and once more for its user")
    func device() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let store = try #require(stage.store as? InstrumentedStore)
            _ = store.takeCounts()
            #expect(await stage.decide("approve", prompt).status == 200)
            // One of them is the test's own, for the digest.
            #expect(store.takeCounts() == .init(commits: 1, reads: 3))
        }
    }
}
