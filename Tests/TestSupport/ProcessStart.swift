public import Foundation
import Threads

/// Starts processes one at a time: Foundation's `Process.run()` crashes on Linux now and then when
/// two threads are in it at once, and tests run beside each other.
public enum ProcessStart {
    private static let turn = Locked(())

    /// Starts it, as `Process.run()` does, and does not wait for its end.
    public static func run(_ process: Process) throws {
        try turn.withLock { _ in try process.run() }
    }
}
