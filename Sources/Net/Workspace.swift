import HTTP

/// The memory of a busy connection, lent by its loop.
struct Workspace {
    var parser: RequestParser
    var input: [UInt8]
    var output: [UInt8] = []

    /// Most requests are smaller; more is made when needed.
    static let inputSize = 8 << 10

    /// Without memory, unless it `isReady`.
    init(isReady: Bool = false) {
        parser = RequestParser(reservesFields: isReady)
        input = isReady ? [UInt8](repeating: 0, count: Self.inputSize) : []
    }

    var isReady: Bool { !input.isEmpty }

    /// Large messages are rare: what they needed is not kept for the next one.
    var isWorthKeeping: Bool {
        input.count <= 4 * Self.inputSize && output.capacity <= 4 * Self.inputSize
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
