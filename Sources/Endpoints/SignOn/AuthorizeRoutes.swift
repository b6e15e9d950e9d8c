import Access
public import HTTP
import Localization
public import Trust

/// Where an app sends a user to sign in and to agree: `GET /oauth2/authorize`, and the page that asks,
/// which belongs to the inbox, so that its session counts there.
public struct AuthorizeRoutes: Sendable {
    /// Requests under way in one browser. More cookies could be more than a request may have.
    private static let mostRequests = 8
    /// Bytes of a form.
    private static let bodyLimit = 4_096
    private static let page = "/inbox/authorize/"

    private let endpoint: AuthorizationEndpoint
    private let sessionGuard: SessionGuard
    private let seal: SealedValue
    private let settings: SignOnRoutes.Settings
    private let headers = PageHeaders(frameAncestors: [])

    /// `sessionGuard` is that of the inbox.
    public init(
        _ endpoint: AuthorizationEndpoint,
        _ sessionGuard: SessionGuard,
        seal: SealedValue,
        settings: SignOnRoutes.Settings
    ) {
        self.endpoint = endpoint
        self.sessionGuard = sessionGuard
        self.seal = seal
        self.settings = settings
    }

    public var routes: [Route] {
        [
            Route(.get, "/oauth2/authorize") { request in await begin(request) },
            Route(.get, Self.page + "{id}") { request in await show(request) },
            Route(.post, Self.page + "{id}", contentLimit: Self.bodyLimit) { request in
                await answer(request)
            },
        ]
    }

    // MARK: Beginning

    private func begin(_ request: Request) async -> Response {
        switch await endpoint.judge(Form(request.bytes[request.queryRange])) {
        case .page: return invalid(request)
        case .unavailable: return unavailable(request)
        case .redirect(let address): return redirect(to: address)
        case .ask(let asked):
            let cookie = asked.cookie(seal)
            return redirect(
                to: settings.basePath + Self.page + asked.id,
                [cookie] + excess(RequestCookies(request))
            )
        }
    }

    /// Deletes cookies of requests that the browser has too many of, whichever come first.
    private func excess(_ cookies: RequestCookies) -> [SignOn.Cookie] {
        let start = AuthorizationRequest.cookieName(of: "")
        let names = cookies.names.filter { $0.hasPrefix(start) }
        return names.prefix(max(0, names.count - Self.mostRequests + 1)).map { .deleting($0) }
    }

    // MARK: Asking

    private func show(_ request: Request) async -> Response {
        guard let asked = asked(request) else { return invalid(request) }
        do {
            let client = try await endpoint.client(of: asked)
            let caller = try await sessionGuard.caller(of: request)
            guard client.isFirstParty else { return ask(asked, client, caller, request) }
            return try await grant(asked, caller, request)
        } catch {
            return refused(error, asked, request)
        }
    }

    private func answer(_ request: Request) async -> Response {
        guard let asked = asked(request) else { return invalid(request) }
        do {
            let caller = try await sessionGuard.caller(of: request)
            guard let form = sessionGuard.form(of: request, from: caller) else {
                return message(403, .foreignHeading, .foreignText, request)
            }
            switch form["answer"] {
            case "allow": return try await grant(asked, caller, request)
            case "decline":
                let address = try await endpoint.declined(
                    asked,
                    session: caller.session.id,
                    address: request.peer.address
                )
                return leave(asked, to: address)
            default: return message(400, .badFormHeading, .badFormText, request)
            }
        } catch {
            return refused(error, asked, request)
        }
    }

    private func asked(_ request: Request) -> AuthorizationRequest? {
        guard let id = request.parameters["id"],
            let cookie = RequestCookies(request)[AuthorizationRequest.cookieName(of: id)]
        else { return nil }
        return AuthorizationRequest(cookie: cookie, of: id, seal)
    }

