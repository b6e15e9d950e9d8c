import HTTP
import JSON
import Lab
import Testing

/// A third party's side of consents, and a correct service's.
extension World {
    /// A token of the client for itself.
    func clientToken(
        _ scope: String = "accounts payments fundsconfirmations"
    ) async throws -> Field {
        try await ThirdParty(network, World.poller).token(scope)
    }

    /// Lodges a body where its family has a place, else at the simulator's own.
    func lodge(_ example: ConsentExample, _ body: String? = nil) async throws -> Answer {
        try await ThirdParty(network, World.poller).lodge(example, body)
    }

    /// The id in a lodging's answer, wherever the family has it.
    func id(of answer: Answer) throws -> String { try ThirdParty.id(of: answer) }

    /// The parameters of a login about a consent, as its standard names it.
    func parameters(_ example: ConsentExample, _ id: String) -> [String: String] {
        var parameters = ["scope": example.scopes, "login_hint": "customer-4711"]
        if example.isBrasil {
            parameters["scope"] = example.scopes + " consent:" + id
        } else {
            let name = ["cdr": "cdr_arrangement_id", "fdx": "consent_id"][example.family]
            parameters[name ?? "openbanking_intent_id"] = id
        }
        return parameters
    }

    /// A consent that is lodged and asked for: its id, and what the service was told.
    func ask(
        _ example: ConsentExample,
        _ body: String? = nil
    ) async throws -> (consent: String, start: JSONValue) {
        let id = try id(of: try await lodge(example, body))
        let answer = try await post("/backchannel/authentication", parameters(example, id))
        #expect(answer.status == 200, "\(answer)")
        _ = try await service.renewToken(scope: "manage_openbanking_consents")
        return (id, try #require(service.starts.last))
    }

    /// What the System API shows of the login that was asked for last.
    func look(_ example: ConsentExample, base: String = "/bank/system") async throws -> Answer {
        let id = service.starts.last?["login_id"]?.string ?? ""
        let answer = try await service.call(.get, base + (example.page ?? "") + "/" + id)
        return Answer(
            status: answer.status,
            body: (try? JSONValue(answer.body)) ?? .null,
            fields: answer.fields
        )
    }

    /// A decision about that login. `members` are written into the body; `STATE` is its state.
    func decide(
        _ decision: String,
        _ example: ConsentExample,
        _ members: String,
        base: String = "/bank/system"
    ) async throws -> Answer {
        let start = service.starts.last
        let id = start?["login_id"]?.string ?? ""
        let place = example.decisions ?? example.page ?? ""
        let state = #""login_state":"\#(start?["login_state"]?.string ?? "")""#
        let answer = try await service.call(
            .post,
            "\(base)\(place)/\(id)/\(decision)",
            "{" + [state, members].filter { !$0.isEmpty }.joined(separator: ",") + "}"
        )
        return Answer(
            status: answer.status,
            body: (try? JSONValue(answer.body)) ?? .null,
            fields: answer.fields
        )
    }

    /// The scopes of the login that was asked for last, as an accept grants them.
    var granted: String {
        let scopes = service.starts.last?["requested_scopes"] ?? .null
        return #""granted_scopes":"# + String(decoding: scopes.bytes, as: UTF8.self)
    }
}

/// A client that lodges consents with credentials of its own.
struct ThirdParty {
    let network: Network
    let client: SimulatedClient

    init(_ network: Network, _ client: SimulatedClient) {
        self.network = network
        self.client = client
    }

    func token(_ scope: String) async throws -> Field {
        let answer = try await send(
            "/oauth2/token",
            [Field("Content-Type", "application/x-www-form-urlencoded")],
            Form([
                Field("grant_type", "client_credentials"), Field("scope", scope),
                Field("client_id", client.id), Field("client_secret", client.secret),
            ]).bytes
        )
        return Field("Authorization", "Bearer \(answer.body["access_token"]?.string ?? "none")")
    }

    func lodge(_ example: ConsentExample, _ body: String? = nil) async throws -> Answer {
        let body = body ?? example.body
        let text =
            example.place == nil
            ? #"{"family":"\#(example.family)","consent":\#(body)}"# : body
        return try await send(
            example.place ?? "/simulator/consents",
            [
                try await token("accounts payments fundsconfirmations"),
                Field("Content-Type", "application/json"),
            ],
            Array(text.utf8)
        )
    }

    /// The id of a consent that is lodged as it stands in the example.
    func lodge(_ example: ConsentExample) async throws -> String {
        try Self.id(of: try await lodge(example, nil))
    }

    static func id(of answer: Answer) throws -> String {
        let body = answer.body
        let id = body["Data"]?["ConsentId"] ?? body["data"]?["consentId"] ?? body["consent_id"]
        return try #require(id?.string, "not lodged: \(answer)")
    }

    private func send(_ path: String, _ fields: [Field], _ body: [UInt8]) async throws -> Answer {
        let response = try await network.send(
            OutboundRequest(
                .post,
                "http://acp.test/bank/retail\(path)",
                fields: fields,
                body: body
            )
        )
        return Answer(
            status: response.status,
            body: (try? JSONValue(response.body)) ?? .null,
            fields: response.fields
        )
    }
}
