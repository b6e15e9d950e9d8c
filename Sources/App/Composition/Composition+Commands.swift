import CurlClient
import Engine
import HTTP
import Logins
import SQLiteStore

extension Composition {
    /// Opens the stores for a command, beside a service that may be running.
    static func openStores(_ settings: StoreSettings) async throws(CommandFailure) -> Stores {
        do {
            let store = try SQLiteLoginStore(
                StoreOptions(path: settings.sqlitePath, role: .tool, clock: SystemClock())
            )
            return Stores(logins: store, users: store.users) { await store.close() }
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Migrates the store and returns the version found and the version reached.
    static func migrate(
        _ settings: StoreSettings
    ) async throws(CommandFailure) -> (from: Int, to: Int) {
        do {
            return try SQLiteLoginStore.migrate(path: settings.sqlitePath, clock: SystemClock())
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Sends one request, for a command.
    static func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        let client = CurlHTTPClient(maximumTransfers: 1)
        defer { client.shutdown() }
        return try await client.send(request)
    }
}
