import Glibc
public import Threads

/// The signals that the process handles.
public enum UnixSignal: Hashable, Sendable {
    /// SIGHUP: reload certificates.
    case hangup
    /// SIGTERM: drain and exit.
    case terminate
    /// SIGINT: the same, from the keyboard.
    case interrupt
}

/// Receives signals on a thread of its own, so that nothing runs inside a signal handler.
public enum UnixSignals {
    /// Blocks the signals and ignores SIGPIPE. Call it before any thread is started: existing
    /// threads are not affected.
    public static func block() {
        var set = signals()
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Calls `receive` for each signal, on a thread that lives as long as the process. Call it
    /// once, after `block`.
    public static func start(
        _ receive: @escaping @Sendable (UnixSignal) -> Void
    ) throws(WorkerThread.Unavailable) {
        try WorkerThread.start {
            block()
            var set = signals()
            while true {
                var number: Int32 = 0
                guard unsafe sigwait(&set, &number) == 0 else { continue }
                switch number {
                case SIGHUP: receive(.hangup)
                case SIGINT: receive(.interrupt)
                default: receive(.terminate)
                }
            }
        }
    }

    private static func signals() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in [SIGHUP, SIGTERM, SIGINT] { unsafe sigaddset(&set, number) }
        return set
    }
}
