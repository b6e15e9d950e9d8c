public import Access
public import Devices
import Engine
public import HTTP
public import Logins
public import Trust

/// The admin API (`/admin/v1`): clients, consents to delegation, users, logins, the logo and the audit,
/// for applications with scopes that begin with `admin:`.
public struct AdminRoutes: Sendable {
    private static let base = "/admin/v1"

    /// All of them.
    public let routes: [Route]

    /// `keys` sign evidence in the name of `issuer`; `users` are the local users, nil if they are kept
    /// elsewhere; `conduct` has blocks, `passkeys` passkeys and `devices` devices, nil for none; `channels` are the names of the
    /// configured notification channels; `answersKept` says how long the answers to requests with an
    /// `Idempotency-Key` are kept; with `fourEyes` a second administrator confirms what lets clients do more;
    /// `brand` is what pages show.
    public init(
        resources: ResourceGuard,
        keys: SigningKeys,
        issuer: String,
        access: any AccessStore,
        users: (any UserStore)?,
        logins: any LoginStore,
        conduct: (any ConductStore)? = nil,
        passkeys: (any DeviceStore)? = nil,
        devices: DeviceInterface? = nil,
        channels: Set<ChannelID>,
        brand: Brand = Brand(),
        clock: any WallClock,
        answersKept: Duration = .seconds(86_400),
        fourEyes: Bool = false
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
            scopes: (.adminRead, .adminUsers),
            users: users,
            channels: channels,
            isForAdministrators: true
        )
        let consents = ConsentResource(
            api: api,
            base: Self.base,
            scopes: (.adminRead, .adminClients),
            canRecord: false
        )
        let logins = LoginResource(
            api: api,
            base: Self.base,
            logins: logins,
            keys: keys,
            issuer: issuer
        )
        let desk = ClientDesk(store: access, fourEyes: fourEyes)
        let clients = ClientResource(api: api, base: Self.base, desk: desk).routes
        let changes = ClientChangeResource(api: api, base: Self.base, desk: desk).routes
        routes =
            clients + changes + consents.routes + users.routes
            + logins.routes
            + (conduct.map { BlockResource(api: api, base: Self.base, conduct: $0).routes } ?? [])
            + (passkeys.map { store in
                PasskeyResource(
                    api: api,
                    base: Self.base,
                    passkeys: RegisteredPasskeys(store, clock: clock)
                ).routes
            } ?? [])
            + (devices.map {
                DeviceResource(
                    api: api,
                    base: Self.base,
                    scopes: (.adminRead, .adminUsers),
                    devices: $0
                ).routes
            } ?? [])
            + AuditResource(api: api, base: Self.base).routes
            + BrandingResource(api: api, base: Self.base, brand: brand).routes
    }
}
