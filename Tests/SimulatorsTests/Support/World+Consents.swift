import HTTP
import JSON
import Simulators
import Testing

/// A third party's side of consents, and a correct service's.
extension World {
    /// A token of the client for itself.
    func clientToken(_ scope: String = "accounts payments fundsconfirmations") async throws -> Field
    {
        let answer = try await post(
            "/oauth2/token",
            ["grant_type": "client_credentials", "scope": scope]
        )
        return Field("Authorization", "Bearer \(answer.body["access_token"]?.string ?? "none")")
    }

    /// Lodges a body where its family has a place, else at the simulator's own.
    func lodge(_ example: ConsentExample, _ body: String? = nil) async throws -> Answer {
        let body = body ?? example.body
        let text =
            example.place == nil
            ? #"{"family":"\#(example.family)","consent":\#(body)}"# : body
        return try await send(
            OutboundRequest(
                .post,
                "http://acp.test/bank/retail" + (example.place ?? "/simulator/consents"),
                fields: [try await clientToken(), Field("Content-Type", "application/json")],
                body: Array(text.utf8)
            )
        )
    }

    /// The id in a lodging's answer, wherever the family has it.
    func id(of answer: Answer) throws -> String {
        let body = answer.body
        let id =
            body["Data"]?["ConsentId"] ?? body["data"]?["consentId"] ?? body["consent_id"]
        return try #require(id?.string, "not lodged: \(answer)")
    }

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
