import HTTP
import Logins

extension InboxRoutes {
    /// `GET /inbox/events`: the list of pending logins, now and whenever it has changed.
    func events(_ request: Request) async -> Response {
        let visit: Visit
        do {
            visit = try await self.visit(request, try await sessionGuard.watcher(of: request))
        } catch {
            return Problem.eventsRefused(error)
        }
        let page = EventStream.Page(
            session: visit.caller.session,
            user: visit.user,
            renewed: { [sessionGuard] () async throws(StoreError) in
                try await sessionGuard.renewed(visit.caller.secret)
            },
            limits: sessionGuard.limits,
            event: "logins",
            content: { [logins] () async throws(StoreError) in
                visit.page.list(
                    try await logins.liveLogins(of: visit.user, limit: Self.longestList)
                )
            }
        )
        guard let stream = live.open(page) else { return Problem.tooManyStreams }
        return stream.response
    }
}

extension EventStream {
    /// The response that begins with this stream.
    var response: Response { .events(self) }
}

extension Response {
    /// A response of server-sent events.
    static func events(_ stream: any ResponseStream) -> Response {
        var response = Response(
            status: 200,
            contentType: "text/event-stream; charset=utf-8",
            fields: [
                .noStore, Field("X-Content-Type-Options", "nosniff"),
                Field("Cross-Origin-Resource-Policy", "same-origin"),
                // nginx would hold events back.
                Field("X-Accel-Buffering", "no"),
            ]
        )
        response.stream = stream
        return response
    }
}

extension Problem {
    /// The page has the same list without events, so nothing is lost.
    static var tooManyStreams: Response {
        Problem(.unavailable, "Too many pages are open. Reload the page to see changes.").response
    }

    static func eventsRefused(_ refusal: SessionGuard.Refusal) -> Response {
        switch refusal {
        case .notSignedIn: Problem(.unauthorized, "Nobody is signed in.").response
        case .store(let error): Problem(error).response
        }
    }
}
