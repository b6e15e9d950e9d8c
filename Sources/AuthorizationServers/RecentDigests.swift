import Cryptography
import Threads

/// Recognizes the most recent byte strings by their digests.
final class RecentDigests: Sendable {
    private let kept = Locked<[[UInt8]]>([])
    private let capacity: Int

    init(capacity: Int = 64) { self.capacity = capacity }

    /// True for a byte string that is not among the last `capacity` new ones.
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
