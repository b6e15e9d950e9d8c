import Glibc

/// A pause of the calling thread.
public enum Pause {
    /// Returns after that time. Only for threads of one's own, never on an event loop.
    public static func now(_ duration: Duration) {
        let parts = duration.components
        var left = timespec(
            tv_sec: Int(clamping: max(parts.seconds, 0)),
            tv_nsec: Int(clamping: max(parts.attoseconds / 1_000_000_000, 0))
        )
        var rest = timespec()
        while unsafe nanosleep(&left, &rest) == -1, errno == EINTR { left = rest }
    }
}
