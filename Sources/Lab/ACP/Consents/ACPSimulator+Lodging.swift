import HTTP
import JSON
import Threads

/// The interface where third parties lodge consents, with a client credentials token.
extension ACPSimulator {
    /// A client credentials token.
    struct ClientToken: Sendable {
        let clientID: String
        let workspace: String
        let scopes: [String]
        let expires: Int64
    }

    private static let clientTokenSeconds = 3600
    /// Where every family can be lodged, also if its standard has no place for it.
    private static let anyFamily = "/simulator/consents"

    func lodgingRoutes(of workspace: SimulatorConfiguration.Workspace) -> [Route] {
        let issuer = "/\(configuration.tenant)/\(workspace.id)"
        return ConsentFamily.all.flatMap { family in
            family.lodging.map { lodging(of: family, at: issuer + $0, workspace.id) } ?? []
        } + [
            route(.post, issuer + Self.anyFamily, from: "client") { [self] request in
                lodgeAny(request, workspace.id)
            },
            lookBack(at: issuer + Self.anyFamily, workspace.id) { consent, now in
                consent.json(at: now)
            },
        ]
    }

    private func lodging(of family: ConsentFamily, at path: String, _ workspace: String) -> [Route]
    {
        [
            route(.post, path, from: "client") { [self] request in
                answer(request) { (body, client) throws(Shape.Problem) in
                    try lodge(family, body, client, workspace)
                } shown: { [self] in
                    $0.family.standard.own($0, configuration, $1)
                }
            },
            lookBack(at: path, workspace) { [self] in
                $0.family.standard.own($0, configuration, $1)
            },
        ]
    }

    private func lodgeAny(_ request: Request, _ workspace: String) -> Response {
        answer(request) { (body, client) throws(Shape.Problem) in
            guard let family = body["family"]?.string.flatMap(ConsentFamily.named) else {
                let names = ConsentFamily.all.map { $0.name }.joined(separator: ", ")
                throw Shape.Problem(path: "family", rule: "must be one of \(names)")
            }
            guard let inner = body["consent"] else {
                throw Shape.Problem(path: "consent", rule: "is required")
            }
            return try lodge(family, inner, client, workspace)
        } shown: {
            $0.json(at: $1)
        }
    }

    /// Shows a third party what it lodged.
    private func lookBack(
        at path: String,
        _ workspace: String,
        shown: @escaping @Sendable (SimulatedConsent, Int64) -> JSONValue
    ) -> Route {
        route(.get, path + "/{consent}", from: "client") { [self] request in
            do throws(OAuthProblem) {
                let client = try clientToken(of: request)
                let id = request.parameters["consent"] ?? ""
                guard let consent = state.withLock({ $0.consents[id] }),
                    consent.clientID == client.clientID, consent.workspace == workspace
                else { throw OAuthProblem(404, "not_found", "no such consent") }
                return .json(200, shown(consent, clock.now()))
            } catch {
                return error.response
            }
        }
    }

    private func answer(
        _ request: Request,
        _ lodge: (JSONValue, ClientToken) throws(Shape.Problem) -> SimulatedConsent?,
        shown: (SimulatedConsent, Int64) -> JSONValue
    ) -> Response {
        let client: ClientToken
        do throws(OAuthProblem) {
            client = try clientToken(of: request)
        } catch {
            return error.response
        }
        guard request.contentType == "application/json",
            let body = try? JSONValue(Array(request.body))
        else { return OAuthProblem.invalidRequest("the body is not JSON").response }
        do throws(Shape.Problem) {
            guard let consent = try lodge(body, client) else {
                return OAuthProblem(403, "insufficient_scope", "the token lacks the scope").response
            }
            return .json(201, shown(consent, clock.now()))
        } catch {
            return .json(
                400,
                .members([
                    "error": .string("invalid_request"),
                    "error_description": .string(error.text), "path": .string(error.path),
                ])
            )
        }
    }

    /// Stores a consent. Nil if the token lacks the scope of the family.
    private func lodge(
        _ family: ConsentFamily,
        _ body: JSONValue,
        _ client: ClientToken,
        _ workspace: String
    ) throws(Shape.Problem) -> SimulatedConsent? {
        if let scope = family.scope, !client.scopes.contains(scope) { return nil }
        guard client.workspace == workspace else { return nil }
        try family.lodged.check(body)
        let now = clock.now()
        let id =
            family.idPrefix.replacing("TENANT", with: configuration.tenant) + Self.identifier(10)
        let consent = SimulatedConsent(
            id: id,
            family,
            workspace: workspace,
            clientID: client.clientID,
            lodged: body,
            at: now
        )
        if let previous = consent.previous {
            let amended = state.withLock { $0.consents[previous] }
            guard let amended, amended.family == family, amended.clientID == client.clientID,
                amended.status(at: now) == .authorised
            else {
                throw Shape.Problem(
                    path: "cdr_arrangement_id",
                    rule: "must be an authorised arrangement of this client"
                )
            }
        }
        state.withLock { state in
            state.consents[id] = consent
            state.consentOrder.append(id)
            guard state.consentOrder.count >= 2 * Self.keptTokens else { return }
            for old in state.consentOrder.prefix(Self.keptTokens) { state.consents[old] = nil }
            state.consentOrder.removeFirst(Self.keptTokens)
        }
        journal.append(
            "consent.lodged",
            [
                "consent_id": .string(id), "family": .string(family.name),
                "client_id": .string(client.clientID),
            ]
        )
        return consent
    }

    /// Client credentials (RFC 6749 §4.4) of a third party.
    func grantClientToken(
        _ form: Form,
        _ client: SimulatedClient,
        _ workspace: String
    ) throws(OAuthProblem) -> Response {
        let scopes = (form["scope"] ?? "").split(separator: " ").map(String.init)
        guard !scopes.isEmpty, scopes.allSatisfy(client.mayAsk) else {
            throw OAuthProblem(400, "invalid_scope", "scope is missing or not allowed")
        }
        let token = Self.identifier(32)
        let expires = clock.now() + Int64(Self.clientTokenSeconds) * 1000
        state.withLock { state in
            if state.clientTokens.count >= Self.keptTokens { state.clientTokens = [:] }
            state.clientTokens[token] = ClientToken(
                clientID: client.id,
                workspace: workspace,
                scopes: scopes,
                expires: expires
            )
        }
        return .json(
            200,
            .members([
                "access_token": .string(token), "token_type": .string("Bearer"),
                "expires_in": .integer(Self.clientTokenSeconds),
                "scope": .string(scopes.joined(separator: " ")),
            ])
        )
    }

    private func clientToken(of request: Request) throws(OAuthProblem) -> ClientToken {
        guard let bearer = ClientAuthentication.bearer(of: request),
            let token = state.withLock({ $0.clientTokens[bearer] }), clock.now() < token.expires
        else {
            throw OAuthProblem(401, "invalid_token", "a client credentials token is required")
        }
        return token
    }
}
