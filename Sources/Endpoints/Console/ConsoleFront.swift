import Access
import HTTP
import JSON
import Localization
import Logins
import Telemetry
import Texts
import Trust

/// Judges each request to the console before anything else is looked at: who is signed in, with which
/// role, and whether a form comes from a page of theirs.
struct ConsoleFront: Sendable {
    /// Bytes of a form.
    static let bodyLimit = 65_536

    let sessionGuard: SessionGuard
    let clock: any WallClock
    let settings: SignOnRoutes.Settings
    let headers: PageHeaders
    let log: Logger

    typealias Body = @Sendable (ConsoleCall) async throws(Problem) -> Response

    /// A page that every person with a role may see.
    func page(_ pattern: String, _ section: ConsoleSection, _ body: @escaping Body) -> Route {
        Route(.get, pattern) { request in await answer(request, section, body) }
    }

    /// A page that changes nothing, and is of use to administrators only.
    func adminPage(_ pattern: String, _ section: ConsoleSection, _ body: @escaping Body) -> Route {
        Route(.get, pattern) { request in
            await answer(request, section) { call async throws(Problem) in
                guard call.isAdmin else { return call.forbidden }
                return try await body(call)
            }
        }
    }

    /// What a form of a page sends. Only administrators change anything.
    func change(_ pattern: String, _ section: ConsoleSection, _ body: @escaping Body) -> Route {
        form(pattern, section) { call async throws(Problem) in
            guard call.isAdmin else { return call.forbidden }
            return try await body(call)
        }
    }

    /// What a form of a page sends, of every person with a role.
    func form(_ pattern: String, _ section: ConsoleSection, _ body: @escaping Body) -> Route {
        Route(.post, pattern, contentLimit: Self.bodyLimit) { request in
            await answer(request, section) { call async throws(Problem) in
                guard let form = sessionGuard.form(of: request, from: call.caller) else {
                    return call.message(403, .foreignHeading, .foreignText)
                }
                return try await body(call.with(form))
            }
        }
    }

    /// A page that asks whether something is meant, and the form on it.
    func confirmed(
        _ pattern: String,
        _ section: ConsoleSection,
        ask: @escaping @Sendable (ConsoleCall) async throws(Problem) -> Confirmation,
        _ perform: @escaping @Sendable (ConsoleCall) async throws(Problem) -> String
    ) -> [Route] {
        [
            adminPage(pattern, section) { call async throws(Problem) in
                call.page(200, try await ask(call).html(call))
            },
            change(pattern, section) { call async throws(Problem) in
                call.redirect(to: try await perform(call), isDone: true)
            },
        ]
    }

    // MARK: Answering

    private func answer(
        _ request: Request,
        _ section: ConsoleSection,
        _ body: Body
    ) async -> Response {
        let view = view(request, section)
        let caller: SessionGuard.Caller
        do throws(SessionGuard.Refusal) {
            caller = try await sessionGuard.caller(of: request)
        } catch {
            return refused(error, request, view)
        }
        // The store gives every session of the console a role.
        guard caller.session.role != nil else { return refused(.notSignedIn, request, view) }
        guard let query = Form(request.bytes[request.queryRange]) else {
            return headers.response(400, view.message(.consoleRefusedHeading, .consoleQueryText))
        }
        var ofCaller = view
        ofCaller.caller = caller
        let call = ConsoleCall(
            front: self,
            view: ofCaller,
            request: request,
            caller: caller,
            form: query,
            now: clock.now()
        )
        do throws(Problem) {
            return try await body(call)
        } catch {
            return call.failed(error)
        }
    }

    private func refused(
        _ refusal: SessionGuard.Refusal,
        _ request: Request,
        _ view: ConsoleView
    ) -> Response {
        switch refusal {
        case .store(let error):
            log.error("session.unavailable") { $0.member("cause", "\(error)") }
            return headers.response(
                503,
                view.message(.unavailableHeading, .signInUnavailableText),
                fields: [Problem.retryAfter]
            )
        case .notSignedIn:
            let target = request.method == .post ? "/console" : request.target
            let query = String(decoding: Form([Field("to", target)]).bytes, as: UTF8.self)
            let address = settings.basePath + "/sso/oidc/console?" + query
            return headers.response(
                401,
                view.message(
                    .signInFailedHeading,
                    .consoleSignedOutText,
                    link: (address, .signIn)
                )
            )
        }
    }

    func view(_ request: Request, _ section: ConsoleSection) -> ConsoleView {
        ConsoleView(
            page: ApprovalPage(
                catalogue: Language.bestCatalogue(
                    chosen: nil,
                    acceptLanguage: request.field("accept-language")
                ),
                brand: settings.brand,
                help: settings.help,
                ticket: nil
            ),
            settings: settings,
            section: section
        )
    }
}

/// A request to the console whose sender is known and has a role.
struct ConsoleCall: Sendable {
    let front: ConsoleFront
    let view: ConsoleView
    let request: Request
    let caller: SessionGuard.Caller
    /// What a form has, of a POST; else the query.
    private(set) var form: Form
    let now: Timestamp

