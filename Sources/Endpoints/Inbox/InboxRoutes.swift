public import Access
public import HTTP
import JSON
import Localization
public import Logins
public import Telemetry
import Texts
import Trust

/// The inbox: a user who is signed in sees the logins that wait for an answer, and their sessions.
///
/// Being signed in is not a decision: nothing here approves a login.
public struct InboxRoutes: Sendable {
    /// Logins and sessions on the page.
    static let longestList = 50
    /// Bytes of a form.
    private static let bodyLimit = 4_096

    private let sessionGuard: SessionGuard
    private let sessions: any SessionStore
    private let audit: any AccessStore
    private let logins: any LoginStore
    private let directory: any UserDirectory
    private let clock: any WallClock
    private let settings: SignOnRoutes.Settings
    private let logoutURL: String
    private let log: Logger
    private let headers: PageHeaders

    /// `logoutURL` is where people go when they sign out.
    public init(
        _ sessionGuard: SessionGuard,
        sessions: any SessionStore,
        audit: any AccessStore,
        logins: any LoginStore,
        directory: any UserDirectory,
        clock: any WallClock,
        settings: SignOnRoutes.Settings,
        logoutURL: String,
        log: Logger
    ) {
        self.sessionGuard = sessionGuard
        self.sessions = sessions
        self.audit = audit
        self.logins = logins
        self.directory = directory
        self.clock = clock
        self.settings = settings
        self.logoutURL = logoutURL
        self.log = log
        headers = PageHeaders(
            frameAncestors: [],
            formTargets: SameOrigin.origin(of: logoutURL).map { [$0] } ?? []
        )
    }

    /// `GET /inbox`, and what its buttons send.
    public var routes: [Route] {
        [
            Route(.get, "/inbox") { request in await show(request) },
            Route(.get, "/inbox/logins/{id}") { request in await show(request) },
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
            post("/inbox/logins/{id}/decision") { _, _, _ in Self.stepUpRequired },
        ]
    }

    /// A form of a page of ours.
    private func post(
        _ pattern: String,
        _ handler: @escaping @Sendable (Request, Form, SessionGuard.Caller) async -> Response
    ) -> Route {
        Route(.post, pattern, contentLimit: Self.bodyLimit) { request in
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
    private static var stepUpRequired: Response {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "urn:beckon:problem:step-up-required")
            json.member("title", "A session does not decide a login")
            json.member("status", 403)
            json.member("error", "step_up_required")
            json.member("detail", "Answer on the device that got the notification.")
        }
        return Response(
            status: 403,
            contentType: "application/problem+json",
            fields: [.noStore, Field("X-Content-Type-Options", "nosniff")],
            body: json.bytes
        )
    }

    // MARK: Showing

    private func show(_ request: Request) async -> Response {
        let caller: SessionGuard.Caller
        do { caller = try await sessionGuard.caller(of: request) } catch {
            return refused(error, request)
        }
        guard let user = caller.session.user else { return refused(.notSignedIn, request) }
        let logins: [StoredLogin]
        let others: [Session]
        do {
            logins = try await self.logins.liveLogins(of: user, limit: Self.longestList)
            others = try await sessions.sessions(
                SessionFilter(application: .inbox, person: caller.session.person),
                at: clock.now(),
                within: sessionGuard.limits,
                limit: Self.longestList
            )
        } catch {
            return refused(.store(error), request)
        }
        let known = (try? await directory.user(user)) ?? nil
        var page = page(request, language: known?.language)
        page.zone = known?.timeZone.flatMap(TimeZones.standard.zone)
        page.documents = known?.documents ?? []
        let inbox = InboxPage(page: page, frame: frame(page), basePath: settings.basePath)
        return headers.response(
            200,
            inbox.html(caller, logins: logins, sessions: others, at: clock.now())
        )
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
            _ = try await audit.commit([.audit(event)])
        } catch {
            log.error("session.not_ended") { $0.member("cause", "\(error)") }
            return Problem(.unavailable, "The session may not have ended.").response
        }
        return headers.response(
            303,
            .empty,
            fields: [Field("Location", settings.basePath + "/inbox")]
        )
    }

    // MARK: Refusing

    private func refused(_ refusal: SessionGuard.Refusal, _ request: Request) -> Response {
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

    private func message(
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
    fileprivate var target: String {
        queryRange.isEmpty
            ? path : path + "?" + String(decoding: bytes[queryRange], as: UTF8.self)
    }
}
