import Access
import Commands
import Engine
import HTTP
import JSON
import Logins
import Telemetry
import Trust

/// Beckon as an authorization server for its own interfaces, as it is configured.
struct TrustParts: Sendable {
    let routes: [Route]
    /// Judges the calls of the admin and the backend API.
    let resources: ResourceGuard
    private let keys: SigningKeys
    private let clock: any WallClock
    private let log: Logger

    /// Reads the signing keys.
    ///
    /// - Throws: `CommandFailure` if they cannot be read.
    init(
        _ configuration: TrustConfiguration,
        keysPath: String,
        store: any AccessStore,
        users: any UserDirectory,
        clock: any WallClock,
        log: Logger
    ) throws(CommandFailure) {
        self.clock = clock
        self.log = log
        keys = try SigningKeyFile.load(keysPath, configuration.keys, at: clock.now(), log: log)
        let certificates = ConnectionCertificate()
        let endpoint = TokenEndpoint(
            settings: configuration.settings,
            store: store,
            users: users,
            certificates: certificates,
            keys: keys,
            clock: clock,
            log: log
        )
        resources = ResourceGuard(
            settings: configuration.settings,
            store: store,
            certificates: certificates,
            keys: keys,
            clock: clock
        )
        routes = TrustRoutes(endpoint, clock: clock).routes
    }

    /// Replaces signing keys when their turn ends, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do { try keys.advance(at: clock.now()) } catch {
                log.error("signing_keys.not_made") { $0.member("cause", "\(error)") }
            }
            await clock.wait(until: clock.now() + .minutes(5))
        }
    }
}
