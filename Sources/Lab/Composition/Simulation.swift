public import HTTP

/// A simulated authorization server with a consumption device and the demo page: the routes of
/// three listeners, and the work behind them.
public final class Simulation: Sendable {
    /// The authorization server.
    public let acp: ACPSimulator
    /// The consumption device of the demo.
    public let device: ConsumptionDevice
    /// The demo page; nil if there is none.
    public let demo: DemoSite?
    private let workspace: String

    /// Connects the parts. Nil if a webhook secret of the demo is invalid.
    ///
    /// `http` sends all outgoing calls, the authorization server's and the device's.
    public init?(
        _ configuration: SimulatorConfiguration,
        demo demoConfiguration: DemoSite.Configuration? = nil,
        http: any OutboundHTTP,
        clock: any SimulatorClock = MachineClock()
    ) {
        acp = ACPSimulator(configuration, http: http, clock: clock)
        workspace = configuration.workspaces.first?.id ?? ""
        var clients: [SimulatedClient.DeliveryMode: ConsumptionDevice.Configuration.Credentials] =
            [:]
        for client in configuration.clients {
            guard let mode = client.mode, clients[mode] == nil else { continue }
            clients[mode] = .init(id: client.id, secret: client.secret)
        }
        device = ConsumptionDevice(
            .init(issuer: acp.issuer(configuration.baseURL ?? "", workspace), clients: clients),
            http: http,
            clock: acp.clock,
            journal: acp.journal,
            knobs: acp.knobs
        )
        guard let demoConfiguration else {
            demo = nil
            return
        }
        guard
            let site = DemoSite(
                demoConfiguration,
                device: device,
                journal: acp.journal,
                clock: acp.clock
            )
        else { return nil }
        demo = site
    }

    /// Sets the addresses once all listeners are bound: scheme, host and port (and path, for the
    /// service) without a trailing slash. Call it before any request.
    /// - Parameters:
    ///   - base: where `publicRoutes` are served.
    ///   - service: the base of the authentication service's inbound API.
    ///   - prompts: scheme, host and port of the authentication service's approval pages.
    ///   - site: where `demoRoutes` are served.
    public func connect(acp base: String, service: String, prompts: String?, demo site: String?) {
        acp.connect(
            baseURL: base,
            serviceURL: service,
            notificationEndpoint: site.map { $0 + ConsumptionDevice.pingPath }
        )
        device.connect(issuer: acp.issuer(base, workspace))
        if let prompts { demo?.connect(promptOrigin: prompts) }
    }

    /// What the demo page calls with a user and the chosen language before it starts a login.
    public func connect(languages choose: @escaping @Sendable (String, String?) async -> Void) {
        demo?.connect(languages: choose)
    }

    /// Where browsers reach the demo page: scheme, host and port.
    public func connect(page origin: String) { demo?.connect(pageOrigin: origin) }

    /// What the demo page offers to choose from.
    public func connect(policies: DemoPolicies) { demo?.connect(policies: policies) }

    /// The backend that the demo page lets act for users.
    public func connect(backend: BankBackend) { demo?.connect(backend: backend) }

    /// The device that the demo's phone can be enrolled as.
    public func connect(phone device: PhoneDevice) { demo?.connect(phone: device) }

    /// The routes for OAuth clients and the authentication service.
    public var publicRoutes: [Route] { acp.routes }
    /// The routes of the control interface, `/_sim/…`, for a listener that only this machine can
    /// reach.
    public var controlRoutes: [Route] { acp.controlRoutes }
    /// The routes of the demo page, for a listener that only this machine can reach.
    public var demoRoutes: [Route] { demo?.routes ?? device.routes }

    /// Runs background work until the task is cancelled. Call it once.
    public func run() async {
        await withDiscardingTaskGroup { [acp, demo] group in
            group.addTask { await acp.run() }
            if let demo { group.addTask { await demo.run() } }
        }
    }
}
