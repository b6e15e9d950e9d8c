import HTTP
import JSON
import Threads

/// The authorization endpoint (OpenID Connect Core 1.0 §3.1.2) with its sign-in page.
extension IdentityProviderSimulator {
    /// The browser's cookie. Browsers keep one set of cookies for all ports of a host.
    private static let cookie = "lab-idp"
    /// `acr` of a request that asks for none.
    static let plainContext = "urn:bank.example:password"

    func authorize(_ request: Request) -> Response {
        let query = String(decoding: request.bytes[request.queryRange], as: UTF8.self)
        return answered(request) { () throws(AuthorizationRequest.Refusal) in
            let asked = try AuthorizationRequest(query, clients: configuration.clients)
            if let session = current(request), isEnough(session, for: asked) {
                return grant(asked, session, request)
            }
            if asked.prompt.contains("none") {
                throw .client(asked, "login_required", "nobody is signed in")
            }
            let people = configuration.people.filter { $0.group == asked.client.group }
            return ProviderPages.signIn(people, query: query, client: asked.client.id)
        }
    }

    /// The form of the sign-in page.
    func signIn(_ request: Request) -> Response {
        guard let form = Form(request.body) else {
            return ProviderPages.problem("The form is malformed.")
        }
        return answered(request) { () throws(AuthorizationRequest.Refusal) in
            let asked = try AuthorizationRequest(
                form["request"] ?? "",
                clients: configuration.clients
            )
            guard form["cancel"] == nil else {
                throw .client(asked, "access_denied", "the person did not sign in")
            }
            let person = configuration.people.first { $0.id == form["person"] }
            guard let person, person.group == asked.client.group else {
                throw .page("This person cannot sign in here.")
            }
            let session = Session(
                id: Self.newSecret(),
                person: person,
                authenticatedAt: clock.now(),
                acr: asked.contexts.first ?? Self.plainContext
            )
            let secret = Self.newSecret()
            state.withLock { state in
                if state.sessions.count >= Self.mostSessions { state.sessions = [:] }
                state.sessions[secret] = session
            }
            var response = grant(asked, session, request)
            response.fields.append(
                Field("Set-Cookie", "\(Self.cookie)=\(secret); Path=/; HttpOnly; SameSite=Lax")
            )
            return response
        }
    }

    /// The session of a browser, if it has one, and what ends it.
    func current(_ request: Request) -> Session? {
        secret(request).flatMap { secret in state.withLock { $0.sessions[secret] } }
    }

    /// Ends the session of a browser.
    func endCurrent(_ request: Request) -> Session? {
        secret(request).flatMap { secret in
            state.withLock { $0.sessions.removeValue(forKey: secret) }
        }
    }

    private func secret(_ request: Request) -> String? {
        let name = Self.cookie + "="
        return request.fields("cookie").flatMap { $0.split(separator: "; ") }
            .first { $0.hasPrefix(name) }
            .map { String($0.dropFirst(name.count)) }
    }

    /// Whether somebody need not sign in again (§3.1.2.1: `prompt`, `max_age`, `acr_values`).
    private func isEnough(_ session: Session, for asked: AuthorizationRequest) -> Bool {
        let age = (clock.now() - session.authenticatedAt) / 1000
        return session.person.group == asked.client.group && !asked.prompt.contains("login")
            && (asked.longestAge.map { $0 > 0 && age <= $0 } ?? true)
            && (asked.contexts.isEmpty || asked.contexts.contains(session.acr))
    }

    private func grant(
        _ asked: AuthorizationRequest,
        _ session: Session,
        _ request: Request
    ) -> Response {
        let fault = take(.answer)?.string
        let code = Self.newSecret()
        let now = clock.now()
        state.withLock { state in
            state.grants = state.grants.filter { now - $0.value.issuedAt < Self.codeLife }
            state.grants[code] = Grant(request: asked, session: session, issuedAt: now)
            for (secret, other) in state.sessions where other.id == session.id {
                state.sessions[secret]?.clients.insert(asked.client.id)
            }
        }
        let issuer = Field("iss", issuer(request))
        switch fault {
        case nil: return asked.answer([Field("code", code), issuer])
        case "no_iss": return asked.answer([Field("code", code)])
        case "wrong_iss":
            return asked.answer([Field("code", code), Field("iss", "https://another.example")])
        case "no_code": return asked.answer([issuer])
        case "wrong_state":
            return Response(
                status: 303,
                fields: [Field("Location", asked.redirectURI + "?code=\(code)&state=another")]
            )
        case .some(let error):
            return asked.answer([
                Field("error", error), Field("error_description", "The knob says so."), issuer,
            ])
        }
    }

    private func answered(
        _ request: Request,
        _ body: () throws(AuthorizationRequest.Refusal) -> Response
    ) -> Response {
        do { return try body() } catch {
            switch error {
            case .page(let text): return ProviderPages.problem(text)
            case .client(let asked, let code, let text):
                return asked.answer([
                    Field("error", code), Field("error_description", text),
                    Field("iss", issuer(request)),
                ])
            }
        }
    }
}
