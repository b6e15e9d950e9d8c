public import Access
import Devices
public import Engine
public import HTTP
import JSON
import Localization
public import Logins
public import Telemetry
import Texts
import Trust

/// The inbox: a user who is signed in sees the logins that wait for an answer, as they arrive, those
/// that have ended, who may answer for them, and their sessions.
///
/// Being signed in is not a decision: nothing here approves a login. What belongs to another user does
/// not exist here.
public struct InboxRoutes: Sendable {
    /// Pending logins, consents and sessions on the page.
    static let longestList = 50
    /// Ended logins on the page.
    static let shortHistory = 5
    /// Ended logins on a page of the history.
    static let historyPage = 20
    /// Ended logins among which the one of an address is looked for.
    static let linkedHistory = 200
    /// Bytes of a form.
    private static let bodyLimit = 4_096

    let sessionGuard: SessionGuard
    private let sessions: any SessionStore
    let access: any AccessStore
    let logins: any LoginStore
    private let directory: any UserDirectory
    let live: LiveStreams
    let clock: any WallClock
    let settings: SignOnRoutes.Settings
    private let logoutURL: String
    let log: Logger
    /// Nil if nobody can use a passkey.
    let passkeys: PasskeyDesk?
    /// Nil if there is no Web Push.
    let browsers: (any BrowserSubscriptions)?
    /// Nil where there are no devices.
    let devices: DeviceInterface?
    let headers: PageHeaders

    /// `logoutURL` is where people go when they sign out.
    public init(
        _ sessionGuard: SessionGuard,
        sessions: any SessionStore,
        access: any AccessStore,
        logins: any LoginStore,
        directory: any UserDirectory,
        live: LiveStreams,
        clock: any WallClock,
        settings: SignOnRoutes.Settings,
        logoutURL: String,
        passkeys: PasskeyDesk? = nil,
        browsers: (any BrowserSubscriptions)? = nil,
        devices: DeviceInterface? = nil,
        log: Logger
    ) {
        self.sessionGuard = sessionGuard
        self.sessions = sessions
        self.access = access
        self.logins = logins
        self.directory = directory
        self.live = live
        self.clock = clock
        self.settings = settings
        self.logoutURL = logoutURL
        self.log = log
        self.passkeys = passkeys
        self.browsers = browsers
        self.devices = devices
        headers = PageHeaders(
            frameAncestors: [],
            formTargets: SameOrigin.origin(of: logoutURL).map { [$0] } ?? [],
            canBeInstalled: true
        )
    }

    /// `GET /inbox`, its further pages and events, and what its buttons send.
    public var routes: [Route] {
        [
            get("/inbox") { _, visit async throws(StoreError) in try await front(visit) },
            get("/inbox/history") { request, visit async throws(StoreError) in
                try await history(request, visit)
            },
            get("/inbox/logins/{id}") { request, visit async throws(StoreError) in
                try await login(request, visit)
            },
            Route(.get, "/inbox/events") { request in await events(request) },
            post("/inbox/consents/{id}/withdraw") { request, _, caller in
                await withdraw(request, caller)
            },
            post("/inbox/sign-out") { _, _, caller in await signOut(caller) },
            post("/inbox/sessions/end-others") { _, _, caller in
                await end(caller) { (filter) throws(StoreError) in
                    _ = try await sessions.endAll(filter, except: caller.session.id)
                }
            },
            post("/inbox/sessions/{id}/end") { request, _, caller in
                let id = request.parameters["id"] ?? ""
                if id.isExactly(caller.session.id) { return await signOut(caller) }
                return await end(caller) { (filter) throws(StoreError) in
                    _ = try await sessions.end(id, filter)
                }
            },
            post("/inbox/logins/{id}/decision") { request, _, caller in
                do throws(StoreError) {
                    guard let user = caller.session.user,
                        try await ownLogin(request.parameters["id"] ?? "", of: user) != nil
                    else { return missing(request) }
                } catch {
                    return refused(.store(error), request)
                }
                return Self.stepUpRequired
            },
        ] + passkeyRoutes + browserRoutes + deviceRoutes
    }

    /// Who looks at a page, and the page in their language.
    struct Visit: Sendable {
        let caller: SessionGuard.Caller
        let user: UserID
        let page: InboxPage
    }

    /// A page for somebody who is signed in.
    private func get(
        _ pattern: String,
        _ handler: @escaping @Sendable (Request, Visit) async throws(StoreError) -> Response
    ) -> Route {
        Route(.get, pattern) { request in
            do throws(SessionGuard.Refusal) {
                let visit = try await visit(request, try await sessionGuard.caller(of: request))
                do throws(StoreError) { return try await handler(request, visit) } catch {
                    throw .store(error)
                }
            } catch {
                return refused(error, request)
            }
        }
    }

    func visit(
        _ request: Request,
        _ caller: SessionGuard.Caller
    ) async throws(SessionGuard.Refusal) -> Visit {
        guard let user = caller.session.user else { throw .notSignedIn }
        let known = (try? await directory.user(user)) ?? nil
        var page = page(request, language: known?.language)
        page.zone = known?.timeZone.flatMap(TimeZones.standard.zone)
        page.documents = known?.documents ?? []
        var frame = frame(page)
        frame.script = Assets.live
        frame.usesPasskeys = passkeys != nil
        frame.usesPush = browsers != nil
        frame.manifest = settings.basePath + "/inbox/manifest.webmanifest"
        let inbox = InboxPage(
            page: page,
            frame: frame,
            basePath: settings.basePath,
            caller: caller,
            now: clock.now()
        )
        return Visit(caller: caller, user: user, page: inbox)
    }

