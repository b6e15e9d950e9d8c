public import Commands
import Threads

/// Records what a command writes, and gives it lines to read.
public final class TestTerminal: Terminal {
    private let state: Locked<(output: [String], errors: [String], input: [String])>

    /// A terminal whose standard input has these lines.
    public init(input: [String] = []) { state = Locked(([], [], input)) }

    public var output: String { state.withLock { $0.output.joined(separator: "\n") } }
    public var errors: String { state.withLock { $0.errors.joined(separator: "\n") } }

    public func output(_ line: String) { state.withLock { $0.output.append(line) } }
    public func error(_ line: String) { state.withLock { $0.errors.append(line) } }
    public func readSecret(prompt: String) -> String? {
        state.withLock { $0.input.isEmpty ? nil : $0.input.removeFirst() }
    }
}
