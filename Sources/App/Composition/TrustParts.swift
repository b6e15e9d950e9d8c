import Access
import Commands
import Endpoints
import Engine
import HTTP
import JSON
import Logins
import SQLStore
import Telemetry
import Threads
import Trust

/// Beckon as an authorization server for its own interfaces, as it is configured.
struct TrustParts: Sendable {
    /// Of the token endpoint, the admin and the backend API.
    let routes: [Route]
    /// Of the device API, for tokens of users.
    let deviceRoutes: [Route]
    private let keys: SigningKeys
    /// Nil if nobody is told.
    private let events: SecurityEvents?
    private let store: any AccessStore
    private let clock: any WallClock
    private let log: Logger

    /// Reads the signing keys. `secret` is the key of refresh tokens.
    ///
    /// - Throws: `CommandFailure` if they cannot be read.
    init(
        _ configuration: TrustConfiguration,
        keys storage: SigningKeyStore,
        secret: [UInt8],
        stores: SQLLoginStore,
        directory: any UserDirectory,
        keepsUsers: Bool,
        channels: Set<ChannelID>,
        brand: Brand,
        desk: DecisionDesk,
        devices: DeviceInterface,
        securityEvents: (settings: SecurityEvents.Settings, client: any OutboundHTTP)?,
        registry: MetricsRegistry,
        clock: any WallClock,
        log: Logger
    ) throws(CommandFailure) {
        self.clock = clock
        self.log = log
        store = stores.access
        keys = try storage.load(configuration.keys, at: clock.now(), log: log)
        events = securityEvents.map { [keys] in
            SecurityEvents(
                $0.settings,
                issuer: configuration.settings.issuer,
                keys: keys,
                store: stores,
                client: $0.client,
                clock: clock,
                log: log
            )
        }
        let certificates = try Self.certificates(configuration.certificates, registry)
        let endpoint = TokenEndpoint(
            settings: configuration.settings,
            store: store,
            users: directory,
            certificates: certificates,
            keys: keys,
            secret: secret,
            clock: clock,
            log: log
        )
        let resources = ResourceGuard(
            settings: configuration.settings,
            store: store,
            certificates: certificates,
            keys: keys,
            secret: secret,
            clock: clock
        )
        let admin = AdminRoutes(
            resources: resources,
            keys: keys,
            issuer: configuration.settings.issuer,
            access: store,
            users: keepsUsers ? stores.users : nil,
            logins: stores,
            conduct: stores,
            passkeys: stores.devices,
            devices: devices,
            channels: channels,
            brand: brand,
            clock: clock,
            answersKept: configuration.answersKept,
            fourEyes: configuration.fourEyes
        )
        let backend = BackendRoutes(
            resources: resources,
            access: store,
            users: keepsUsers ? stores.users : nil,
            logins: stores,
            desk: desk,
            policy: configuration.delegation,
            channels: channels,
            devices: devices,
            clock: clock,
            answersKept: configuration.answersKept
        )
        let device = OwnLoginsRoutes(
            resources: resources,
            access: store,
            logins: stores,
            clock: clock
        )
        routes = TrustRoutes(endpoint, clock: clock).routes + admin.routes + backend.routes
        deviceRoutes = device.routes
    }

    private static func certificates(
        _ settings: ClientCertificateSettings,
        _ registry: MetricsRegistry
    ) throws(CommandFailure) -> any CertificateSource {
        let refused = Locked(0)
        registry.counter(
            "beckon_client_certificates_refused_total",
            "Requests whose client certificate was refused, such as a header of no trusted hop."
        ) {
            Double(refused.withLock { $0 })
        }
        do {
            return try settings.source { _ in refused.withLock { $0 += 1 } }
        } catch {
            throw CommandFailure(.configuration, "trust.client_certificate.authorities: \(error)")
        }
    }

    /// Sends security events, replaces signing keys when their turn ends and signs the end of the audit,
    /// until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            if let events { group.addTask { await self.push(events) } }
            await tend()
        }
    }

    private func push(_ events: SecurityEvents) async {
        while !Task.isCancelled {
            do {
                while try await events.pass() == SecurityEvents.batch, !Task.isCancelled {}
            } catch {
                log.warning("security_event.store_failed") { $0.member("cause", "\(error)") }
            }
            await clock.wait(.seconds(2))
        }
    }

    private func tend() async {
        let sealed = Locked<Int64>(-1)
        while !Task.isCancelled {
            do { try keys.advance(at: clock.now()) } catch {
                log.error("signing_keys.not_made") { $0.member("cause", "\(error)") }
            }
            do { try await seal(sealed) } catch {
                log.warning("audit.not_sealed") { $0.member("cause", "\(error)") }
            }
            await clock.wait(.minutes(5))
        }
    }

    /// Signs the end of the audit unless it is the signature before. `sealed` has its number.
    private func seal(_ sealed: Locked<Int64>) async throws(StoreError) {
        let now = clock.now()
        let key = keys.signer(at: now)
        try await store.sealAudit { mark in
            guard mark.number > sealed.withLock({ $0 }), mark.number > 0 else { return nil }
            let event = try? AuditSeal.event(over: mark, at: now, key: key)
            if event != nil { sealed.withLock { $0 = mark.number + 1 } }
            return event
        }
    }
}
