import Logins

/// A few threads that read, each with a connection of its own, so that a read neither waits for the
/// writer nor blocks the shared pool.
final class Readers: Sendable {
    private let jobs = JobQueue<@Sendable (DatabaseConnection) -> Void>()

    /// Runs `body` on one of the threads. It sees everything that was durable when it was called.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (DatabaseConnection) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await jobs.result { continuation in
            { connection in
                do throws(StoreError) {
                    continuation.resume(returning: .success(try body(connection)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
    }

    /// Starts a thread that owns the connection from here on.
    func start(_ connection: sending DatabaseConnection) throws(StoreError) {
        // Reads the schema, half a millisecond for each connection, while the start goes on. If it
        // fails, so does the first read, which says why.
        let begin: @Sendable (DatabaseConnection) -> Void = { try? $0.readSchema() }
        try jobs.start(owning: connection, atMost: 1, begin: begin) { jobs, connection in
            for job in jobs { job(connection) }
        }
    }

    func close() async { await jobs.close() }
    func stop() { jobs.stop() }
}
