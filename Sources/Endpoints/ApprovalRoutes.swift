public import Engine
public import HTTP
import Identity
import JSON
import Localization
public import Logins
public import Telemetry
import Texts

/// The page behind a prompt's link. Anyone with the link can see the question and decline;
/// `DecisionDesk` decides who can approve.
public struct ApprovalRoutes: Sendable {
    public struct Settings: Sendable {
        /// What pages look like.
        public var brand: Brand
        /// The base URL of the links, such as `https://host/base`; nil to use the `Host` field.
        public var publicURL: String?
        /// Sources that may frame the page, as in `frame-ancestors` (CSP3 §6.4.2); none if empty.
        /// Each must satisfy `isFrameAncestor`.
        public var frameAncestors: [String]
        /// Where users get help; nil to show nothing.
        public var help: HelpContact?
        /// What types of `authorization_details` are called.
        public var detailTypes: DetailTypes

        /// By default the page cannot be framed.
        public init(
            brand: Brand = Brand(),
            publicURL: String? = nil,
            frameAncestors: [String] = [],
            help: HelpContact? = nil,
            detailTypes: DetailTypes = DetailTypes()
        ) {
            self.brand = brand
            self.publicURL = publicURL
            self.frameAncestors = frameAncestors
            self.help = help
            self.detailTypes = detailTypes
        }

