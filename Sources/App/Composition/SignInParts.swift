import Access
import Commands
import Configuration
import Endpoints
import Engine
import HTTP
import Logins
import OAuthClient
import SQLStore
import Telemetry
import Trust

/// Signing in, as it is configured, and what people see then.
struct SignInParts {
    private(set) var routes: [Route] = []
    /// How users confirm an approval; nil if they cannot.
    private(set) var approval: (approval: SignInApproval, pages: SignOnRoutes)?
    /// How users use passkeys; nil if they cannot.
    let passkeys: PasskeyDesk?
    /// Read credentials again.
    private(set) var reloads: [@Sendable () -> Void] = []

    /// What the console watches of the running service.
    struct Operation {
        let activity: LoginActivity
        let servers: [ServerHealth]
        let channels: [ChannelHealth]
    }

    /// `secret` is the key of what browsers keep for us; `browsers` show notifications, nil without Web
    /// Push.
    ///
    /// - Throws: `CommandFailure` when a file has changed since the configuration was checked.
    init(
        _ configuration: ServiceConfiguration,
        http: any OutboundHTTP,
        store: SQLLoginStore,
        directory: any UserDirectory,
        desk: DecisionDesk,
        devices: DeviceInterface,
        secret: [UInt8],
        live: LiveStreams,
        keepsUsers: Bool,
        browsers: (any BrowserSubscriptions)? = nil,
        operation: Operation,
        clock: any WallClock,
        log: Logger
    ) throws(CommandFailure) {
        passkeys = configuration.approval.passkey.map { rules in
            PasskeyDesk(
                rules,
                desk: desk,
                devices: store.devices,
                access: store.access,
                secret: secret,
                clock: clock
            )
        }
        let limits = Dictionary(configuration.signIn.map { ($0.application, $0.sessions) }) {
            first,
            _ in first
        }
        let pages = SignOnRoutes.Settings(
            brand: configuration.branding,
            help: configuration.approval.help,
            publicURL: configuration.publicURL
        )
        for settings in configuration.signIn {
            let made: (provider: IdentityProvider, credentials: ReplaceableCredentials)
            do throws(ConfigurationProblem) { made = try settings.provider(http, clock, log) } catch
            {
                throw CommandFailure(.configuration, "\(error)")
            }
            reloads.append { made.credentials.reload() }
            let signOn = SignOn(
                at: made.provider,
                publicURL: configuration.publicURL,
                contexts: configuration.approval.signIn?.contexts ?? [],
                seal: SealedValue(secret: secret),
                access: store.access,
                sessions: store.sessions,
                directory: directory,
                clock: clock,
                log: log
            )
            let approval =
                settings.application == .inbox && configuration.approval.signIn != nil
                ? SignInApproval(signOn, desk: desk, log: log) : nil
            let signOnRoutes = SignOnRoutes(signOn, settings: pages, approval: approval)
            routes += signOnRoutes.routes
            if let approval { self.approval = (approval, signOnRoutes) }
            let sessionGuard = SessionGuard(
                settings.application,
                store: store.sessions,
                limits: settings.sessions,
                clock: clock,
                publicURL: configuration.publicURL
            )
            switch settings.application {
            case .inbox:
                routes +=
                    InboxRoutes(
                        sessionGuard,
                        sessions: store.sessions,
                        access: store.access,
                        logins: store,
                        directory: directory,
                        live: live,
                        clock: clock,
                        settings: pages,
                        logoutURL: settings.logoutURL,
                        passkeys: passkeys,
                        browsers: browsers,
                        devices: devices,
                        log: log
                    ).routes
                routes +=
                    InboxDecisions(
                        sessionGuard,
                        desk: desk,
                        directory: directory,
                        settings: pages,
                        detailTypes: configuration.approval.detailTypes,
                        signIn: self.approval,
                        passkeys: passkeys,
                        log: log
                    ).routes
                guard let trust = configuration.trust else { continue }
                let authorization = AuthorizationEndpoint(
                    settings: trust.settings,
                    store: store.access,
                    clock: clock,
                    log: log
                )
                routes +=
                    AuthorizeRoutes(
                        authorization,
                        sessionGuard,
                        seal: SealedValue(secret: secret),
                        settings: pages
                    ).routes
            case .console:
                routes +=
                    ConsoleRoutes(
                        sessionGuard,
                        ConsoleRoutes.Sources(
                            sessions: store.sessions,
                            limits: limits,
                            access: store.access,
                            users: keepsUsers ? store.users : nil,
                            logins: store,
                            conduct: store,
                            devices: store.devices,
                            activity: operation.activity,
                            servers: operation.servers,
                            channels: operation.channels,
                            live: live,
                            fourEyes: configuration.trust?.fourEyes ?? false
                        ),
                        clock: clock,
                        settings: pages,
                        logoutURL: settings.logoutURL,
                        log: log
                    ).routes
            }
        }
    }
}

extension IdentityProviderSettings {
    /// The provider, and the credentials that Beckon has there.
    func provider(
        _ http: any OutboundHTTP,
        _ clock: any WallClock,
        _ log: Logger
    ) throws(ConfigurationProblem) -> (
        provider: IdentityProvider, credentials: ReplaceableCredentials
    ) {
        let credentials: ReplaceableCredentials
        do throws(ClientAuthenticationSettings.Problem) {
            credentials = try ReplaceableCredentials(
                authentication,
                of: path,
                clock: clock,
                log: log
            )
        } catch {
            throw ConfigurationProblem(
                path: "\(path).\(error.key)",
                line: nil,
                reason: error.reason
            )
        }
        let provider = IdentityProvider(
            self,
            credentials: { credentials.current },
            http: http,
            clock: clock,
            log: log
        )
        return (provider, credentials)
    }
}
