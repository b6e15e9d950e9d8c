import Access
import Engine
import HTTP
import Localization
import Logins
import Threads

/// The overview of the console, and the stream that keeps it up to date.
struct OverviewRoutes: Sendable {
    /// Between two looks at everything for one page, however much happens.
    private static let pause = Duration.seconds(1)

    let front: ConsoleFront
    let logins: any LoginStore
    let activity: LoginActivity
    let servers: [ServerHealth]
    let channels: [ChannelHealth]
    let live: LiveStreams

    var routes: [Route] {
        [
            front.page("/console", .overview) { call async throws(Problem) in
                let page: OverviewPage
                do throws(StoreError) { page = try await self.page(call.view) } catch {
                    throw Problem(error)
                }
                return call.page(call.view.html(.consoleOverview)) { page.html }
            },
            Route(.get, "/console/events") { request in await events(request) },
        ]
    }

    private func page(_ view: ConsoleView) async throws(StoreError) -> OverviewPage {
        let now = front.clock.now()
        return OverviewPage(
            view: view,
            overview: Overview(
                census: try await logins.census(),
                hour: activity.hour(at: now),
                queues: try await logins.queues(at: now),
                servers: servers.map { ($0.server, $0.state, $0.openings) },
                channels: channels.map { ($0.channel, $0.breaker) }
            ),
            now: now
        )
    }

    /// The overview, now and whenever something has changed. No use of the session, and over with it.
    private func events(_ request: Request) async -> Response {
        let caller: SessionGuard.Caller
        do { caller = try await front.sessionGuard.watcher(of: request) } catch {
            return Problem.eventsRefused(error)
        }
        guard caller.session.role != nil else { return Problem.eventsRefused(.notSignedIn) }
        let view = front.view(request, .overview)
        let next = Locked(front.clock.now())
        let page = EventStream.Page(
            session: caller.session,
            user: nil,
            renewed: { [sessionGuard = front.sessionGuard] () async throws(StoreError) in
                try await sessionGuard.renewed(caller.secret)
            },
            limits: front.sessionGuard.limits,
            event: "overview",
            content: { () async throws(StoreError) in
                await front.clock.wait(until: next.withLock { $0 })
                next.withLock { $0 = front.clock.now() + Self.pause }
                return try await self.page(view).content
            }
        )
        guard let stream = live.open(page) else { return Problem.tooManyStreams }
        return stream.response
    }
}