    var session: Session { caller.session }
    var isAdmin: Bool { session.role == .admin }
    /// The person, for the audit.
    var author: AuditAuthor { .person(session, address: request.peer.address) }

    func with(_ form: Form) -> ConsoleCall {
        var call = self
        call.form = form
        return call
    }

    // MARK: Reading

    /// A field that is not empty: browsers send the empty ones of a form too.
    func text(_ name: String) -> String? {
        guard let text = form[name], !text.isEmpty else { return nil }
        return text
    }

    /// A field in its own type; nil if it was left empty.
    ///
    /// - Throws: `invalidQuery` for a value that breaks the rule.
    func parsed<Value>(
        _ name: String,
        _ rule: String,
        _ parse: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = text(name) else { return nil }
        guard let value = parse(text) else { throw Problem(.invalidQuery, "\(name): \(rule).") }
        return value
    }

    func id<Kind>(_ name: String) throws(Problem) -> Identifier<Kind>? {
        try parsed(name, "must have at most 512 characters and no control characters") {
            Identifier<Kind>($0)
        }
    }

    func number(_ name: String) throws(Problem) -> Int64? {
        try parsed(name, "must be a number") { ListQuery.number($0).map(Int64.init) }
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _ type: Value.Type
    ) throws(Problem) -> Value? {
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return try parsed(name, "must be one of \(words)") { text in
            Value.allCases.first { text.isExactly($0.rawValue) }
        }
    }

    /// An identifier in the path.
    ///
    /// - Throws: `notFound` if it cannot be one.
    func path<Kind>(_ name: String) throws(Problem) -> Identifier<Kind> {
        guard let id = request.parameters[name].flatMap(Identifier<Kind>.init) else {
            throw Problem(.notFound, "\(name): there is none with this identifier.")
        }
        return id
    }

    /// A field of a form that is always there.
    func required<Value>(_ name: String, _ value: Value?) throws(Problem) -> Value {
        guard let value else { throw Problem(.invalidBody, "\(name): is required.") }
        return value
    }

    // MARK: Answering

    func page(_ status: Int, _ html: HTML) -> Response { front.headers.response(status, html) }

    /// A page with a heading and content.
    func page(
        _ heading: HTML,
        status: Int = 200,
        @HTMLBuilder _ content: () -> HTML
    ) -> Response {
        let isDone = request.method != .post && form["done"] != nil
        return page(status, view.document(heading, isDone: isDone, content))
    }

    /// Goes to a page of the console, so that a reload does not send the form again.
    func redirect(to path: String, isDone: Bool = false) -> Response {
        let mark = isDone ? (path.utf8.contains(UInt8(ascii: "?")) ? "&done=1" : "?done=1") : ""
        return front.headers.response(
            303,
            .empty,
            fields: [Field("Location", view.settings.basePath + path + mark)]
        )
    }

    func message(_ status: Int, _ heading: Phrase, _ text: Phrase) -> Response {
        page(
            status,
            view.message(heading, text, link: (view.address(view.section.path), .backToPage))
        )
    }

    var forbidden: Response { message(403, .consoleForbiddenHeading, .consoleForbiddenText) }

    /// Why nothing was changed or shown. The rule that was broken is told as the admin API tells it,
    /// in English; what has no rule is told in the language of the page.
    func failed(_ problem: Problem) -> Response {
        let heading: Phrase =
            switch problem.kind {
            case .notFound: .consoleMissingHeading
            case .unavailable: .unavailableHeading
            default: .consoleRefusedHeading
            }
        return front.headers.response(
            problem.kind.status,
            view.document(view.html(heading)) {
                switch problem.kind {
                case .notFound: HTML.element("p") { view.html(.consoleMissingText) }
                case .unavailable: HTML.empty
                default: view.rule(problem)
                }
                HTML.element("p") {
                    view.link(view.section.path, view.html(.backToPage))
                }
            },
            fields: problem.kind == .unavailable ? [Problem.retryAfter] : []
        )
    }
}

/// Asks whether something is meant before it is done.
struct Confirmation: Sendable {
    let heading: Phrase
    let text: Phrase
    /// What it is about.
    let subject: HTML
    /// Fields that the form sends.
    var fields: [Field] = []
    /// Where to go instead.
    let back: String

    func html(_ call: ConsoleCall) -> HTML {
        let view = call.view
        return view.document(view.html(heading)) {
            HTML.element("div", ["class": "card"]) {
                HTML.element("p") { HTML.element("strong") { subject } }
                HTML.element("p") { view.html(text) }
                view.form(call.request.path, isWhole: true, fields) {
                    HTML.element("div", ["class": "choices"]) {
                        HTML.element(
                            "a",
                            ["class": "button quiet", "href": view.address(back)]
                        ) { view.html(.backToPage) }
                        // Approve's color means an approval, which nothing here is.
                        HTML.element("button", ["type": "submit", "class": "plain"]) {
                            view.html(heading)
                        }
                    }
                }
            }
        }
    }
}
