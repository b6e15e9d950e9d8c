import Glibc
import Testing
import Threads

@Suite("A value for each core", .timeLimit(.minutes(1)))
struct PerCoreTests {
    // Invariant behind @unchecked: touched under the lock of the value that holds it.
    private final class Counter: @unchecked Sendable { var count = 0 }

    @Test("is used by one thread at a time")
    func exclusive() {
        let counters = Locked<[Counter]>([])
        let values = PerCore {
            let counter = Counter()
            counters.withLock { $0.append(counter) }
            return counter
        }
        let made = counters.withLock { $0 }
        #expect(made.count == sysconf(Int32(_SC_NPROCESSORS_CONF)))
        // More than there are cores.
        let (threads, each) = (4 * made.count, 20_000)
        let done = ThreadSemaphore()
        for _ in 0..<threads {
            #expect(throws: Never.self) {
                try WorkerThread.start {
                    for _ in 0..<each { values.withLock { $0.count += 1 } }
                    done.signal()
                }
            }
        }
        for _ in 0..<threads { done.wait() }
        #expect(made.map(\.count).reduce(0, +) == threads * each)
    }

    @Test("ends with its holder, and gives back what its body throws and returns")
    func ends() throws {
        struct Failure: Error {}
        struct Weak { weak var counter: Counter? }
        let counters = Locked<[Weak]>([])
        do {
            let values = PerCore {
                let counter = Counter()
                counters.withLock { $0.append(Weak(counter: counter)) }
                return counter
            }
            #expect(throws: Failure.self) {
                try values.withLock { _ throws(Failure) in throw Failure() }
            }
            let count = values.withLock { counter in
                counter.count += 1
                return counter.count
            }
            #expect(count == 1)
        }
        #expect(counters.withLock { $0.allSatisfy { $0.counter == nil } && !$0.isEmpty })
    }
}
