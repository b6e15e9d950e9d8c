public import HTTP
import JSON
import Threads

/// The demo page: a consumption device that starts logins, all requests, and a phone that receives
/// prompts.
///
/// It has no access control, so it belongs on a loopback address.
public final class DemoSite: Sendable {
    /// The demo's user and device.
    public struct Configuration: Sendable {
        /// A user who can be asked.
        public struct Person: Sendable {
            /// The user's identifier: `login_hint`.
            public let user: String
            /// The displayed name.
            public let name: String
        }

        /// The users; the first one is asked unless the page says otherwise.
        public var people = [
            Person(user: "anna@example.com", name: "Anna"),
            Person(user: "oliver@example.com", name: "Oliver (UK)"),
            Person(user: "beatriz@example.com", name: "Beatriz (Brazil)"),
            Person(user: "jack@example.com", name: "Jack (Australia)"),
        ]
        /// The displayed name of the device.
        public var deviceName = "Coffee kiosk"
        /// The selectable scopes, besides `openid`.
        public var scopes = ["profile", "email", "payments"]
        /// The secrets of the webhook channel, `whsec_…`.
        public var webhookSecrets: [String]

        /// A demo whose phone accepts webhooks signed with one of these secrets.
        public init(webhookSecrets: [String]) { self.webhookSecrets = webhookSecrets }
    }

    /// The duration of long polls. Proxies and browsers time out after a minute at the earliest.
    private static let longPoll = Duration.seconds(25)

    private struct State {
        var lastFlow = 0
        /// Scheme, host and port of the approval pages in the frame.
        var promptOrigin: String?
        /// Scheme, host and port of the page.
        var pageOrigin: String?
        var policies = DemoPolicies()
        var chooseLanguage: (@Sendable (String, String?) async -> Void)?
        var backend: BankBackend?
        var phoneDevice: PhoneDevice?
    }

    private let configuration: Configuration
    private let device: ConsumptionDevice
    private let journal: Journal
    private let clock: any SimulatorClock
    private let phone: Phone
    private let work = BackgroundWork()
    private let state = Locked(State())

    /// Nil if a webhook secret is invalid.
    public init?(
        _ configuration: Configuration,
        device: ConsumptionDevice,
        journal: Journal,
        clock: any SimulatorClock
    ) {
        guard let webhook = StandardWebhook(secrets: configuration.webhookSecrets) else {
            return nil
        }
        self.configuration = configuration
        self.device = device
        self.journal = journal
        self.clock = clock
        phone = Phone(webhook, clock: clock, journal: journal)
    }

    /// Sets the origin of the approval pages, such as `http://127.0.0.1:8080`.
    public func connect(promptOrigin: String) {
        state.withLock { $0.promptOrigin = promptOrigin }
    }

    /// Sets the origin of the page, such as `http://localhost:8080`.
    func connect(pageOrigin: String) { state.withLock { $0.pageOrigin = pageOrigin } }

    /// Sets what the page offers to choose from.
    func connect(policies: DemoPolicies) { state.withLock { $0.policies = policies } }

    /// Sets what stores a user's language: an identifier, and a tag or nil.
    func connect(languages choose: @escaping @Sendable (String, String?) async -> Void) {
        state.withLock { $0.chooseLanguage = choose }
    }

    /// Sets the backend that may act for users.
    func connect(backend: BankBackend) { state.withLock { $0.backend = backend } }

    /// Sets the device that the phone can be enrolled as.
    func connect(phone device: PhoneDevice) { state.withLock { $0.phoneDevice = device } }

    /// Runs the logins that the page starts, until the task is cancelled. Call it once.
    public func run() async { await work.run() }

    /// The page, its resources, and the endpoints for the webhook (`POST /demo/phone`) and pings.
    public var routes: [Route] {
        [
            Route(.get, "/") { [self] in page($0) },
            asset("/demo/style.css", "text/css; charset=utf-8", DemoStyle.css),
            asset(
                "/demo/script.js",
                "text/javascript; charset=utf-8",
                DemoScript.page + DemoScript.backend + DemoScript.timeline
                    + DemoScript.phone + DemoScript.device + DemoScript.policies
                    + DemoScript.beginning
            ),
            asset("/demo/icon.svg", "image/svg+xml", DemoPage.icon),
            Route(.post, "/demo/logins") { [self] in start($0) },
            Route(.post, "/demo/backend/approval", deadline: .seconds(60)) { [self] request in
                await backend(request) { await $0.approve(for: $1) }
            },
            Route(.post, "/demo/backend/consent", deadline: .seconds(60)) { [self] request in
                await backend(request) { await $0.recordConsent(of: $1) }
            },
            Route(.get, "/demo/events", deadline: .seconds(40)) { [self] request in
                let number = request.query("after").flatMap { Int($0) } ?? 0
                let limit = request.query("wait") == "0" ? .zero : Self.longPoll
                let entries = await journal.entries(after: number, within: limit)
                return .json(
                    200,
                    .members([
                        "last": .integer(max(number, entries.last?.number ?? number)),
                        "entries": .array(entries.map(\.json)),
                    ])
                )
            },
            Route(.get, "/demo/entries/{number}") { [self] request in
                let number = request.parameters["number"].flatMap { Int($0) } ?? 0
                guard number > 0, let entry = journal.entries(after: number - 1).first,
                    entry.number == number
                else { return .json(404, .members(["error": .string("no such entry")])) }
                return .json(200, entry.json)
            },
            Route(.get, Phone.path) { [self] _ in
                .json(200, .array(phone.live.map(\.json)))
            },
            Route(.post, Phone.path) { [self] in phone.receive($0) },
        ] + device.routes + PhoneDevice.routes { [self] in state.withLock { $0.phoneDevice } }
    }

