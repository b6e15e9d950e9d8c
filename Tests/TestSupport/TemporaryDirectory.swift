import Foundation
import Threads

/// A directory that is deleted with its owner, or at the latest when the process exits (for static
/// owners).
public final class TemporaryDirectory: Sendable {
    public let path: String

    private static let living = Locked<Set<String>>([])
    private static let sweepsAtExit: Bool =
        atexit { TemporaryDirectory.living.withLock { $0 }.forEach(TemporaryDirectory.remove) } == 0

    public init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("beckon-\(UUID().uuidString)")
        precondition(Self.sweepsAtExit, "the process can be told what to do at its end")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
        Self.living.withLock { [path] in _ = $0.insert(path) }
    }

    deinit {
        Self.living.withLock { [path] in _ = $0.remove(path) }
        Self.remove(path)
    }

    private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    public func file(_ name: String) -> String { path + "/" + name }
}
