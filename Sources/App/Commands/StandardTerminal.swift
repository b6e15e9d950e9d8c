import Glibc

/// The terminal, files or pipes that the process was given.
public struct StandardTerminal: Terminal {
    /// The process's own.
    public init() {}

    /// Writes a line to standard output.
    public func output(_ line: String) { write(line, to: STDOUT_FILENO) }

    /// Writes a line to standard error.
    public func error(_ line: String) { write(line, to: STDERR_FILENO) }

    /// Reads a line; on a terminal it asks first and does not echo.
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
            // A reader that has gone wants no more.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
