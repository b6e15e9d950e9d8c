import CLinux
import Glibc

/// What a crash leaves behind: Swift's runtime writes registers and memory to standard error, and
/// the kernel writes a core dump. Both can contain secrets and personal data.
public enum CrashReports {
    /// Keeps both from being written. What remains is the line of a failed check, and the signal that
    /// ends the process.
    ///
    /// The runtime installed its handlers before `main`, when `SWIFT_BACKTRACE` could still have
    /// been set; their removal has the same effect without starting the program again.
    public static func suppress() {
        for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] {
            signal(number, SIG_DFL)
        }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        beckon_forbid_core_dumps()
    }
}
