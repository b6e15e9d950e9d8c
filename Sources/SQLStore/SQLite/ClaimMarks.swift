import Glibc
import Logins
import Threads

/// Which logins are being worked on, kept in a file so that it outlives the process: the numbers,
/// eight bytes each, 0 where none is. A negative number is that of a suspect which waits: it was
/// worked on when an earlier process died, and not since.
///
/// It is the file of the lock. Writing to it is not synchronised, because it is for the death of the
/// process and not of the machine, and so costs no commit. If it cannot be written, as on a full
/// disk, only the mark is lost.
final class ClaimMarks: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        /// The place of each number in the file.
        var places: [LoginNumber: Int] = [:]
        /// The same of the suspects that wait.
        var waiting: [LoginNumber: Int] = [:]
        var free: [Int] = []
        /// How many places there are.
        var length = 0
    }

    /// The logins that the last process was working on when it died.
    let interrupted: Set<LoginNumber>
    /// The logins that an earlier process was working on when it died; those of the last included.
    let suspects: Set<LoginNumber>
    private let state: Locked<State>

    private static let width = MemoryLayout<Int64>.size
    /// More marks than there ever are claims; what is longer is not ours.
    private static let longest = 1 << 20

    /// Reads the marks of the last process. The caller holds the lock.
    init(path: String) {
        var state = State()
        state.descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
        (interrupted, suspects) = Self.read(state.descriptor)
        self.state = Locked(state)
    }

    /// Marks nothing: for tools, which claim nothing.
    init() {
        interrupted = []
        suspects = []
        state = Locked(State())
    }

    deinit { end() }

    private static func read(
        _ descriptor: Int32
    ) -> (interrupted: Set<LoginNumber>, suspects: Set<LoginNumber>) {
        var interrupted: Set<LoginNumber> = []
        var suspects: Set<LoginNumber> = []
        var number: Int64 = 0
        var offset = 0
        while offset < longest,
            unsafe withUnsafeMutableBytes(
                of: &number,
                { bytes in
                    unsafe pread(descriptor, bytes.baseAddress, width, offset)
                }
            ) == width
        {
            let mark = Int64(littleEndian: number)
            if mark > 0 {
                interrupted.insert(LoginNumber(mark))
            } else if mark != 0, mark != .min {
                suspects.insert(LoginNumber(-mark))
            }
            offset += width
        }
        return (interrupted, suspects.union(interrupted))
    }

    /// Once the marks of the last process have been counted, their logins are suspects that wait.
    func forgetInterrupted() {
        state.withLock { state in
            guard state.descriptor >= 0, state.places.isEmpty, state.waiting.isEmpty else { return }
            _ = ftruncate(state.descriptor, 0)
            for number in suspects {
                state.waiting[number] = state.length
                Self.write(-number.rawValue, at: state.length, state.descriptor)
                state.length += 1
            }
        }
    }

    func mark(_ number: LoginNumber) {
        state.withLock { state in
            guard state.descriptor >= 0, state.places[number] == nil else { return }
            let place: Int
            if let known = state.waiting.removeValue(forKey: number) ?? state.free.popLast() {
                place = known
            } else {
                place = state.length
                state.length += 1
            }
            state.places[number] = place
            Self.write(number.rawValue, at: place, state.descriptor)
        }
    }

    func unmark(_ number: LoginNumber) {
        state.withLock { state in
            guard let place = state.places.removeValue(forKey: number) else { return }
            state.free.append(place)
            Self.write(0, at: place, state.descriptor)
        }
    }

    /// Ends without marks: what is still being worked on ends with this process, which has not died.
    func end() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            _ = ftruncate(state.descriptor, 0)
            close(state.descriptor)
            state.descriptor = -1
        }
    }

    private static func write(_ number: Int64, at place: Int, _ descriptor: Int32) {
        var number = number.littleEndian
        _ = unsafe withUnsafeBytes(of: &number) { bytes in
            unsafe pwrite(descriptor, bytes.baseAddress, width, place * width)
        }
    }
}
