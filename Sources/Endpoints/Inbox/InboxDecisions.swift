import Access
public import Engine
public import HTTP
import JSON
import Localization
public import Logins
public import Telemetry
import Texts
import Trust

/// A request of the inbox as its user answers it: everything that is asked, and the buttons.
///
/// A session is enough to decline. An approval needs a fresh sign-in (`SignInApproval`) or a passkey
/// (`PasskeyDesk`); without either it is refused with 403 `step_up_required`.
public struct InboxDecisions: Sendable {
    private let sessionGuard: SessionGuard
    private let desk: DecisionDesk
    private let directory: any UserDirectory
    private let settings: SignOnRoutes.Settings
    private let detailTypes: DetailTypes
    private let signIn: (approval: SignInApproval, pages: SignOnRoutes)?
    private let passkeys: PasskeyDesk?
    private let log: Logger
    private let headers = PageHeaders(frameAncestors: [])

    /// `signIn` and `passkeys` are how users confirm an approval; nil if they cannot.
    public init(
        _ sessionGuard: SessionGuard,
        desk: DecisionDesk,
        directory: any UserDirectory,
        settings: SignOnRoutes.Settings,
        detailTypes: DetailTypes = DetailTypes(),
        signIn: (approval: SignInApproval, pages: SignOnRoutes)?,
        passkeys: PasskeyDesk? = nil,
        log: Logger
    ) {
        self.sessionGuard = sessionGuard
        self.desk = desk
        self.directory = directory
        self.settings = settings
        self.detailTypes = detailTypes
        self.signIn = signIn
        self.passkeys = passkeys
        self.log = log
    }

    /// The page of a login, below the public URL.
    static func path(_ number: LoginNumber) -> String { "/inbox/requests/\(number.rawValue)" }

    /// `GET /inbox/requests/{number}`, `POST …/decision` and `POST …/passkey`.
    public var routes: [Route] {
        [
            Route(.get, "/inbox/requests/{number}") { request in
                await answer(request) { caller async throws(DecisionDesk.Refusal) in
                    let stored = try await login(request, caller)
                    if !request.isSpeculative { await desk.noteView(of: stored) }
                    return headers.response(200, await page(stored, request, caller))
                }
            },
            Route(
                .post,
                "/inbox/requests/{number}/decision",
                contentLimit: ApprovalRoutes.bodyLimit
            ) { request in
                await answer(request) { caller async throws(DecisionDesk.Refusal) in
                    try await decide(request, caller)
                }
            },
        ]
            + (passkeys.map { passkeys in
                [
                    Route(
                        .post,
                        "/inbox/requests/{number}/passkey",
                        contentLimit: ApprovalRoutes.bodyLimit
                    ) { request in
                        await answer(request) { caller async throws(DecisionDesk.Refusal) in
                            try await options(request, caller, passkeys)
                        }
                    }
                ]
            } ?? [])
    }

    /// What a passkey is to sign, for the page's script.
    private func options(
        _ request: Request,
        _ caller: SessionGuard.Caller,
        _ passkeys: PasskeyDesk
    ) async throws(DecisionDesk.Refusal) -> Response {
        let stored = try await login(request, caller)
        let form = sessionGuard.form(of: request, from: caller, repeating: ["account", "scope"])
        guard let form else { return refused(403, .foreignHeading, .foreignText, request) }
        return await passkeys.options(
            .user(stored.login.details.user, stored.number),
            form,
            log
        )
    }

    /// Records an approval that the user's passkey has signed.
    private func approve(
        _ stored: StoredLogin,
        _ form: Form,
        _ request: Request,
        _ passkeys: PasskeyDesk
    ) async throws(DecisionDesk.Refusal) -> Response {
        do throws(PasskeyDesk.Refusal) {
            let decided = try await passkeys.approve(
                .user(stored.login.details.user, stored.number),
                form,
                via: .inbox,
                address: request.peer.address,
                agent: request.field("user-agent")
            )
            log.decided(.approve, decided, request)
            let address = settings.basePath + Self.path(stored.number)
            return headers.response(303, .empty, fields: [Field("Location", address)])
        } catch {
            switch error {
            case .decision(let refusal): throw refusal
            case .store(let error): throw .store(error)
            case .passkey, .unknown, .stale, .taken, .tooMany:
                log.info("passkey.refused") { $0.member("cause", "\(error)") }
                return refused(403, .passkeyRefusedHeading, .passkeyRefusedText, request)
            }
        }
    }

