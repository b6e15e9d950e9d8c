import Glibc
import Threads

/// The answers of `body` on more threads than the machine has cores, so that each core calls it: for what
/// each core may answer by what it knows itself.
public func onAllCores<Answer: Hashable & Sendable>(
    _ body: @escaping @Sendable () -> Answer
) throws -> Set<Answer> {
    let answers = Locked<Set<Answer>>([])
    let done = ThreadSemaphore()
    let threads = 4 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    for _ in 0..<threads {
        try WorkerThread.start {
            for _ in 0..<50 {
                let answer = body()
                answers.withLock { _ = $0.insert(answer) }
                WorkerThread.letOthersRun()
            }
            done.signal()
        }
    }
    for _ in 0..<threads { done.wait() }
    return answers.withLock { $0 }
}
