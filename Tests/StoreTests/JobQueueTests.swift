import TestSupport
import Testing
import Threads

@testable import SQLStore

@Suite("The jobs of a thread", .timeLimit(.minutes(1)))
struct JobQueueTests {
    /// Counts itself while anybody has it.
    private final class Caller: Sendable {
        private let living: Locked<Int>

        init(_ living: Locked<Int>) {
            self.living = living
            living.withLock { $0 += 1 }
        }

        deinit { living.withLock { $0 -= 1 } }
    }

    private struct Job: Sendable {
        let number: Int
        let caller: Caller
    }

    @Test("are done in their order and forgotten, also if one always waits", arguments: [1, 3])
    func forgotten(atMost count: Int) async throws {
        let queue = JobQueue<Job>()
        let living = Locked(0)
        let done = Locked<[Int]>([])
        let (waiting, last) = (3, 5_000)
        for number in 0..<waiting {
            #expect(queue.add(Job(number: number, caller: Caller(living))) == nil)
        }
        let most = Recorded<Int>()
        try queue.start(owning: (), atMost: count) { jobs, _ in
            for job in jobs {
                done.withLock { $0.append(job.number) }
                let next = job.number + waiting
                if next < last { queue.add(Job(number: next, caller: Caller(living))) }
                if job.number % 1_000 == 999 { most.append(living.withLock { $0 }) }
            }
        }
        try await most.wait(for: last / 1_000, "jobs")
        await queue.close()
        #expect(done.withLock { $0 } == Array(0..<last))
        #expect(most.entries.allSatisfy { $0 <= 2_100 }, "\(most.entries)")
        #expect(living.withLock { $0 } == 0)
    }
}
