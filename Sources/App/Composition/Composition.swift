import HTTP

/// Puts the parts together and runs them: the only place that knows them all.
enum Composition {
    /// Runs the service until it is told to stop.
    static func serve(_ configuration: Configuration) async throws {
        throw CommandFailure(.unavailable, "serve is not wired yet")
    }

    /// Runs the service, the simulator and the demo's page until told to stop.
    static func demo(_ options: DemoOptions) async throws {
        throw CommandFailure(.unavailable, "demo is not wired yet")
    }

    /// Runs the simulated authorization server until told to stop.
    static func simulate(_ options: SimulateOptions) async throws {
        throw CommandFailure(.unavailable, "simulate is not wired yet")
    }
}

extension Composition {
    /// Opens the stores for a command, beside a service that may be running.
    static func openStores(_ settings: StoreSettings) async throws -> Stores {
        throw CommandFailure(.unavailable, "the store is not wired yet")
    }

    /// Migrates the store and returns its version.
    static func migrate(_ settings: StoreSettings) async throws -> Int {
        throw CommandFailure(.unavailable, "the store is not wired yet")
    }

    /// Sends one request, for a command.
    static func send(_ request: OutboundRequest) async throws -> OutboundResponse {
        throw CommandFailure(.unavailable, "the client is not wired yet")
    }
}
