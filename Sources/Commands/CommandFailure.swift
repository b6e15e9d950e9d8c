/// Exit codes of a command; those of `sysexits.h` where one applies.
public enum ExitCode: Int32, Sendable, CaseIterable {
    case ok = 0
    /// The command failed; the message says why.
    case failed = 1
    /// The command line is invalid.
    case usage = 2
    /// EX_UNAVAILABLE: a required service does not respond.
    case unavailable = 69
    /// EX_TEMPFAIL: another process holds a required resource; retrying may help.
    case busy = 75
    /// EX_CONFIG: the configuration is invalid.
    case configuration = 78

    var meaning: String {
        switch self {
        case .ok: "success"
        case .failed: "the command failed"
        case .usage: "invalid command line"
        case .unavailable: "a required service does not respond"
        case .busy: "another process holds a required resource"
        case .configuration: "invalid configuration"
        }
    }
}

/// Why a command failed.
public struct CommandFailure: Error, Hashable, Sendable {
    public let code: ExitCode
    /// For people; may have several lines.
    public let message: String

    /// A failure with a message for people.
    public init(_ code: ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }
}
