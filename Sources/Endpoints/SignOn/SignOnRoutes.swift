import Cryptography
import Engine
public import HTTP
import JSON
import Localization
import Logins
import Texts
public import Trust

/// The routes of one application's sign-in: its start URL, the provider's answer, and waiting for a
/// new account.
public struct SignOnRoutes: Sendable {
    /// What the pages get from the configuration.
    public struct Settings: Sendable {
        /// What pages look like.
        public var brand: Brand
        /// Where users get help; nil to show nothing.
        public var help: HelpContact?
        /// The path that all addresses begin with, without a slash at its end; empty for none.
        public var basePath: String
        /// Where forms come from; nil if it is not known.
        let publicOrigin: String?

        /// `publicURL` is what all addresses begin with.
        public init(brand: Brand = Brand(), help: HelpContact? = nil, publicURL: String) {
            self.brand = brand
            self.help = help
            basePath = HTTPAddress(publicURL)?.path ?? ""
            publicOrigin = SameOrigin.origin(of: publicURL)
        }
    }

    /// For all calls to the provider together; each has a limit of its own.
    private static let deadline = Duration.seconds(60)
    /// Bytes of a form with a logout token.
    private static let logoutLimit = 32_768
    /// Between two looks for a new account.
    private static let pause = 2

    private let signOn: SignOn
    private let settings: Settings
    private let approval: SignInApproval?
    private let headers = PageHeaders(frameAncestors: [])

    /// `approval` records what users confirm by a sign-in; nil if nothing is.
    public init(_ signOn: SignOn, settings: Settings, approval: SignInApproval? = nil) {
        self.signOn = signOn
        self.settings = settings
        self.approval = approval
    }

    /// `GET /sso/oidc/{app}`, `…/callback`, `…/wait`, and `POST …/backchannel-logout` for the
    /// provider.
    public var routes: [Route] {
        [
            Route(.get, signOn.path, deadline: Self.deadline) { request in
                response(
                    to: await signOn.begin(to: request.query("to"), SignOn.Browser(request)),
                    request
                )
            },
            Route(.get, signOn.path + "/callback", deadline: Self.deadline) { request in
                let parameters = Form(request.bytes[request.queryRange])
                return await come(
                    back: await signOn.answer(parameters, SignOn.Browser(request)),
                    request
                )
            },
            Route(.get, signOn.path + "/wait", deadline: Self.deadline) { request in
                let id = request.query("id") ?? ""
                return response(to: await signOn.wait(id, SignOn.Browser(request)), request)
            },
            Route(
                .post,
                signOn.termsPath,
                deadline: Self.deadline,
                contentLimit: 4_096
            ) { request in await acceptTerms(request) },
            Route(
                .post,
                signOn.logoutPath,
                deadline: Self.deadline,
                contentLimit: Self.logoutLimit
            ) { request in await logOut(request) },
        ]
    }

    private func acceptTerms(_ request: Request) async -> Response {
        guard SameOrigin.allows(request, publicOrigin: settings.publicOrigin),
            request.contentType == "application/x-www-form-urlencoded",
            let form = Form(request.body), let id = form["id"], let token = form["token"],
            let language = form["language"], let digest = form["digest"]
        else {
            let (page, frame) = page(request)
            let content = page.card(.neutral, .foreignHeading, .foreignText) { .empty }
            return headers.response(
                403,
                frame.document(
                    page.catalogue.html(.foreignHeading),
                    main: HTML.element("main") { content }
                )
            )
        }
        let terms = SignOn.TermsForm(id: id, token: token, language: language, digest: digest)
        return response(to: await signOn.accept(terms, SignOn.Browser(request)), request)
    }

    /// OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8.
    private func logOut(_ request: Request) async -> Response {
        guard request.contentType == "application/x-www-form-urlencoded",
            let token = Form(request.body)?["logout_token"], !token.isEmpty
        else { return Self.logoutRefused("a form with logout_token is required") }
        switch await signOn.logOut(by: token) {
        case .done: return Response(status: 200, fields: [.noStore])
        case .refused(let reason): return Self.logoutRefused(reason)
        case .unavailable: return Problem(.unavailable, "Send the token again.").response
        }
    }

