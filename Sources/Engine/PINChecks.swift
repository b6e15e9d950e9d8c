import Cryptography
import Threads

/// Hashes PINs on threads of its own: each hash takes some 50 ms, for which no event loop may stand
/// still.
enum PINChecks {
    /// Nil where the system gives no threads.
    private static let pool = try? WorkerPool(threads: 2)

    /// Nil if OpenSSL fails.
    static func hash(_ pin: String) async -> PINHash? {
        await withTaskExecutorPreference(pool) { await hashSlowly(pin) }
    }

    static func matches(_ pin: String, _ hash: PINHash) async -> Bool {
        await withTaskExecutorPreference(pool) { await matchesSlowly(pin, hash) }
    }

    // These leave the executor of their caller for the preferred one.

    @concurrent private static func hashSlowly(_ pin: String) async -> PINHash? { PINHash(of: pin) }

    @concurrent private static func matchesSlowly(_ pin: String, _ hash: PINHash) async -> Bool {
        hash.matches(pin)
    }
}
