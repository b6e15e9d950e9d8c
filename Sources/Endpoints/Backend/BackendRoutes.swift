public import Access
public import Engine
public import HTTP
public import Logins
public import Trust

/// The backend API (`/backend/v1`) for the bank's own servers: users, consents to delegation, and
/// logins. A delegated client sees the logins of the user that its token is for, and no others.
public struct BackendRoutes: Sendable {
    private static let base = "/backend/v1"

    /// All of them.
    public let routes: [Route]

    /// `users` are the local users, nil if they are kept elsewhere; `policy` says what delegated
    /// clients may decide; `devices` has devices, nil for none; `channels` are the names of the configured notification channels;
    /// `answersKept` says how long the answers to requests with an `Idempotency-Key` are kept.
    public init(
        resources: ResourceGuard,
        access: any AccessStore,
        users: (any UserStore)?,
        logins: any LoginStore,
        desk: DecisionDesk,
        policy: DelegationPolicy,
        channels: Set<ChannelID>,
        devices: DeviceInterface? = nil,
        clock: any WallClock,
        answersKept: Duration = .seconds(86_400)
    ) {
        let api = APIRoutes(
            resources: resources,
            access: access,
            clock: clock,
            answersKept: answersKept
        )
        let users = UserResource(
            api: api,
            base: Self.base,
            scopes: (.backendUsers, .backendUsers),
            users: users,
            channels: channels,
            isForAdministrators: false
        )
        let consents = ConsentResource(
            api: api,
            base: Self.base,
            scopes: (.backendConsents, .backendConsents),
            canRecord: true
        )
        let own = BackendLogins(
            api: api,
            base: Self.base,
            logins: logins,
            desk: desk,
            policy: policy
        )
        routes =
            users.routes + consents.routes + own.routes
            + (devices.map {
                DeviceResource(
                    api: api,
                    base: Self.base,
                    scopes: (.backendUsers, .backendUsers),
                    devices: $0
                ).routes
            } ?? [])
    }
}
