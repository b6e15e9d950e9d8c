import Logins

/// A few threads that read, each with a connection of its own, so that a read neither waits for the
/// writer nor blocks the shared pool.
final class Readers: Sendable {
    /// Not the closure itself, for which the compiler would make the slow, general form of the queue.
    private struct Job: Sendable {
        let run: @Sendable (any DatabaseConnection) -> Void
    }

    private let jobs = JobQueue<Job>()

    /// Runs `body` on one of the threads. It sees everything that was durable when it was called.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await jobs.result { continuation in
            Job { connection in
                do throws(StoreError) {
                    let value: Value
                    do throws(StoreError) {
                        value = try body(connection)
                    } catch {
                        // A read has no effect, so it may be repeated.
                        guard connection.wasLost else { throw error }
                        value = try body(connection)
                    }
                    continuation.resume(returning: .success(value))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
    }

    /// Starts a thread that owns the connection from here on.
    func start(_ connection: sending any DatabaseConnection) throws(StoreError) {
        try jobs.start(owning: connection, atMost: 1) { jobs, connection in
            for job in jobs { job.run(connection) }
        }
    }

    func close() async { await jobs.close() }
    func stop() { jobs.stop() }
}
