import HTTP

/// An authorization request of a registered client (OpenID Connect Core 1.0 §3.1.2.1).
struct AuthorizationRequest: Sendable {
    /// Why a request is not answered by a redirect, or with which error it is.
    enum Refusal: Error {
        /// For the person alone: nobody knows where the answer should go.
        case page(String)
        /// `error` and its description, for the client.
        case client(AuthorizationRequest, String, String)
    }

    let client: IdentityProviderSimulator.Client
    let redirectURI: String
    let state: String?
    let nonce: String?
    let challenge: String?
    /// The words of `prompt`.
    let prompt: Set<String>
    /// In seconds.
    let longestAge: Int64?
    let contexts: [String]
    /// As the browser sent it.
    let query: String

    /// Reads the query of a request.
    init(
        _ query: String,
        clients: [IdentityProviderSimulator.Client]
    ) throws(Refusal) {
        guard let form = Form(Array(query.utf8)) else { throw .page("The query is malformed.") }
        guard let client = clients.first(where: { $0.id == form["client_id"] }) else {
            throw .page("The client is not known.")
        }
        guard let uri = form["redirect_uri"], client.redirectURIs.contains(uri) else {
            throw .page("The redirect URI is not registered.")
        }
        self.client = client
        self.query = query
        redirectURI = uri
        state = form["state"]
        nonce = form["nonce"]
        challenge = form["code_challenge"]
        prompt = Set((form["prompt"] ?? "").split(separator: " ").map(String.init))
        longestAge = form["max_age"].flatMap { Int64($0) }
        contexts = (form["acr_values"] ?? "").split(separator: " ").map(String.init)
        let scopes = (form["scope"] ?? "").split(separator: " ")
        if form["response_type"] != "code" {
            throw .client(self, "unsupported_response_type", "response_type must be code")
        }
        if !scopes.contains("openid") {
            throw .client(self, "invalid_scope", "scope must contain openid")
        }
        if challenge == nil || form["code_challenge_method"] != "S256" {
            throw .client(self, "invalid_request", "PKCE with S256 is required")
        }
        if form["max_age"] != nil, longestAge == nil {
            throw .client(self, "invalid_request", "max_age must be a number")
        }
    }

    /// The redirect with these parameters, and the state.
    func answer(_ parameters: [Field]) -> Response {
        let fields = parameters + (state.map { [Field("state", $0)] } ?? [])
        let query = String(decoding: Form(fields).bytes, as: UTF8.self)
        let separator = redirectURI.contains("?") ? "&" : "?"
        return Response(
            status: 303,
            fields: [.noStore, Field("Location", redirectURI + separator + query)]
        )
    }
}
