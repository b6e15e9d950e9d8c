import Commands
import Configuration
public import HTTP
import Logins
public import Net

/// A service inside another program: the demo. It is configured by text, as `beckon serve` is by a
/// file.
public struct EmbeddedService: Sendable {
    private let service: Service

    /// Opens the store and binds the listeners. Relative paths start at `directory`.
    ///
    /// - Throws: `ConfigurationError`, or `CommandFailure` if something else is in the way.
    public init(configuration: String, directory: String) async throws {
        service = try await Service(
            ServiceConfiguration.parse(configuration, in: .real(directory: directory))
        )
    }

    /// Adds an active user to the local directory, or replaces the one with this identifier. An
    /// invalid identifier adds nobody. `language` is a language tag; nil for that of the browser.
    public func add(user identifier: String, language: String? = nil) async throws {
        guard let id = UserID(identifier) else { return }
        try await service.add([User(id: id, isActive: true, language: language)])
    }

    /// What the service's listeners answer, for calls without a network.
    public var routes: [Route] { service.routes }

    /// Serves until it is told to stop.
    public func run() async { await service.run() }

    /// Handles a signal as `beckon serve` does.
    public func receive(_ signal: UnixSignal) { service.receive(signal) }
}