    private static func logoutRefused(_ reason: String) -> Response {
        let body = JSONValue.members([
            "error": .string("invalid_request"), "error_description": .string(reason),
        ])
        return .json(400, body.bytes)
    }

    private func response(to answer: SignOn.Answer, _ request: Request) -> Response {
        switch answer {
        case .redirect(let address, let cookies):
            return headers.response(
                303,
                .empty,
                fields: [Field("Location", address)] + cookies.map(\.field)
            )
        // Only where an approval can be confirmed.
        case .confirmed(_, let cookies):
            return headers.response(400, .empty, fields: cookies.map(\.field))
        case .wait(let address, let cookies):
            return headers.response(
                200,
                waiting(at: address, request),
                fields: cookies.map(\.field)
            )
        case .terms(let id, let token, let cookies):
            return headers.response(
                200,
                terms(id, token, request),
                fields: cookies.map(\.field)
            )
        case .failed(let failure, let cookies):
            var fields = cookies.map(\.field)
            if failure.kind == .unavailable { fields.append(Problem.retryAfter) }
            return headers.response(failure.pageStatus, page(failure, request), fields: fields)
        }
    }

    /// After the provider has answered: on to the page that the person wanted to see. What they
    /// confirmed is recorded before.
    private func come(back answer: SignOn.Answer, _ request: Request) async -> Response {
        guard case .confirmed(let confirmation, let cookies) = answer, let approval else {
            return response(to: answer, request)
        }
        let fields = cookies.map(\.field)
        let address = settings.basePath + confirmation.fresh.page
        do throws(DecisionDesk.Refusal) {
            try await approval.finish(confirmation, request)
            return headers.response(303, .empty, fields: fields + [Field("Location", address)])
        } catch {
            let (status, heading, text) = error.explanation
            let (page, frame) = page(request)
            var values = ["brand": HTML.text(settings.brand)]
            values["time"] = error.blockedUntil.map(page.moment)
            let content = page.card(.neutral, heading, text, values) {
                HTML.element("a", ["class": "button", "href": address]) {
                    page.catalogue.html(.backToPage)
                }
            }
            return headers.response(
                status,
                frame.document(
                    page.catalogue.html(heading),
                    main: HTML.element("main") { content }
                ),
                fields: fields + (status == 503 ? [Problem.retryAfter] : [])
            )
        }
    }

    /// The answer to a form that begins a fresh sign-in: a page that goes on to the provider. A
    /// redirect would be refused by the policy of the page that has the form.
    func response(toApproval answer: SignOn.Answer, _ request: Request) -> Response {
        guard case .redirect(let address, let cookies) = answer else {
            return response(to: answer, request)
        }
        var (page, frame) = page(request)
        frame.next = (0, address)
        let content = page.card(.busy, .confirmHeading, .confirmText) {
            HTML.element("a", ["class": "button", "href": address]) {
                page.catalogue.html(.signIn)
            }
        }
        return headers.response(
            200,
            frame.document(
                page.catalogue.html(.confirmHeading),
                main: HTML.element("main") { content }
            ),
            fields: cookies.map(\.field)
        )
    }

    // MARK: Pages

