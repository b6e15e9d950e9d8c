import CSpawn
import Glibc
import Threads

/// An open file, closed with its owner.
struct Descriptor: ~Copyable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// The two ends of a pipe; a command that is started does not inherit them. Nil when there are
    /// too many open files.
    static func pipe() -> Pipe? {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
        return Pipe(reading: Descriptor(ends[0]), writing: Descriptor(ends[1]))
    }

    /// Reading and writing return at once.
    func stopBlocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }
}

struct Pipe: ~Copyable {
    let reading: Descriptor
    let writing: Descriptor

    /// Closes the other end.
    consuming func takeReading() -> Descriptor { reading }
    consuming func takeWriting() -> Descriptor { writing }
}

/// Tells a thread that waits in `poll` to give up. May be raised by anybody at any time.
final class Interruption: Sendable {
    private let pipe: Pipe

    /// Nil when there are too many open files.
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
