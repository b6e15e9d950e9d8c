import Consents
public import Engine
public import HTTP
import Identity
import JSON
public import Logins
public import Telemetry
import Texts

/// The interface for apps: the login as a document, and the decision. The bearer token is the
/// ticket of the prompt, which opens one login only (RFC 6750 §2.1).
public struct DeviceRoutes: Sendable {
    /// Bytes of a decision's body, enough for every account that a bank may list.
    static let bodyLimit = 65_536
    /// The longest wait, in seconds; shorter than the usual timeout of proxies.
    static let waitLimit = 25

    private let desk: DecisionDesk
    private let directory: any UserDirectory
    private let log: Logger

    /// The directory provides the user's language; when it is unavailable, the document has none.
    public init(desk: DecisionDesk, directory: any UserDirectory, log: Logger = .silent) {
        self.desk = desk
        self.directory = directory
        self.log = log
    }

    /// `GET /device/v1/logins/{id}` and `POST /device/v1/logins/{id}/decision`.
    public var routes: [Route] {
        [
            Route(.get, "/device/v1/logins/{id}", deadline: .seconds(Self.waitLimit + 10)) {
                request in
                await answer { () async throws(Problem) in try await show(request) }
            },
            Route(.post, "/device/v1/logins/{id}/decision", judge: { Self.refusal(of: $0) }) {
                request in
                await answer { () async throws(Problem) in try await decide(request) }
            },
        ]
    }

    private func answer(_ body: () async throws(Problem) -> Response) async -> Response {
        do { return try await body() } catch { return error.response }
    }

    /// Judges a request by its head: it must have what may be a ticket.
    private static func refusal(of request: Request) -> Response? {
        do throws(Problem) {
            _ = try possibleTicket(request)
            return nil
        } catch {
            return error.response
        }
    }

    private static func possibleTicket(_ request: Request) throws(Problem) -> String {
        let ticket = try ticket(request)
        guard PromptTicket(ticket) != nil else {
            throw Problem(DecisionDesk.Refusal.noSuchPrompt)
        }
        return ticket
    }

    // MARK: The login

    private func show(_ request: Request) async throws(Problem) -> Response {
        let ticket = try Self.ticket(request)
        let wait = try Self.wait(request)
        var stored = try await open(ticket, request)
        if let wait {
            // Who waits for a change shows it to somebody; a fetch alone may be a server's.
            await desk.noteView(of: stored)
            let seen = wait.seen ?? stored.login.phase.name
            if seen == stored.login.phase.name {
                do {
                    stored = try await desk.login(
                        opening: ticket,
                        leaving: seen,
                        within: .seconds(wait.seconds)
                    )
                } catch {
                    throw problem(error)
                }
            }
        }
        return await document(stored)
    }

    /// The ticket is checked first: only its holder learns whether `{id}` matches.
    private func open(_ ticket: String, _ request: Request) async throws(Problem) -> StoredLogin {
        let stored: StoredLogin
        do { stored = try await desk.login(opening: ticket) } catch { throw problem(error) }
        guard Self.isOpened(stored, request) else {
            throw Problem(DecisionDesk.Refusal.otherLogin)
        }
        return stored
    }

    /// Whether the path names this login, byte by byte.
    private static func isOpened(_ stored: StoredLogin, _ request: Request) -> Bool {
        request.parameters["id"].map(stored.login.key.login.value.isExactly) ?? false
    }

    private func document(_ stored: StoredLogin) async -> Response {
        let user = (try? await directory.user(stored.login.details.user)) ?? nil
        let document = LoginDocument(
            standing: LoginStanding(stored, at: desk.now()),
            desk: desk,
            language: user?.language
        )
        return .json(200, document.bytes, fields: [Field("X-Content-Type-Options", "nosniff")])
    }

    // MARK: The decision

