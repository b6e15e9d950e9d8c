import Commands
import CurlClient
import Engine
import HTTP
import Logins
import Net
import SQLStore

/// Puts the parts together and runs them. Only this place knows them all.
enum Composition {
    /// Runs the service until it is told to stop.
    static func serve(_ configuration: ServiceConfiguration) async throws {
        let service = try await Service(configuration)
        do { try UnixSignals.start { service.receive($0) } } catch {
            throw CommandFailure(.unavailable, "\(error)")
        }
        await service.run()
    }

    /// Opens the stores for a command; a service may be running at the same time.
    static func openStores(_ settings: StoreSettings) async throws -> Stores {
        do {
            let store = try SQLLoginStore(
                StoreOptions(settings, role: .tool, clock: SystemClock())
            )
            return Stores(
                logins: store,
                users: store.users,
                access: store.access,
                conduct: store,
                devices: store.devices
            ) {
                await store.close()
            }
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Migrates the store and returns its version before and after.
    static func migrate(
        _ settings: StoreSettings,
        notice: @escaping @Sendable (MigrationNotice) -> Void
    ) async throws -> (from: Int, to: Int) {
        do {
            if let place = settings.postgres {
                return try SQLLoginStore.migrate(place, notice: notice)
            }
            return try SQLLoginStore.migrate(
                path: settings.sqlitePath,
                clock: SystemClock(),
                notice: notice
            )
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Sends requests, for a command: one at a time, each with its own connection.
    static let http: any OutboundHTTP = OneByOne()

    private struct OneByOne: OutboundHTTP {
        func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
            let client = CurlHTTPClient()
            defer { client.shutdown() }
            return try await client.send(request)
        }
    }

    /// Sends one request, for a command.
    static func send(_ request: OutboundRequest) async throws -> OutboundResponse {
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        return try await client.send(request)
    }
}

extension StoreOptions {
    /// Opens the store of a configuration.
    init(_ settings: StoreSettings, role: StoreRole, clock: any WallClock) {
        if let place = settings.postgres {
            self.init(postgres: place, role: role, clock: clock)
        } else {
            self.init(path: settings.sqlitePath, role: role, clock: clock)
        }
    }
}
