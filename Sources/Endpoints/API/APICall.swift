import Access
import HTTP
import JSON
import Logins
import Trust

/// Makes the routes of the admin and the backend API: each call is judged by the guard before
/// anything else is looked at, and every call of a delegated client is in the audit.
struct APIRoutes: Sendable {
    let resources: ResourceGuard
    let access: any AccessStore
    let clock: any WallClock
    /// How long the answers to requests with an `Idempotency-Key` are kept.
    let answersKept: Duration
    private let underWay = KeysUnderWay()
    private let kept = KeptAnswers()

    init(
        resources: ResourceGuard,
        access: any AccessStore,
        clock: any WallClock,
        answersKept: Duration = .seconds(86_400)
    ) {
        self.resources = resources
        self.access = access
        self.clock = clock
        self.answersKept = answersKept
    }

    /// A route for tokens with one of these scopes. `bodyLimit` is bytes; nil for a route without a body.
    /// `oversizeLimit` is the same for a route whose bodies may exceed the server's limit.
    ///
    /// With `keepsAnswers` an answer is given again, at once, as long as nobody has committed anything
    /// to the store: for a GET whose answer depends on its path and the store alone.
    func route(
        _ method: Method,
        _ pattern: String,
        _ scopes: [AccessScope],
        bodyLimit: Int? = nil,
        oversizeLimit: Int = 0,
        keepsAnswers: Bool = false,
        _ body: @escaping @Sendable (APICall) async throws(Problem) -> Response
    ) -> Route {
        var atOnce: (@Sendable (Request) -> Response?)?
        if keepsAnswers { atOnce = { keptAnswer(to: $0, scopes) } }
        return Route(
            method,
            pattern,
            contentLimit: bodyLimit ?? 1024,
            oversizeLimit: oversizeLimit,
            atOnce: atOnce
        ) { request in
            let caller: ResourceCaller
            do throws(ResourceRefusal) {
                caller = try await judge(request, scopes)
            } catch {
                return error.response
            }
            let now = clock.now()
            do throws(Problem) {
                let once =
                    method == .post
                    ? try Idempotency(request, of: caller, at: now, memory: answersKept) : nil
                let call = APICall(request: request, caller: caller, now: now, once: once)
                if caller.kind == .delegated, let user = caller.user {
                    try await note(call, of: user, method, pattern)
                }
                if let once { return try await self.answer(call, once, body) }
                // Before the store is read: a change in between makes the mark another one.
                let mark = keepsAnswers ? access.mark() : nil
                let answer = try await body(call)
                if let mark { kept.keep(answer, to: request, at: mark) }
                return answer
            } catch {
                return error.response
            }
        }
    }

    /// Answers a request that must be answered once.
    private func answer(
        _ call: APICall,
        _ once: Idempotency,
        _ body: (APICall) async throws(Problem) -> Response
    ) async throws(Problem) -> Response {
        if let answer = try await once.answer(access) { return answer }
        try underWay.begin(once)
        defer { underWay.end(once) }
        // One that was in progress may have ended in between.
        if let answer = try await once.answer(access) { return answer }
        let response = try await body(call)
        guard !once.isStored, (200...299).contains(response.status) else { return response }
        // What was done in another transaction is done; if this fails, a repetition is judged anew.
        do { _ = try await access.commit(once.changes(for: response)) } catch {
            throw Problem(error)
        }
        return response
    }

    private func keptAnswer(to request: Request, _ scopes: [AccessScope]) -> Response? {
        guard let mark = access.mark(), resources.admitsAtOnce(request, scopes, at: mark) else {
            return nil
        }
        return kept.answer(to: request, at: mark)
    }

    private func judge(
        _ request: Request,
        _ scopes: [AccessScope]
    ) async throws(ResourceRefusal) -> ResourceCaller {
        scopes.count == 1
            ? try await resources.caller(of: request, scopes[0])
            : try await resources.caller(of: request, scopes[0], scopes[1])
    }

    /// Before the call is answered, so that none is answered without it.
    private func note(
        _ call: APICall,
        of user: UserID,
        _ method: Method,
        _ pattern: String
    ) async throws(Problem) {
        let event = call.author.event(
            "api.called",
            at: call.now,
            [
                "client": .string(call.caller.client.value),
                "user": .string(user.value),
                "route": .string("\(method.name) \(pattern)"),
            ]
        )
        do { _ = try await access.commit([.audit(event)]) } catch { throw Problem(error) }
    }
}

/// A call of the admin or the backend API whose caller is known.
struct APICall: Sendable {
    let request: Request
    let caller: ResourceCaller
    let now: Timestamp
    /// Its `Idempotency-Key`; nil without one.
    let once: Idempotency?

    /// What stores the answer together with the work, if the request has a key.
    func storing(_ response: Response) -> [AccessChange] { once?.changes(for: response) ?? [] }

    /// The caller, for the audit.
    var author: AuditAuthor {
        .client(
            caller.client,
            user: caller.user,
            token: caller.tokenID,
            thumbprint: caller.thumbprint,
            address: caller.address
        )
    }

    /// A parameter of the path that is an identifier.
    ///
    /// - Throws: `notFound` if it cannot be one.
    func path<Kind>(_ name: String) throws(Problem) -> Identifier<Kind> {
        guard let id = request.parameters[name].flatMap(Identifier<Kind>.init) else {
            throw Problem(.notFound, "\(name): there is none with this identifier.")
        }
        return id
    }

    /// The members of the body; with nil, whoever reads them looks for unknown ones.
    func members(_ known: [String]?) throws(Problem) -> BodyMembers {
        try BodyMembers(request, known)
    }
}

extension Problem {
    /// The store failed.
    init(_ error: StoreError) {
        self.init(
            .unavailable,
            "The request may not have been applied. Retry after the time in Retry-After."
        )
    }
}

extension Response {
    /// A JSON answer of these interfaces.
    static func document(
        _ value: JSONValue,
        status: Int = 200,
        fields: [Field] = []
    ) -> Response {
        .json(status, value.bytes, fields: fields + [Field("X-Content-Type-Options", "nosniff")])
    }
}
