import Access
import HTTP
import Localization
import JSON
import Logins
import Texts
import Trust

/// Who is signed in, and signing out.
struct SessionPages: Sendable {
    /// Sessions of a page.
    private static let longestList = 200

    let front: ConsoleFront
    let sessions: any SessionStore
    let access: any AccessStore
    /// Of the applications that people can sign in to.
    let limits: [SignInApplication: SessionLimits]
    let logoutURL: String

    var routes: [Route] {
        [
            front.page("/console/sessions", .sessions, list),
            front.form("/console/sign-out", .overview) { call async throws(Problem) in
                try await end(call.session.id, .console, call)
                let cookie = SignOn.Cookie.deleting(SessionSecret.cookieName(.console))
                return front.headers.response(
                    303,
                    .empty,
                    fields: [Field("Location", logoutURL), cookie.field]
                )
            },
        ]
            + front.confirmed("/console/sessions/{id}/end", .sessions) {
                call async throws(Problem) in
                let application = try call.choice("of", SignInApplication.self) ?? .console
                let session = try await session(call, application)
                return Confirmation(
                    heading: .consoleEndSession,
                    text: .consoleEndSessionText,
                    subject: InertText.html(session.name + " \u{2013} " + session.email),
                    fields: [Field("of", application.rawValue)],
                    back: "/console/sessions?of=" + application.rawValue
                )
            } _: { call async throws(Problem) in
                let application = try call.choice("of", SignInApplication.self) ?? .console
                try await end(call.request.parameters["id"] ?? "", application, call)
                return "/console/sessions?of=" + application.rawValue
            }
    }

    private func found(
        _ application: SignInApplication,
        _ call: ConsoleCall
    ) async throws(Problem) -> [Session] {
        guard let limits = limits[application] else { return [] }
        do {
            return try await sessions.sessions(
                SessionFilter(application: application),
                at: call.now,
                within: limits,
                limit: Self.longestList
            )
        } catch {
            throw Problem(error)
        }
    }

    private func session(
        _ call: ConsoleCall,
        _ application: SignInApplication
    ) async throws(Problem) -> Session {
        let id = call.request.parameters["id"] ?? ""
        guard let session = try await found(application, call).first(where: { $0.id.isExactly(id) })
        else {
            throw Problem(.notFound, "id: there is no such session.")
        }
        return session
    }

    // MARK: Listing

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let application = try call.choice("of", SignInApplication.self) ?? .console
        let found = try await found(application, call)
        let view = call.view
        return call.page(view.html(.consoleSessions)) {
            view.search("/console/sessions") {
                view.select(
                    .consoleSessionsOf,
                    "of",
                    application.rawValue,
                    all: nil,
                    [
                        (SignInApplication.console.rawValue, view.html(.consoleHeading)),
                        (SignInApplication.inbox.rawValue, view.html(.consoleInbox)),
                    ]
                )
            }
            view.table(
                view.html(.consoleSessions),
                [
                    .init(.consolePerson), .init(.consoleEmail), .init(.consoleRole),
                    .init(.consoleAddress), .init(.consoleBrowser), .init(.consoleSince),
                    .init(.consoleLastUsed), .init(.consoleActions),
                ],
                found.map { row($0, application, call) }
            )
        }
    }

    private func row(
        _ session: Session,
        _ application: SignInApplication,
        _ call: ConsoleCall
    ) -> [HTML] {
        let view = call.view
        let role: HTML =
            switch session.role {
            case .admin: view.html(.consoleAdministrator)
            case .moderator: view.html(.consoleModerator)
            case nil: view.untrusted(session.user?.value) ?? view.none
            }
        let isThis = session.id.isExactly(call.session.id)
        let path = "/console/sessions/\(session.id)/end?of=\(application.rawValue)"
        return [
            view.page.untrusted(session.name), view.page.untrusted(session.email), role,
            view.code(session.address) ?? view.none,
            session.agent.isEmpty
                ? view.html(.sessionUnnamed) : InertText.html(session.agent),
            view.time(session.startedAt), view.time(session.lastUsedAt),
            isThis
                ? view.html(.sessionThis)
                : call.isAdmin ? view.link(path, view.html(.consoleEndSession)) : view.none,
        ]
    }

    // MARK: Ending

    /// The line of the audit comes first, so that no session ends without it.
    private func end(
        _ id: String,
        _ application: SignInApplication,
        _ call: ConsoleCall
    ) async throws(Problem) {
        let event = call.author.event(
            "session.ended",
            at: call.now,
            [
                "application": .string(application.rawValue),
                "ended": .string(id),
            ]
        )
        let isThere: Bool
        do {
            isThere = try await sessions.end(id, SessionFilter(application: application))
            if isThere { _ = try await access.commit([.audit(event)]) }
        } catch {
            throw Problem(error)
        }
        guard isThere else { throw Problem(.notFound, "id: there is no such session.") }
    }
}
