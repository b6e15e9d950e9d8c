import Glibc
import Threads

/// A command in another process, started by `posix_spawn`. Foundation's `Process` reads past the end
/// of an array when many descriptors are open, and tests open many.
///
/// The command is found by `PATH`. Its standard input and output are pipes.
public final class ChildProcess: Sendable {
    public enum Errors: Sendable {
        /// To the standard error of the tests.
        case shown
        case dropped
        /// To its standard output.
        case withOutput
    }

    /// A command's exit status and output.
    public struct Answer: Sendable {
        public let status: Int32
        public let bytes: [UInt8]

        public var isSuccess: Bool { status == 0 }
        public var output: String { String(decoding: bytes, as: UTF8.self) }
    }

    public struct DidNotStart: Error, Sendable {
        public let command: String
        public let code: Int32
    }

    /// Only one at a time: a child that starts before the pipe is marked close-on-exec inherits it.
    /// Not of `Void`: an empty value has no address of its own, and the thread sanitizer then sees its
    /// accesses at the object's.
    private static let turn = Locked(false)

    private let id: pid_t
    private let input: Locked<Int32?>
    private let output: Int32
    private let end = Locked<Int32?>(nil)

    /// - Parameters:
    ///   - command: the program and its arguments; at least the program.
    ///   - errors: where its standard error goes.
    /// - Throws: `DidNotStart` with the system's code.
    public init(_ command: [String], errors: Errors = .shown) throws {
        (id, input, output) = try Self.turn.withLock { _ in
            let (childInput, input) = try Self.pipe()
            let (output, childOutput) = try Self.pipe()
            defer {
                close(childInput)
                close(childOutput)
            }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_adddup2(&actions, childInput, 0)
            posix_spawn_file_actions_adddup2(&actions, childOutput, 1)
            switch errors {
            case .shown: break
            case .dropped:
                posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
            case .withOutput: posix_spawn_file_actions_adddup2(&actions, childOutput, 2)
            }
            var words = command.map { strdup($0) } + [nil]
            defer { words.forEach { free($0) } }
            var id: pid_t = 0
            let code = posix_spawnp(&id, command[0], &actions, nil, &words, environ)
            guard code == 0 else {
                close(input)
                close(output)
                throw DidNotStart(command: command[0], code: code)
            }
            return (id, Locked(input), output)
        }
    }

    deinit {
        closeInput()
        _ = wait()
        close(output)
    }

    /// Runs a command until it exits, with `input` on its standard input.
    public static func run(
        _ command: [String],
        input: [UInt8] = [],
        errors: Errors = .shown
    ) throws -> Answer {
        let child = try ChildProcess(command, errors: errors)
        child.write(input)
        child.closeInput()
        let output = child.readToEnd()
        return Answer(status: child.wait(), bytes: output)
    }

    /// Blocks until the command has read all of it or closed its input.
    public func write(_ bytes: [UInt8]) {
        guard let input = input.withLock({ $0 }) else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(input, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// A command that has exited must not end the tests by SIGPIPE.
    private func send(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        signal(SIGPIPE, SIG_IGN)
        return Glibc.write(descriptor, bytes, count)
    }

    public func closeInput() {
        input.withLock { input in
            if let input { close(input) }
            input = nil
        }
    }

    /// The next bytes of its output, at least one; empty at the end. Blocks until there are some.
    public func read(upTo count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let length = Glibc.read(output, &bytes, count)
        return Array(bytes.prefix(max(0, length)))
    }

    /// The next line of its output, without the newline; nil at the end.
    public func readLine() -> String? {
        var line: [UInt8] = []
        while let byte = read(upTo: 1).first {
            if byte == 0x0A { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    public func readToEnd() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let more = read(upTo: 65_536)
            if more.isEmpty { return all }
            all += more
        }
    }

    /// Waits until it exits: its exit status, or the negative number of the signal that ended it.
    public func wait() -> Int32 {
        end.withLock { end in
            if let end { return end }
            var status: Int32 = 0
            while waitpid(id, &status, 0) == -1, errno == EINTR {}
            let signal = status & 0x7F
            let code = signal == 0 ? (status >> 8) & 0xFF : -signal
            end = code
            return code
        }
    }

    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw DidNotStart(command: "pipe", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