    private func decide(_ request: Request) async throws(Problem) -> Response {
        let ticket = try Self.possibleTicket(request)
        guard request.contentType == "application/json" else {
            throw Problem(.unsupportedMediaType, "Content-Type: must be application/json.")
        }
        guard request.body.count <= Self.bodyLimit else {
            throw Problem(.bodyTooLarge, "The body must have at most \(Self.bodyLimit) bytes.")
        }
        let (choice, selection) = try DecisionBody.decision(request)
        let stored: StoredLogin
        do {
            stored = try await desk.decide(
                choice,
                opening: ticket,
                via: .device,
                address: request.peer.address
            ) { (asked) throws(DecisionDesk.Refusal) in
                // Only a ticket's holder learns whether `{id}` is its login's.
                guard Self.isOpened(asked, request) else { throw .otherLogin }
                return selection
            }
        } catch {
            throw problem(error)
        }
        log.decided(choice, stored, request)
        return await document(stored)
    }

    // MARK: Ticket and query

    private static func ticket(_ request: Request) throws(Problem) -> String {
        let fields = request.fields("authorization")
        guard let field = fields.first else {
            throw Problem(
                .unauthorized,
                "Authorization: is required: \"Bearer\" and the ticket."
            )
        }
        let parts = field.split(byte: " ")
        guard fields.count == 1, parts.count == 2,
            String(parts[0]).lowercased().isExactly("bearer")
        else {
            throw Problem(.unauthorized, "Authorization: must be \"Bearer\" and the ticket, once.")
        }
        return String(parts[1])
    }

    private struct Wait {
        let seconds: Int
        let seen: PendingLogin.PhaseName?
    }

    /// `wait` without `seen` waits for the next phase.
    private static func wait(_ request: Request) throws(Problem) -> Wait? {
        guard !request.queryRange.isEmpty else { return nil }
        guard let query = Form(request.bytes[request.queryRange]) else {
            throw Problem(
                .invalidQuery,
                "query: a parameter was given twice or is not escaped correctly."
            )
        }
        let seen = query["seen"].map { PendingLogin.PhaseName(name: $0) }
        if case .some(.none) = seen {
            let names = PendingLogin.PhaseName.allCases.map(\.name).joined(separator: ", ")
            throw Problem(.invalidQuery, "seen: must be one of \(names).")
        }
        guard let text = query["wait"] else { return nil }
        guard text.utf8.count <= 2, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = Int(text), (1...waitLimit).contains(seconds)
        else {
            throw Problem(
                .invalidQuery,
                "wait: must be an integer from 1 to \(waitLimit), in seconds."
            )
        }
        return Wait(seconds: seconds, seen: seen ?? nil)
    }

    private func problem(_ refusal: DecisionDesk.Refusal) -> Problem {
        log.storeTrouble(refusal)
        return Problem(refusal)
    }
}

extension Logger {
    /// Logs failures of the store and the directory, and users who may not approve; other refusals are not logged.
    func storeTrouble(_ refusal: DecisionDesk.Refusal) {
        switch refusal {
        case .store(let cause): error("decision.store_failed") { $0.member("cause", "\(cause)") }
        case .directory(.unavailable(let cause)):
            warning("decision.directory_unavailable") { $0.member("cause", cause) }
        case .userMayNotApprove(let failure):
            warning("decision.user_refused") { $0.member("failure", "\(failure)") }
        case .refused(.unfit(.codeWrong), let stored):
            warning("decision.wrong_code") {
                $0.members(about: stored.login)
                $0.member("tries", stored.login.wrongCodes)
            }
        case .refused(.alreadyEnded(.failed(.wrongCodes)), let stored):
            warning("decision.suspicious") { $0.members(about: stored.login) }
        case .refused(.userBlocked, let stored):
            warning("decision.user_blocked") { $0.members(about: stored.login) }
        case .noSuchPrompt, .otherLogin, .methodNotAllowed, .delegationNotAllowed, .key, .refused:
            break
        }
    }

    /// Logs the login that a request decided. "This wasn't me" is logged as a warning.
    func decided(_ choice: Decision.Choice, _ stored: StoredLogin, _ request: Request) {
        let isFraud = choice == .reportAsFraud
        log(isFraud ? .warning : .info, isFraud ? "login.reported_as_fraud" : "login.decided") {
            $0.member("id", Int(clamping: request.id))
            $0.members(about: stored.login)
            $0.member("reference", LoginReference.text(of: stored.login.key))
            $0.member("decision", choice.loggedName)
            $0.member("family", stored.login.question?.consent.kind.name)
            if isFraud { $0.member("client_id", stored.login.details.client?.value) }
        }
    }
}