    private func decide(
        _ request: Request,
        _ caller: SessionGuard.Caller
    ) async throws(DecisionDesk.Refusal) -> Response {
        let stored = try await login(request, caller)
        let form = sessionGuard.form(of: request, from: caller, repeating: ["account", "scope"])
        guard let form else { return refused(403, .foreignHeading, .foreignText, request) }
        guard let name = form["decision"],
            form["shown"].map({ ConsentDigest(text: $0) != nil }) ?? true
        else { return refused(400, .badFormHeading, .badFormText, request) }
        let user = stored.login.details.user
        let methods = desk.methods(for: stored.login)
        let isPasskey = name.isExactly(Sheet.passkeyChoice)
        if isPasskey || name.isExactly(Sheet.signInChoice) {
            do throws(DecisionDesk.Refusal) {
                if isPasskey, methods.contains(.passkey), let passkeys {
                    return try await approve(stored, form, request, passkeys)
                }
                guard !isPasskey, methods.contains(.signIn), let signIn else {
                    return InboxRoutes.stepUpRequired
                }
                let answer = try await signIn.approval.begin(
                    .user(user, stored.number),
                    form,
                    page: Self.path(stored.number),
                    via: .inbox,
                    request
                )
                return signIn.pages.response(toApproval: answer, request)
            } catch {
                guard case .refused(.unfit(let problem), let stored) = error else { throw error }
                let attempt = RefusedChoice(
                    selection: ApprovalRoutes.selection(form, stored),
                    problem: problem
                )
                let html = await page(stored, request, caller, attempt: attempt)
                return headers.response(422, html)
            }
        }
        guard let choice = Decision.Choice(name: name) else {
            return refused(400, .badFormHeading, .badFormText, request)
        }
        if choice == .approve { return InboxRoutes.stepUpRequired }
        let decided = try await desk.decline(
            choice,
            stored.number,
            of: user,
            address: request.peer.address
        )
        log.decided(choice, decided, request)
        let address = settings.basePath + Self.path(stored.number)
        return headers.response(303, .empty, fields: [Field("Location", address)])
    }

    /// The login in the path, if it is one of the caller's.
    private func login(
        _ request: Request,
        _ caller: SessionGuard.Caller
    ) async throws(DecisionDesk.Refusal) -> StoredLogin {
        guard let user = caller.session.user,
            let number = Int64(request.parameters["number"] ?? ""), number > 0
        else { throw .noSuchPrompt }
        return try await desk.login(LoginNumber(number), of: user)
    }

    // MARK: Pages

    private func page(
        _ stored: StoredLogin,
        _ request: Request,
        _ caller: SessionGuard.Caller,
        attempt: RefusedChoice? = nil
    ) async -> HTML {
        let user = (try? await directory.user(stored.login.details.user)) ?? nil
        var page = page(request, language: user?.language)
        page.zone = user?.timeZone.flatMap(TimeZones.standard.zone)
        page.documents = user?.documents ?? []
        page.detailTypes = detailTypes
        page.approvesBySignIn =
            signIn != nil && desk.methods(for: stored.login).contains(.signIn)
        page.form = (
            action: settings.basePath + Self.path(stored.number) + "/decision",
            token: caller.secret.formToken
        )
        page.numbers = desk.numbers(for: stored.login)
        let now = desk.now()
        let standing = LoginStanding(stored, at: now)
        if case .asking = standing.view, let passkeys,
            await passkeys.isOffered(for: stored.login)
        {
            page.passkeyOptions = settings.basePath + Self.path(stored.number) + "/passkey"
            page.approvesByPasskeyAlone = !page.approvesBySignIn
        }
        let choices = standing.choices(at: desk, withSignIn: true, withPasskey: true).filter {
            $0 != .approve || page.approvesBySignIn || page.passkeyOptions != nil
        }
        return page.page(standing, now: now, choices: choices, attempt: attempt)
    }

    private func page(_ request: Request, language: String? = nil) -> ApprovalPage {
        var page = ApprovalPage(
            catalogue: Language.bestCatalogue(
                chosen: language,
                acceptLanguage: request.field("accept-language")
            ),
            brand: settings.brand,
            help: settings.help
        )
        page.assets = settings.basePath + "/assets/"
        page.script = nil
        page.viewer = Viewer(request)
        return page
    }

    private func answer(
        _ request: Request,
        _ body: (SessionGuard.Caller) async throws(DecisionDesk.Refusal) -> Response
    ) async -> Response {
        let caller: SessionGuard.Caller
        do throws(SessionGuard.Refusal) {
            caller = try await sessionGuard.caller(of: request)
        } catch {
            switch error {
            case .notSignedIn: return signedOut(request)
            case .store(let error):
                log.error("session.unavailable") { $0.member("cause", "\(error)") }
                return refused(503, .unavailableHeading, .signInUnavailableText, request)
            }
        }
        do throws(DecisionDesk.Refusal) { return try await body(caller) } catch {
            log.storeTrouble(error)
            let (status, heading, text) = error.explanation
            return refused(status, heading, text, request, until: error.blockedUntil)
        }
    }

    private func signedOut(_ request: Request) -> Response {
        // A form's own address shows nothing.
        let target = request.method == .post ? "/inbox" : request.path
        let query = String(decoding: Form([Field("to", target)]).bytes, as: UTF8.self)
        return refused(
            401,
            .signInFailedHeading,
            .signedOutText,
            request,
            link: (settings.basePath + "/sso/oidc/inbox?" + query, .signIn)
        )
    }

    private func refused(
        _ status: Int,
        _ heading: Phrase,
        _ text: Phrase,
        _ request: Request,
        link: (address: String, label: Phrase)? = nil,
        until: Timestamp? = nil
    ) -> Response {
        let page = page(request)
        let link = link ?? (settings.basePath + "/inbox", .backToPage)
        var values = ["brand": HTML.text(settings.brand)]
        values["time"] = until.map(page.moment)
        let html = page.document(page.catalogue.html(heading), nil, refresh: nil) {
            page.card(.neutral, heading, text, values) {
                HTML.element("a", ["class": "button", "href": link.address]) {
                    page.catalogue.html(link.label)
                }
            }
        }
        return headers.response(status, html, fields: status == 503 ? [Problem.retryAfter] : [])
    }
}