    private func grant(
        _ asked: AuthorizationRequest,
        _ caller: SessionGuard.Caller,
        _ request: Request
    ) async throws -> Response {
        guard let user = caller.session.user else { throw SessionGuard.Refusal.notSignedIn }
        let address = try await endpoint.granted(
            asked,
            by: user,
            session: caller.session.id,
            address: request.peer.address
        )
        return leave(asked, to: address)
    }

    private func refused(
        _ error: any Error,
        _ asked: AuthorizationRequest,
        _ request: Request
    ) -> Response {
        switch error {
        case SessionGuard.Refusal.notSignedIn:
            let query = Form([Field("to", Self.page + asked.id)]).bytes
            return redirect(
                to: settings.basePath + "/sso/oidc/inbox?" + String(decoding: query, as: UTF8.self)
            )
        case AuthorizationEndpoint.Refusal.stale: return invalid(request)
        default: return unavailable(request)
        }
    }

    private func leave(_ asked: AuthorizationRequest, to address: String) -> Response {
        redirect(to: address, [.deleting(AuthorizationRequest.cookieName(of: asked.id))])
    }

    private func redirect(to address: String, _ cookies: [SignOn.Cookie] = []) -> Response {
        headers.response(
            303,
            .empty,
            fields: [Field("Location", address)] + cookies.map(\.field)
        )
    }

    // MARK: Pages

    private func ask(
        _ asked: AuthorizationRequest,
        _ client: APIClient,
        _ caller: SessionGuard.Caller,
        _ request: Request
    ) -> Response {
        let (page, frame) = page(request)
        let content = page.card(
            .neutral,
            .authorizeHeading,
            .authorizeText,
            ["client": InertText.html(client.name)]
        ) {
            HTML.element("p", ["class": "soft"]) {
                page.catalogue.html(.signedInAs, ["name": InertText.html(caller.session.name)])
            }
            HTML.element(
                "form",
                ["method": "post", "action": settings.basePath + Self.page + asked.id]
            ) {
                HTML.void(
                    "input",
                    ["type": "hidden", "name": "token", "value": caller.secret.formToken]
                )
                for (answer, label, style) in Self.buttons {
                    HTML.element(
                        "button",
                        ["type": "submit", "name": "answer", "value": answer, "class": style]
                    ) { page.catalogue.html(label) }
                }
            }
        }
        // The answer to the form leads to the app.
        let target = RedirectURI.source(of: asked.redirectURI)
        return PageHeaders(frameAncestors: [], formTargets: target.map { [$0] } ?? []).response(
            200,
            frame.document(
                page.catalogue.html(.authorizeHeading),
                main: HTML.element("main") { content }
            )
        )
    }

    private static let buttons: [(String, Phrase, String)] = [
        ("decline", .decline, "decline"), ("allow", .authorizeAllow, "approve"),
    ]

    private func invalid(_ request: Request) -> Response {
        message(400, .authorizeInvalidHeading, .authorizeInvalidText, request)
    }

    private func unavailable(_ request: Request) -> Response {
        message(503, .unavailableHeading, .signInUnavailableText, request)
    }

    private func page(_ request: Request) -> (ApprovalPage, PageFrame) {
        let catalogue = Language.bestCatalogue(
            chosen: nil,
            acceptLanguage: request.field("accept-language")
        )
        let page = ApprovalPage(
            catalogue: catalogue,
            brand: settings.brand,
            help: settings.help,
            ticket: nil
        )
        let frame = PageFrame(
            catalogue: catalogue,
            brand: settings.brand,
            help: settings.help,
            assets: settings.basePath + "/assets/",
            script: nil
        )
        return (page, frame)
    }

    private func message(
        _ status: Int,
        _ heading: Phrase,
        _ text: Phrase,
        _ request: Request
    ) -> Response {
        let (page, frame) = page(request)
        let content = page.card(.neutral, heading, text, ["brand": .text(settings.brand)]) {
            HTML.empty
        }
        return headers.response(
            status,
            frame.document(
                page.catalogue.html(heading),
                main: HTML.element("main") { content }
            ),
            fields: status == 503 ? [Problem.retryAfter] : []
        )
    }
}
