public import Access
public import Devices
public import Engine
public import HTTP
import JSON
public import Logins
public import Telemetry
import Trust

/// The console (`/console`): what operators see of logins and of everything around them, and what an
/// administrator changes. It works without JavaScript.
///
/// Every page needs a session of the console, and every change the role of an administrator.
public struct ConsoleRoutes: Sendable {
    /// What the pages show.
    public struct Sources: Sendable {
        let sessions: any SessionStore
        let limits: [SignInApplication: SessionLimits]
        let access: any AccessStore
        let users: (any UserStore)?
        let logins: any LoginStore & LoginSearch
        let conduct: (any ConductStore)?
        let devices: any DeviceStore
        let activity: LoginActivity
        let servers: [ServerHealth]
        let channels: [ChannelHealth]
        let live: LiveStreams
        let fourEyes: Bool

        /// `limits` are those of the applications that people can sign in to; `users` are the local
        /// users, nil if they are kept elsewhere. With `fourEyes` a second administrator confirms
        /// what lets clients do more.
        public init(
            sessions: any SessionStore,
            limits: [SignInApplication: SessionLimits],
            access: any AccessStore,
            users: (any UserStore)?,
            logins: any LoginStore & LoginSearch,
            conduct: (any ConductStore)? = nil,
            devices: any DeviceStore,
            activity: LoginActivity,
            servers: [ServerHealth],
            channels: [ChannelHealth],
            live: LiveStreams,
            fourEyes: Bool = false
        ) {
            self.sessions = sessions
            self.limits = limits
            self.access = access
            self.users = users
            self.logins = logins
            self.conduct = conduct
            self.devices = devices
            self.activity = activity
            self.servers = servers
            self.channels = channels
            self.live = live
            self.fourEyes = fourEyes
        }
    }

    /// All of them.
    public let routes: [Route]

    /// `logoutURL` is where people go when they sign out.
    public init(
        _ sessionGuard: SessionGuard,
        _ sources: Sources,
        clock: any WallClock,
        settings: SignOnRoutes.Settings,
        logoutURL: String,
        log: Logger
    ) {
        let front = ConsoleFront(
            sessionGuard: sessionGuard,
            clock: clock,
            settings: settings,
            headers: PageHeaders(
                frameAncestors: [],
                formTargets: SameOrigin.origin(of: logoutURL).map { [$0] } ?? []
            ),
            log: log
        )
        let overview = OverviewRoutes(
            front: front,
            logins: sources.logins,
            activity: sources.activity,
            servers: sources.servers,
            channels: sources.channels,
            live: sources.live
        )
        let logins = LoginPages(
            front: front,
            logins: sources.logins,
            search: sources.logins,
            access: sources.access
        )
        let sessions = SessionPages(
            front: front,
            sessions: sources.sessions,
            access: sources.access,
            limits: sources.limits,
            logoutURL: logoutURL
        )
        let users = UserPages(front: front, access: sources.access, users: sources.users)
        let passkeys = PasskeyPages(
            front: front,
            passkeys: RegisteredPasskeys(sources.devices, clock: clock)
        )
        let clients = ClientPages(
            front: front,
            access: sources.access,
            fourEyes: sources.fourEyes
        )
        let consents = ConsentPages(front: front, access: sources.access)
        let blocks = BlockPages(front: front, conduct: sources.conduct)
        let audit = AuditPages(front: front, access: sources.access)
        routes =
            overview.routes + logins.routes + users.routes + passkeys.routes + clients.routes
            + consents.routes
            + blocks.routes + sessions.routes
            + audit.routes
    }
}