    private func start(_ request: Request) -> Response {
        // Forms of other sites cannot send this type without a preflight request.
        guard request.contentType == "application/json",
            let body = try? JSONValue(Array(request.body))
        else { return .json(415, .members(["error": .string("send JSON")])) }
        let chosen = body["scopes"]?.strings ?? []
        let message = body["binding_message"]?.string
        let person = configuration.people.first { $0.user == body["user"]?.string }
        let example = DemoExample.all.first { $0.id == body["example"]?.string }
        let mode =
            body["mode"]?.string.flatMap { SimulatedClient.DeliveryMode(rawValue: $0) } ?? .poll
        let policies = state.withLock { $0.policies }
        let matching = policies.matchings.first { $0.choice.id == body["matching"]?.string }
        let hasNumber = matching?.hasNumber ?? false
        var login = ConsumptionDevice.Login(
            scopes: example?.scopes
                ?? ["openid"] + configuration.scopes.filter(chosen.contains),
            user: (person ?? configuration.people.first)?.user ?? "",
            bindingMessage: hasNumber
                ? Self.numbered(message) : message?.isEmpty == true ? nil : message,
            mode: mode,
            expiry: body["expiry"]?.integer
        )
        if let example {
            login.consent = .init(family: example.family, body: example.body(at: clock.now()))
            login.workspace = example.workspace
        }
        login.client = Self.client(of: body["policy"]?.string, mode, in: policies)
        if let matching, hasNumber {
            login.workspace = (login.workspace ?? device.workspace) + matching.suffix
        }
        let flow = state.withLock { state in
            state.lastFlow += 1
            return "flow-\(state.lastFlow)"
        }
        let language = body["language"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        let choose = state.withLock { $0.chooseLanguage }
        work.add { [device, login] in
            await choose?(login.user, language)
            _ = await device.run(login, flow: flow)
        }
        return .json(202, .members(["flow": .string(flow)]))
    }

    /// Lets the bank's backend act for a user of the demo.
    private func backend(
        _ request: Request,
        _ act: (BankBackend, String) async -> [BankBackend.Step]
    ) async -> Response {
        guard request.contentType == "application/json",
            let body = try? JSONValue(Array(request.body))
        else { return .json(415, .members(["error": .string("send JSON")])) }
        let person = configuration.people.first { $0.user == body["user"]?.string }
        guard let backend = state.withLock({ $0.backend }), let person else {
            return .json(404, .members(["error": .string("no such backend or user")]))
        }
        let steps = await act(backend, person.user)
        return .json(200, .members(["steps": .array(steps.map(\.json))]))
    }

    /// The page, at its own name: browsers have passkeys for `localhost` and none for 127.0.0.1.
    private func page(_ request: Request) -> Response {
        let (origin, pageOrigin, policies, hasBackend, hasDevice) = state.withLock {
            (
                $0.promptOrigin, $0.pageOrigin, $0.policies, $0.backend != nil,
                $0.phoneDevice != nil
            )
        }
        if let pageOrigin, let host = request.field("host"), host.hasPrefix("127.0.0.1:"),
            pageOrigin == "http://localhost" + host.dropFirst("127.0.0.1".count)
        {
            let location = Field("Location", pageOrigin + "/")
            return Response(status: 302, fields: [location, .noStore])
        }
        let html = DemoPage.html(
            configuration,
            service: origin,
            policies: policies,
            hasBackend: hasBackend,
            hasDevice: hasDevice
        )
        // Allow any origin until it is set.
        let frames = origin ?? "http: https:"
        return Response(
            status: 200,
            contentType: "text/html; charset=utf-8",
            fields: [
                .noStore,
                Field(
                    "Content-Security-Policy",
                    "default-src 'none'; style-src 'self'; script-src 'self'; "
                        + "connect-src 'self'; img-src 'self'; frame-src \(frames); "
                        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                ),
                Field("Referrer-Policy", "no-referrer"),
                Field("X-Content-Type-Options", "nosniff"),
            ],
            body: Array(html.utf8)
        )
    }

    private func asset(_ path: String, _ type: StaticString, _ text: String) -> Route {
        let bytes = Array(text.utf8)
        return Route(.get, path) { _ in
            Response(
                status: 200,
                contentType: type,
                fields: [
                    Field("Cache-Control", "no-cache"), Field("X-Content-Type-Options", "nosniff"),
                ],
                body: bytes
            )
        }
    }
}