    /// A form of a page of ours.
    func post(
        _ pattern: String,
        limit: Int = bodyLimit,
        _ handler: @escaping @Sendable (Request, Form, SessionGuard.Caller) async -> Response
    ) -> Route {
        Route(.post, pattern, contentLimit: limit) { request in
            let caller: SessionGuard.Caller
            do throws(SessionGuard.Refusal) {
                caller = try await sessionGuard.caller(of: request)
            } catch {
                return refused(error, request)
            }
            guard let form = sessionGuard.form(of: request, from: caller) else {
                return message(403, .foreignHeading, .foreignText, request)
            }
            return await handler(request, form, caller)
        }
    }

    /// The session alone decides nothing.
    static var stepUpRequired: Response {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "urn:beckon:problem:step-up-required")
            json.member("title", "A session does not decide a login")
            json.member("status", 403)
            json.member("error", "step_up_required")
            json.member("detail", "Approving needs more than a session.")
        }
        return Response(
            status: 403,
            contentType: "application/problem+json",
            fields: [.noStore, Field("X-Content-Type-Options", "nosniff")],
            body: json.bytes
        )
    }

    // MARK: Showing

    private func front(_ visit: Visit) async throws(StoreError) -> Response {
        let past = try await logins.pastLogins(
            of: visit.user,
            before: nil,
            limit: Self.shortHistory + 1
        )
        let own = try await sessions.sessions(
            SessionFilter(application: .inbox, person: visit.caller.session.person),
            at: clock.now(),
            within: sessionGuard.limits,
            limit: Self.longestList
        )
        let html = visit.page.front(
            live: try await logins.liveLogins(of: visit.user, limit: Self.longestList),
            past: Array(past.prefix(Self.shortHistory)),
            hasMore: past.count > Self.shortHistory,
            consents: try await consents(of: visit.user),
            passkeys: try await passkeys?.passkeys(of: visit.user),
            browsers: try await browsers(of: visit),
            devices: try await devices?.registry.entries(of: visit.user),
            sessions: own
        )
        return headers.response(200, html)
    }

    private func page(_ request: Request, language: String? = nil) -> ApprovalPage {
        ApprovalPage(
            catalogue: Language.bestCatalogue(
                chosen: language,
                acceptLanguage: request.field("accept-language")
            ),
            brand: settings.brand,
            help: settings.help,
            ticket: nil
        )
    }

    private func frame(_ page: ApprovalPage) -> PageFrame {
        PageFrame(
            catalogue: page.catalogue,
            brand: settings.brand,
            help: settings.help,
            assets: settings.basePath + "/assets/",
            script: nil
        )
    }

    // MARK: Sessions

    private func signOut(_ caller: SessionGuard.Caller) async -> Response {
        let answer = await end(caller) { (filter) throws(StoreError) in
            _ = try await sessions.end(caller.session.id, filter)
        }
        guard answer.status == 303 else { return answer }
        let cookie = SignOn.Cookie.deleting(SessionSecret.cookieName(.inbox))
        return headers.response(
            303,
            .empty,
            fields: [Field("Location", logoutURL), cookie.field]
        )
    }

    /// Ends sessions of the caller, and goes back to the page.
    private func end(
        _ caller: SessionGuard.Caller,
        _ body: (SessionFilter) async throws(StoreError) -> Void
    ) async -> Response {
        let filter = SessionFilter(application: .inbox, person: caller.session.person)
        let event = AuditEvent(
            "session.ended",
            at: clock.now(),
            [
                "application": .string(SignInApplication.inbox.rawValue),
                "by": .string(caller.session.id), "user": .text(caller.session.user?.value),
            ]
        )
        do {
            try await body(filter)
            _ = try await access.commit([.audit(event)])
        } catch {
            log.error("session.not_ended") { $0.member("cause", "\(error)") }
            return Problem(.unavailable, "The session may not have ended.").response
        }
        return backToInbox
    }

    var backToInbox: Response {
        headers.response(
            303,
            .empty,
            fields: [Field("Location", settings.basePath + "/inbox")]
        )
    }

    // MARK: Refusing

    /// The same for what does not exist and for what another user has.
    func missing(_ request: Request) -> Response {
        message(404, .unknownHeading, .unknownText, request)
    }

    func refused(_ refusal: SessionGuard.Refusal, _ request: Request) -> Response {
        switch refusal {
        case .store(let error):
            log.error("session.unavailable") { $0.member("cause", "\(error)") }
            return message(503, .unavailableHeading, .signInUnavailableText, request)
        case .notSignedIn:
            let target = request.method == .post ? "/inbox" : request.target
            let query = Form([Field("to", target)]).bytes
            return message(
                401,
                .signInFailedHeading,
                .signedOutText,
                request,
                signIn: settings.basePath + "/sso/oidc/inbox?"
                    + String(decoding: query, as: UTF8.self)
            )
        }
    }

    func message(
        _ status: Int,
        _ heading: Phrase,
        _ text: Phrase,
        _ request: Request,
        signIn: String? = nil
    ) -> Response {
        let page = page(request)
        let content = page.card(.neutral, heading, text, ["brand": .text(settings.brand)]) {
            if let signIn {
                HTML.element("a", ["class": "button", "href": signIn]) {
                    page.catalogue.html(.signIn)
                }
            }
        }
        return headers.response(
            status,
            frame(page).document(
                page.catalogue.html(heading),
                main: HTML.element("main") { content }
            ),
            fields: status == 503 ? [Problem.retryAfter] : []
        )
    }
}

extension Request {
    /// Path and query, as sent.
    var target: String {
        queryRange.isEmpty
            ? path : path + "?" + String(decoding: bytes[queryRange], as: UTF8.self)
    }
}
