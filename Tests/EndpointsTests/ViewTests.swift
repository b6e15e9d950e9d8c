import Engine
import HTTP
import Logins
import TestSupport
import Testing

@Suite("What counts as a view of a request")
struct ViewTests {
    /// A request that may be a view.
    struct Look: Sendable, CustomTestStringConvertible {
        let method: HTTP.Method
        let path: String
        var fields: [Field] = []
        let isView: Bool
        var testDescription: String {
            "\(method.name) \(path) \(fields.map { "\($0.name): \($0.value)" })"
        }
    }

    // A mail scanner follows the link: N-6.
    @Test(
        "is what the page's script asks, and nothing that a link scanner fetches",
        arguments: [
            Look(method: .get, path: "", isView: false),
            Look(method: .head, path: "", isView: false),
            Look(method: .head, path: "/state", isView: false),
            Look(method: .get, path: "", fields: [Field("Purpose", "prefetch")], isView: false),
            Look(
                method: .get,
                path: "/state?seen=preparing",
                fields: [Field("Sec-Purpose", "prefetch;prerender")],
                isView: false
            ),
            Look(
                method: .get,
                path: "/state?seen=preparing",
                fields: [Field("X-Moz", "Prefetch")],
                isView: false
            ),
            Look(method: .get, path: "/state?seen=waitin", isView: false),
            Look(method: .get, path: "/state?seen=preparing", isView: true),
        ]
    )
    func scanners(_ look: Look) async throws {
        try await Stage.with(until: .viewed) { stage in
            let prompt = try await stage.prompt()
            let later = stage.clock.now() + .seconds(20)
            try await stage.apply(
                .notDelivered(.named("app"), "busy", until: later),
                to: prompt.number
            )
            let ticketless = await stage.send(
                look.method,
                "/approve/x" + look.path,
                look.fields,
                ""
            )
            #expect(ticketless.status >= 400)
            let answer = await stage.send(
                look.method,
                "/approve/" + prompt.ticket + look.path,
                look.fields,
                ""
            )
            #expect(answer.status < 500)
            let login = try require(try await stage.store.login(prompt.number)).login
            let spared = PendingLogin.Delivery.State.spared(at: stage.clock.now())
            #expect((login.deliveries[0].state == spared) == look.isView)
        }
    }

    @Test("is an app's wait for a change, and no fetch without one", arguments: [true, false])
    func apps(_ waits: Bool) async throws {
        try await Stage.with(until: .delivered) { stage in
            let prompt = try await stage.prompt()
            let later = stage.clock.now() + .seconds(20)
            try await stage.apply(
                .notDelivered(.named("app"), "busy", until: later),
                to: prompt.number
            )
            let query = waits ? "?wait=1&seen=preparing" : ""
            let answer = await stage.get(prompt.device + query, [prompt.bearer])
            #expect(answer.status == 200)
            let login = try require(try await stage.store.login(prompt.number)).login
            let spared = PendingLogin.Delivery.State.spared(at: stage.clock.now())
            #expect(login.deliveries.map(\.state) == [waits ? spared : .due(at: later)])
        }
    }

    @Test("changes nothing unless it ends the notifying")
    func decided() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let later = stage.clock.now() + .seconds(20)
            try await stage.apply(
                .notDelivered(.named("app"), "busy", until: later),
                to: prompt.number
            )
            _ = await stage.get("/approve/" + prompt.ticket + "/state?seen=preparing")
            let login = try require(try await stage.store.login(prompt.number)).login
            #expect(login.deliveries.map(\.state) == [.due(at: later)])
        }
    }
}
