import Glibc

/// Writes a child process's input and reads its output until it ends.
@safe struct ProcessIO: ~Copyable {
    enum End { case ended, timedOut, interrupted }

    /// Output so far, up to `ChildProcess.outputLimit`. The bytes themselves are not kept.
    private(set) var outputBytes = 0
    private let input: [UInt8]
    private var written = 0
    /// Nil once everything is written, or the process has closed it.
    private var standardInput: Descriptor?
    /// Nil once the process has closed it.
    private var standardOutput: Descriptor?
    /// Becomes readable when the process ends (pidfd_open(2)).
    private let process: Descriptor

    init(
        input: [UInt8],
        standardInput: consuming Descriptor,
        standardOutput: consuming Descriptor,
        process: consuming Descriptor
    ) {
        standardInput.stopBlocking()
        standardOutput.stopBlocking()
        self.input = input
        self.standardInput = consume standardInput
        self.standardOutput = consume standardOutput
        self.process = process
    }

    /// Returns when the process ends, at the limit, or when interrupted.
    mutating func run(
        until interruption: Interruption,
        limit: ContinuousClock.Instant
    ) -> End {
        while true {
            let left = limit - .now
            guard left > .zero else { return .timedOut }
            var waits = [
                Self.wait(process.number, POLLIN),
                Self.wait(interruption.descriptor, POLLIN),
                Self.wait(Self.number(standardInput), POLLOUT),
                Self.wait(Self.number(standardOutput), POLLIN),
            ]
            // Rounded up, so that it does not spin in the last millisecond.
            let milliseconds = left / .milliseconds(1) + 1
            let timeout = Int32(clamping: Int64(min(milliseconds, 1e9)))
            guard unsafe poll(&waits, nfds_t(waits.count), timeout) >= 0 || errno == EINTR else {
                return .timedOut
            }
            if waits[2].revents != 0 { writeSome() }
            if waits[3].revents != 0 { readSome() }
            if waits[0].revents != 0 {
                readSome()
                return .ended
            }
            if waits[1].revents != 0 { return .interrupted }
        }
    }

    /// poll(2) ignores negative descriptors.
    private static func wait(_ number: Int32, _ events: Int32) -> pollfd {
        pollfd(fd: number, events: Int16(events), revents: 0)
    }

    private static func number(_ descriptor: borrowing Descriptor?) -> Int32 {
        switch descriptor {
        case .some(let descriptor): descriptor.number
        case nil: -1
        }
    }

    private mutating func writeSome() {
        let number = Self.number(standardInput)
        while written < input.count {
            let count = unsafe input.withUnsafeBytes { bytes in
                unsafe write(
                    number,
                    bytes.baseAddress?.advanced(by: written),
                    bytes.count - written
                )
            }
            if count > 0 {
                written += count
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                return
            } else {
                break
            }
        }
        standardInput = nil
    }

    private mutating func readSome() {
        let number = Self.number(standardOutput)
        guard number >= 0 else { return }
        var room = [UInt8](repeating: 0, count: 16 << 10)
        // Bounded, so that endless output does not delay the time limit.
        for _ in 0..<64 {
            let count = unsafe read(number, &room, room.count)
            if count > 0 {
                outputBytes = min(outputBytes + count, ChildProcess.outputLimit)
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                return
            } else {
                standardOutput = nil
                return
            }
        }
    }
}
