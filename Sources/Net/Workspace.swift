import HTTP
import TLS

/// The memory of a connection that has something to do.
struct Workspace {
    var parser = RequestParser()
    var input = [UInt8](repeating: 0, count: Self.inputSize)
    private(set) var sent = 0
    var output: [UInt8] = []
    /// What a handler is answering. It shares the input.
    var request: Request?

    /// A workspace that is lent by a loop and moves as one reference.
    final class Box {
        // Unchecked exclusivity: one connection has it at a time, on one thread.
        @exclusivity(unchecked) var contents = Workspace()
    }

    /// Most requests are smaller; more is made when needed.
    static let inputSize = 8 << 10

    /// Large messages are rare: what they needed is not kept for the next one.
    var isWorthKeeping: Bool {
        input.count <= 4 * Self.inputSize && output.capacity <= 4 * Self.inputSize
    }

    /// Nothing is being answered or sent.
    var isDone: Bool { output.isEmpty && request == nil }

    /// Forgets everything but the memory.
    mutating func reset() {
        parser.reset()
        request = nil
        if !output.isEmpty { removeOutput() }
    }

    /// Sends as much of the output as the peer takes. The output is removed when all of it was sent.
    mutating func send(to socket: Socket) -> Step {
        let range = sent..<output.count
        let step = unsafe output.withUnsafeBytes { bytes in
            unsafe socket.write(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
        if case .done(let count) = step {
            sent += count
            if sent == output.count { removeOutput() }
        }
        return step
    }

    private mutating func removeOutput() {
        output.removeAll(keepingCapacity: true)
        sent = 0
    }

    /// Moves the bytes in `start..<end` to the front and makes sure that there is room after them.
    mutating func makeRoom(from start: Int, to end: Int) {
        if start > 0 {
            let count = end - start
            unsafe input.withUnsafeMutableBufferPointer { bytes in
                guard let base = bytes.baseAddress else { return }
                unsafe base.update(from: base + start, count: count)
            }
            parser.moved(by: start)
        }
        let used = end - start
        if used > input.count / 2 {
            input.append(contentsOf: repeatElement(0, count: input.count))
        }
    }
}
