import CSpawn
import Glibc
import Threads

/// An open file, closed when its owner ends.
struct Descriptor: ~Copyable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// The two ends of a pipe, which child processes do not inherit. Nil when too many files are
    /// open.
    static func pipe() -> Pipe? {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
        return Pipe(reading: Descriptor(ends[0]), writing: Descriptor(ends[1]))
    }

    /// Makes reading and writing return at once.
    func stopBlocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }
}

struct Pipe: ~Copyable {
    let reading: Descriptor
    let writing: Descriptor

    /// Closes the other end.
    consuming func takeReading() -> Descriptor { reading }
    consuming func takeWriting() -> Descriptor { writing }
}

/// Wakes a thread that waits in `poll`. May be raised by any thread at any time.
final class Interruption: Sendable {
    private let pipe: Pipe

    /// Nil when too many files are open.
    init?() {
        guard let pipe = Descriptor.pipe() else { return nil }
        pipe.writing.stopBlocking()
        self.pipe = pipe
    }

    /// Becomes readable.
    var descriptor: Int32 { pipe.reading.number }

    func raise() {
        var byte: UInt8 = 1
        _ = unsafe write(pipe.writing.number, &byte, 1)
    }
}
