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