    private func page(_ request: Request, script: Assets.Asset? = nil) -> (ApprovalPage, PageFrame)
    {
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
            script: script
        )
        return (page, frame)
    }

    private func waiting(at address: String, _ request: Request) -> HTML {
        var (page, frame) = page(request)
        frame.next = (Self.pause, address)
        let content = page.card(.busy, .signInWaitHeading, .signInWaitText) { .empty }
        return frame.document(
            page.catalogue.html(.signInWaitHeading),
            main: HTML.element("main") { content }
        )
    }

    /// The terms, with one button.
    private func terms(_ id: String, _ token: String, _ request: Request) -> HTML {
        let (page, frame) = page(request)
        let text = signOn.terms?.text(in: page.catalogue.language.rawValue)
        let fields = [
            ("id", id), ("token", token), ("language", text?.language ?? ""),
            ("digest", Base64URL.encode(text?.digest ?? [])),
        ]
        let content = page.card(.neutral, .termsHeading, .termsText) {
            HTML.element("div", ["lang": text?.language, "dir": "auto"]) {
                for line in (text?.text ?? "").split(byte: "\n") {
                    HTML.element("p") { InertText.html(String(line)) }
                }
            }
            HTML.element(
                "form",
                ["method": "post", "action": settings.basePath + signOn.termsPath]
            ) {
                for (name, value) in fields {
                    HTML.void("input", ["type": "hidden", "name": name, "value": value])
                }
                HTML.element("button", ["type": "submit", "class": "approve"]) {
                    page.catalogue.html(.termsAccept)
                }
            }
        }
        return frame.document(
            page.catalogue.html(.termsHeading),
            main: HTML.element("main") { content }
        )
    }

    private func page(_ failure: SignOnFailure, _ request: Request) -> HTML {
        let (page, frame) = page(request, script: Assets.diagnosis)
        let isApproval = failure.login != nil
        let heading: Phrase = isApproval ? .confirmFailedHeading : .signInFailedHeading
        let content = page.card(
            .neutral,
            heading,
            failure.text,
            ["brand": .text(settings.brand)]
        ) {
            if isApproval {
                HTML.element("p") { page.catalogue.html(.confirmFailedText) }
            }
            HTML.element("dl") {
                HTML.element("div") {
                    HTML.element("dt") { page.catalogue.html(.referenceLabel) }
                    HTML.element("dd") {
                        HTML.element("bdi", ["dir": "ltr"]) { .text(failure.reference) }
                    }
                }
            }
            HTML.element("a", ["class": "button", "href": address(after: failure)]) {
                page.catalogue.html(isApproval ? .backToPage : .signInAgain)
            }
            HTML.data("sign-in-failure", failure.diagnosis)
        }
        return frame.document(
            page.catalogue.html(heading),
            main: HTML.element("main") { content }
        )
    }

    /// Where a person goes on after a failure: to the request, or to a new sign-in.
    private func address(after failure: SignOnFailure) -> String {
        if failure.login != nil, let page = failure.target { return settings.basePath + page }
        let target = failure.target.map { Field("to", $0) }
        let query = target.map { "?" + String(decoding: Form([$0]).bytes, as: UTF8.self) } ?? ""
        return settings.basePath + signOn.path + query
    }
}

extension DecisionDesk.Refusal {
    /// When the user's block ends, if it is that.
    var blockedUntil: Timestamp? {
        if case .refused(.userBlocked(let until), _) = self { until } else { nil }
    }

    /// Why an approval that was confirmed could not be recorded.
    var explanation: (status: Int, heading: Phrase, text: Phrase) {
        switch self {
        case .noSuchPrompt, .otherLogin, .key: (404, .unknownHeading, .unknownText)
        case .methodNotAllowed, .delegationNotAllowed: (403, .tapHeading, .tapText)
        case .userMayNotApprove: (403, .notAllowedHeading, .notAllowedText)
        case .store, .directory: (503, .unavailableHeading, .unavailableText)
        case .refused(.pastDeadline, _): (410, .lateHeading, .lateText)
        case .refused(.alreadyEnded(.failed(.wrongCodes)), _):
            (403, .wrongCodesHeading, .wrongCodesText)
        case .refused(.userBlocked, _): (403, .blockedHeading, .blockedText)
        case .refused(.unfit(.codeMissing), _), .refused(.unfit(.codeWrong), _):
            (409, .confirmFailedHeading, .errorCodeMissing)
        case .refused(.unfit(_), _): (409, .confirmFailedHeading, .errorOtherConsent)
        case .refused: (409, .conflictNotice, .conflictText)
        }
    }
}

extension SignOnFailure {
    fileprivate var text: Phrase {
        switch kind {
        case .notBegun: .signInNotBegunText
        case .refusedByProvider: .signInRefusedText
        case .unavailable: .signInUnavailableText
        case .token: .signInTokenText
        case .person: .signInPersonText
        case .unknownPerson: .signInUnknownText
        }
    }

    fileprivate var pageStatus: Int {
        switch kind {
        case .notBegun: 400
        case .refusedByProvider, .token, .person, .unknownPerson: 403
        case .unavailable: 503
        }
    }
}

extension SignOn.Cookie {
    /// For this host, all paths, no script, and requests that begin at this site or by a link.
    var field: Field {
        let age = lifetime.map { "; Max-Age=\($0.components.seconds)" } ?? ""
        return Field("Set-Cookie", "\(name)=\(value); Path=/; Secure; HttpOnly; SameSite=Lax" + age)
    }
}
