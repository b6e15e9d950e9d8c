import Cryptography
import Threads

/// Remembers the last few byte strings by their hashes.
final class RecentDigests: Sendable {
    private let kept = Locked<[[UInt8]]>([])
    private let capacity: Int

    init(capacity: Int = 64) { self.capacity = capacity }

    /// True the first time, and again after `capacity` others.
    func isNew(_ bytes: ArraySlice<UInt8>) -> Bool {
        let digest = SHA256.digest(Array(bytes))
        return kept.withLock { kept in
            if kept.contains(digest) { return false }
            if kept.count == capacity { kept.removeFirst() }
            kept.append(digest)
            return true
        }
    }
}