        /// Whether a source is safe inside the policy: printable ASCII without space, comma or
        /// semicolon.
        public static func isFrameAncestor(_ source: String) -> Bool {
            !source.isEmpty
                && source.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2C && $0 != 0x3B }
        }
    }

    /// Bytes of a form, enough for every account that a bank may list.
    static let bodyLimit = 65_536
    /// How long a request for the phase waits at most; shorter than the usual timeout of proxies.
    static let longPoll = Duration.seconds(25)

    let desk: DecisionDesk
    let directory: any UserDirectory
    let settings: Settings
    let log: Logger
    private let signIn: (approval: SignInApproval, pages: SignOnRoutes)?
    private let passkeys: PasskeyDesk?
    private let headers: PageHeaders
    private let publicOrigin: String?

    /// The directory provides the user's language and time zone; when it is unavailable, the page uses
    /// the browser's language and UTC. `signIn` is how users confirm an approval by a fresh sign-in;
    /// nil if they cannot. `passkeys` is nil if nobody can approve with one.
    public init(
        desk: DecisionDesk,
        directory: any UserDirectory,
        settings: Settings = Settings(),
        signIn: (approval: SignInApproval, pages: SignOnRoutes)? = nil,
        passkeys: PasskeyDesk? = nil,
        log: Logger = .silent
    ) {
        self.signIn = signIn
        self.passkeys = passkeys
        self.desk = desk
        self.directory = directory
        self.settings = settings
        self.log = log
        headers = PageHeaders(frameAncestors: settings.frameAncestors)
        publicOrigin = settings.publicURL.flatMap(SameOrigin.origin)
    }

    /// `GET` and `POST /approve/{ticket}`, `GET /approve/{ticket}/state`, `POST
    /// /approve/{ticket}/passkey`, `GET /assets/{file}`.
    public var routes: [Route] {
        [
            Route(.get, "/approve/{ticket}") { request in await show(request) },
            Route(.post, "/approve/{ticket}", judge: { refusal(of: $0) }) { request in
                await decide(request)
            },
            Route(.get, "/approve/{ticket}/state", deadline: Self.longPoll + .seconds(10)) {
                request in await state(request)
            },
            Assets.route(settings.brand),
        ]
            + (passkeys.map { passkeys in
                [
                    Route(.post, "/approve/{ticket}/passkey", judge: { refusal(of: $0) }) {
                        request in await options(request, passkeys)
                    }
                ]
            } ?? [])
    }

    // MARK: Looking

    private func show(_ request: Request) async -> Response {
        let ticket = request.parameters["ticket"] ?? ""
        let stored: StoredLogin
        do { stored = try await desk.login(opening: ticket) } catch {
            return await refusal(error, request)
        }
        return headers.response(200, await question(stored, request))
    }

    /// The phase, as soon as it differs from the one that the page shows, or after `longPoll`.
    private func state(_ request: Request) async -> Response {
        let ticket = request.parameters["ticket"] ?? ""
        let stored: StoredLogin
        do {
            if let seen = request.query("seen") {
                guard let seen = PendingLogin.PhaseName(name: seen) else {
                    return Problem(.invalidQuery, "seen: must be the name of a phase.").response
                }
                // Only the page's script asks this: the page was opened, and not merely fetched.
                if !request.isSpeculative { await desk.noteView(opening: ticket) }
                stored = try await desk.login(
                    opening: ticket,
                    leaving: seen,
                    within: Self.longPoll
                )
            } else {
                stored = try await desk.login(opening: ticket)
            }
        } catch {
            log.storeTrouble(error)
            switch error {
            case .noSuchPrompt: return Problem(.notFound, "The ticket is not valid.").response
            case .otherLogin, .methodNotAllowed, .delegationNotAllowed, .userMayNotApprove, .key,
                .directory, .refused, .store:
                return Problem(error).response
            }
        }
        var json = JSONWriter()
        json.object { $0.member("phase", stored.login.phase.name.name) }
        return .json(200, json.bytes, fields: [Field("X-Content-Type-Options", "nosniff")])
    }

    // MARK: Deciding

    /// Judges a form by its head: where it is from, of what type it is, and whether its path may
    /// have a ticket.
    private func refusal(of request: Request) -> Response? {
        guard SameOrigin.allows(request, publicOrigin: publicOrigin) else {
            return refused(403, .foreignHeading, .foreignText, request)
        }
        guard request.contentType == "application/x-www-form-urlencoded" else {
            return refused(415, .badFormHeading, .badFormText, request)
        }
        guard PromptTicket(request.parameters["ticket"] ?? "") == nil else { return nil }
        return refused(404, .unknownHeading, .unknownText, request, offersBack: false)
    }

    private func decide(_ request: Request) async -> Response {
        let ticket = request.parameters["ticket"] ?? ""
        if let refusal = refusal(of: request) { return refusal }
        guard request.body.count <= Self.bodyLimit else {
            return refused(413, .badFormHeading, .badFormText, request)
        }
        guard let form = Form(request.body, repeating: ["account", "scope"]),
            let name = form["decision"],
            form["shown"].map({ ConsentDigest(text: $0) != nil }) ?? true
        else {
            return refused(400, .badFormHeading, .badFormText, request)
        }
        if name.isExactly(Sheet.signInChoice) { return await confirm(ticket, form, request) }
        if name.isExactly(Sheet.passkeyChoice) { return await approve(ticket, form, request) }
        guard let choice = Decision.Choice(name: name), choice != .cancel else {
            return refused(400, .badFormHeading, .badFormText, request)
        }
        do {
            let stored = try await desk.decide(
                choice,
                opening: ticket,
                via: .page,
                address: request.peer.address,
                agent: request.field("user-agent")
            ) { (asked) throws(DecisionDesk.Refusal) in
                choice == .approve ? Self.selection(form, asked) : Selection()
            }
            log.decided(choice, stored, request)
            // Relative to this address, so that it works below any path.
            return headers.response(303, .empty, fields: [Field("Location", ticket)])
        } catch {
            return await refusal(error, request, form)
        }
    }

    /// What a passkey is to sign, for the page's script.
    private func options(_ request: Request, _ passkeys: PasskeyDesk) async -> Response {
        if let refusal = refusal(of: request) { return refusal }
        guard request.body.count <= Self.bodyLimit,
            let form = Form(request.body, repeating: ["account", "scope"])
        else { return Problem(.invalidBody, "body: must be the page's form.").response }
        let ticket = request.parameters["ticket"] ?? ""
        return await passkeys.options(.ticket(ticket), form, log)
    }

    /// Records an approval that the user's passkey has signed.
    private func approve(_ ticket: String, _ form: Form, _ request: Request) async -> Response {
        guard let passkeys else { return refused(403, .tapHeading, .tapText, request) }
        do throws(PasskeyDesk.Refusal) {
            let stored = try await passkeys.approve(
                .ticket(ticket),
                form,
                via: .page,
                address: request.peer.address,
                agent: request.field("user-agent")
            )
            log.decided(.approve, stored, request)
            return headers.response(303, .empty, fields: [Field("Location", ticket)])
        } catch {
            switch error {
            case .decision(let refusal): return await self.refusal(refusal, request, form)
            case .store: return refused(503, .unavailableHeading, .unavailableText, request)
            case .passkey, .unknown, .stale, .taken, .tooMany:
                log.info("passkey.refused") { $0.member("cause", "\(error)") }
                return refused(403, .passkeyRefusedHeading, .passkeyRefusedText, request)
            }
        }
    }

    /// Sends the user to the identity provider to confirm an approval.
    private func confirm(_ ticket: String, _ form: Form, _ request: Request) async -> Response {
        guard let signIn else { return refused(403, .tapHeading, .tapText, request) }
        do throws(DecisionDesk.Refusal) {
            let answer = try await signIn.approval.begin(
                .ticket(ticket),
                form,
                page: "/approve/" + ticket,
                via: .page,
                request
            )
            return signIn.pages.response(toApproval: answer, request)
        } catch {
            return await refusal(error, request, form)
        }
    }

    /// The selection in a form. If the question has optional scopes, the form lists all scopes to
    /// grant, and no scope means none. Otherwise no scope means all.
    static func selection(_ form: Form, _ stored: StoredLogin) -> Selection {
        let accounts = form.values("account")
        let scopes = form.values("scope")
        let canLeaveOut =
            stored.login.question?.consent.scopes.contains(where: \.isOptional) ?? false
        return Selection(
            accounts: accounts.isEmpty ? nil : accounts,
            scopes: scopes.isEmpty && !canLeaveOut ? nil : scopes,
            shown: form["shown"].flatMap(ConsentDigest.init(text:)),
            code: form["code"]
        )
    }

    // MARK: Refusing

    /// `form` is what was refused; the page shows its selection again.
    private func refusal(
        _ refusal: DecisionDesk.Refusal,
        _ request: Request,
        _ form: Form? = nil
    ) async -> Response {
        log.storeTrouble(refusal)
        switch refusal {
        case .noSuchPrompt, .otherLogin, .key, .refused(.key, _):
            return refused(404, .unknownHeading, .unknownText, request, offersBack: false)
        case .methodNotAllowed, .delegationNotAllowed:
            return refused(403, .tapHeading, .tapText, request)
        case .userMayNotApprove:
            return refused(403, .notAllowedHeading, .notAllowedText, request)
        case .store, .directory:
            return refused(503, .unavailableHeading, .unavailableText, request)
        case .refused(.pastDeadline, _):
            return refused(410, .lateHeading, .lateText, request, offersBack: false)
        case .refused(.userBlocked(let until), let stored):
            let page = await page(request, stored)
            let html = page.refusal(
                .blockedHeading,
                .blockedText,
                ["time": page.moment(until)],
                offersBack: true
            )
            return headers.response(403, html)
        case .refused(.alreadyEnded(.failed(.wrongCodes)), let stored):
            return headers.response(403, await question(stored, request))
        case .refused(.unfit(let problem), let stored):
            let attempt = RefusedChoice(
                selection: form.map { Self.selection($0, stored) } ?? Selection(),
                problem: problem
            )
            return headers.response(422, await question(stored, request, attempt: attempt))
        case .refused(.alreadyEnded, let stored), .refused(.notReady, let stored),
            .refused(.outOfPhase, let stored), .refused(.consentBusy, let stored):
            let standing = LoginStanding(stored, at: desk.now())
            return headers.response(409, await page(request, stored).conflict(standing))
        }
    }

    /// A page without a login, in the browser's language, because the user is not known.
    private func refused(
        _ status: Int,
        _ heading: Phrase,
        _ text: Phrase,
        _ request: Request,
        offersBack: Bool = true
    ) -> Response {
        let page = ApprovalPage(
            catalogue: Language.bestCatalogue(
                chosen: nil,
                acceptLanguage: request.field("accept-language")
            ),
            brand: settings.brand,
            help: settings.help,
            ticket: nil
        )
        return headers.response(
            status,
            page.refusal(heading, text, offersBack: offersBack),
            fields: status == 503 ? [Problem.retryAfter] : []
        )
    }

    /// The page of a login as it stands, with the ways to approve that its user has.
    private func question(
        _ stored: StoredLogin,
        _ request: Request,
        attempt: RefusedChoice? = nil
    ) async -> HTML {
        let now = desk.now()
        let standing = LoginStanding(stored, at: now)
        var page = await page(request, stored)
        page.numbers = desk.numbers(for: stored.login)
        if case .asking = standing.view, let passkeys,
            await passkeys.isOffered(for: stored.login),
            let ticket = request.parameters["ticket"]
        {
            page.passkeyOptions = ticket + "/passkey"
            let methods = desk.methods(for: stored.login)
            page.approvesByPasskeyAlone =
                !methods.contains(.tap) && (signIn == nil || !methods.contains(.signIn))
        }
        let choices = standing.choices(
            at: desk,
            withSignIn: signIn != nil,
            withPasskey: page.passkeyOptions != nil
        )
        return page.page(standing, now: now, choices: choices, attempt: attempt)
    }

    private func page(_ request: Request, _ stored: StoredLogin) async -> ApprovalPage {
        let user = (try? await directory.user(stored.login.details.user)) ?? nil
        return ApprovalPage(
            catalogue: Language.bestCatalogue(
                chosen: user?.language,
                acceptLanguage: request.field("accept-language")
            ),
            brand: settings.brand,
            help: settings.help,
            zone: user?.timeZone.flatMap(TimeZones.standard.zone),
            documents: user?.documents ?? [],
            detailTypes: settings.detailTypes,
            ticket: request.parameters["ticket"],
            approvesBySignIn: !desk.methods(for: stored.login).contains(.tap),
            viewer: Viewer(request)
        )
    }
}
