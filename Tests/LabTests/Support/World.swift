import Cryptography
import HTTP
import JSON
import Lab
import TestSupport

/// A simulated authorization server, its clients and a stand-in authentication service, joined in
/// memory, with a clock that only the test moves.
struct World: Sendable {
    let network: Network
    let acp: ACPSimulator
    let service: StandInService

    static let poller = SimulatedClient(id: "kiosk", secret: "kiosk-secret", name: "K", mode: .poll)
    static let pinged = SimulatedClient(
        id: "desk",
        secret: "desk-secret",
        name: "Desk",
        mode: .ping,
        notificationEndpoint: "http://device.test/demo/ping"
    )
    static let outsider = SimulatedClient(id: "web", secret: "web-secret", name: "Web")
    static let coded = SimulatedClient(
        id: "coded",
        secret: "coded-secret",
        name: "Coded",
        mode: .poll,
        userCode: "4711"
    )

    /// Runs a test in a new world, and ends the world with it.
    static func with(
        _ change: (inout SimulatorConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        let network = Network()
        var configuration = SimulatorConfiguration(
            service: .init(
                baseURL: StandInService.base,
                user: "acp",
                password: "as-password",
                oldPassword: "old-password"
            ),
            clients: [poller, pinged, outsider, coded]
        )
        change(&configuration)
        let world = World(
            network: network,
            acp: ACPSimulator(configuration, http: network, clock: StillClock()),
            service: StandInService(network)
        )
        network.add("acp.test", world.acp.routes)
        network.add("control.test", world.acp.controlRoutes)
        network.add("as.test", world.service.routes)
        defer { network.end() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await world.acp.run() }
            group.addTask { try await within(.seconds(20), "the test") { try await body(world) } }
            defer { group.cancelAll() }
            // The first to end is the test: the other one only ends when it is cancelled.
            try await group.next()
        }
    }

    /// A client's form to an endpoint of the issuer, with `client_secret_post` unless told otherwise.
    func post(
        _ path: String,
        _ fields: [String: String],
        as client: SimulatedClient? = World.poller,
        headers: [Field] = []
    ) async throws -> Answer {
        var fields = fields.sorted { $0.key < $1.key }.map { Field($0.key, $0.value) }
        if let client {
            fields += [Field("client_id", client.id), Field("client_secret", client.secret)]
        }
        let type = Field("Content-Type", "application/x-www-form-urlencoded")
        return try await send(
            OutboundRequest(
                .post,
                "http://acp.test/bank/retail\(path)",
                fields: [type] + headers,
                body: Form(fields).bytes
            )
        )
    }

    func send(_ request: OutboundRequest) async throws -> Answer {
        let response = try await network.send(request)
        return Answer(
            status: response.status,
            body: (try? JSONValue(response.body)) ?? .null,
            fields: response.fields
        )
    }

    func control(_ method: Method, _ path: String, _ body: String = "") async throws -> Answer {
        try await send(
            OutboundRequest(method, "http://control.test\(path)", body: Array(body.utf8))
        )
    }

    /// A login of the polling client.
    func begin(
        _ user: String = "customer-4711",
        _ extra: [String: String] = [:],
        as client: SimulatedClient = World.poller
    ) async throws -> String {
        let fields = ["scope": "openid profile", "login_hint": user]
        let answer = try await post(
            "/backchannel/authentication",
            fields.merging(extra) { $1 },
            as: client
        )
        return answer.body["auth_req_id"]?.string ?? "none: \(answer)"
    }

    func redeem(_ id: String, as client: SimulatedClient = World.poller) async throws -> Answer {
        try await post(
            "/oauth2/token",
            ["grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": id],
            as: client
        )
    }

    /// Waits until the journal has an entry of that kind.
    func wait(for kind: String, _ isWanted: @Sendable (JSONValue) -> Bool = { _ in true }) async {
        var last = 0
        while !Task.isCancelled {
            for entry in await acp.journal.entries(after: last, within: .seconds(10)) {
                if entry.kind == kind, isWanted(entry.json) { return }
                last = entry.number
            }
        }
    }

    var rules: [String] { acp.violations.all.map(\.rule.rawValue) }
}

struct Answer: Sendable {
    let status: Int
    let body: JSONValue
    let fields: [Field]
    var error: String? { body["error"]?.string }
}
