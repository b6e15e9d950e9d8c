import Glibc

/// Where a command reads and writes. Tests use a terminal of their own.
public protocol Terminal: Sendable {
    /// Writes a line of the result, to standard output.
    func output(_ line: String)
    /// Writes any other line, to standard error.
    func error(_ line: String)
    /// Whether somebody watches standard error, and may want to know how far a command is.
    var isWatched: Bool { get }
    /// Reads one line of standard input, not echoed on a terminal; nil at the end of input.
    func readSecret(prompt: String) -> String?
}

extension Terminal {
    public var isWatched: Bool { false }
}

/// Standard input, output and error of the process.
public struct StandardTerminal: Terminal {
    /// The terminal of this process.
    public init() {}

    /// Writes a line to standard output.
    public func output(_ line: String) { write(line, to: STDOUT_FILENO) }

    /// Writes a line to standard error.
    public func error(_ line: String) { write(line, to: STDERR_FILENO) }

    public var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    /// Reads a line. On a terminal, it shows the prompt and turns echo off.
    public func readSecret(prompt: String) -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine() }
        write(prompt, to: STDERR_FILENO, end: "")
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return readLine() }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            write("", to: STDERR_FILENO)
        }
        return readLine()
    }

    private func write(_ line: String, to descriptor: Int32, end: String = "\n") {
        var rest = Array((line + end).utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // The reader has closed its end.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
