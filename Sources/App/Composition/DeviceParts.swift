import Access
import Endpoints
import Engine
import HTTP
import Logins
import Notifications
import SQLStore
import Telemetry
import Trust

/// Enrolled devices: their interface, and what operators and users do with them.
struct DeviceParts: Sendable {
    let desk: DeviceDesk
    let api: DeviceAPI
    /// For the interfaces of operators, backends and users.
    let interface: DeviceInterface
    private let store: SQLLoginStore
    private let clock: any WallClock

    /// The nonces of proofs follow from `secret`; requests of devices wait in `connections`.
    init(
        _ configuration: ServiceConfiguration,
        store: SQLLoginStore,
        desk decisions: DecisionDesk,
        directory: any UserDirectory,
        plan: EscalationPlan,
        changes: LoginChanges,
        secret: [UInt8],
        connections: DeviceConnections,
        clock: any WallClock,
        log: Logger
    ) {
        self.store = store
        self.clock = clock
        desk = DeviceDesk(
            desk: decisions,
            devices: store.devices,
            logins: store,
            failures: store,
            connections: connections,
            servers: configuration.serverIDs,
            clock: clock
        )
        api = DeviceAPI(
            desk: desk,
            proofs: ProofOfKey(
                DeviceAPI.rules(publicURL: configuration.publicURL),
                store: store.access,
                secret: secret
            ),
            decisions: decisions,
            directory: directory,
            changes: changes,
            channels: Set(plan.steps.map(\.channel).filter(\.usesDevices).map(\.id)),
            clock: clock,
            log: log
        )
        interface = DeviceInterface(
            registry: desk.registry,
            directory: directory,
            publicURL: configuration.publicURL
        )
    }

    /// Wakes requests that wait when another process may have revoked their device, until the task is
    /// cancelled.
    func watch() async {
        await desk.connections.watch({ store.access.mark() }, clock: clock)
    }
}
