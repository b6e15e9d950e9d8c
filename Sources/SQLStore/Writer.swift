import Logins
import Threads

/// The only thread that writes. It commits all jobs that wait as one transaction and resumes their
/// callers once that is durable, so that they share the cost of the commit. After a commit of several
/// jobs it lets threads that are ready to run go first: they may be about to add more.
///
/// When a statement fails, the transaction is rolled back and each job runs again in a transaction
/// of its own, so that only that job fails. A job may therefore run twice, and must have no effect
/// but through its transaction. When the commit fails, nothing is written and all jobs fail.
final class Writer: Sendable {
    private struct Job {
        /// Does the work and returns what to do once it is durable.
        let run: @Sendable (WriteTransaction) throws(StoreError) -> @Sendable () -> Void
        let fail: @Sendable (StoreError) -> Void
        /// Whether it comes after the others of its transaction.
        let isYielding: Bool
        /// What it is going to ask for.
        let login: LoginOfJob?
    }

    /// The login that a job is about.
    enum LoginOfJob {
        case inserts(PendingLogin)
        case updates(LoginNumber)
    }

    private let jobs = JobQueue<Job>()

    /// With more jobs in a transaction, the first ones would wait too long for the others.
    private static let batch = 1_024

    /// Runs `body` within a transaction and returns its result once that is durable. If it is
    /// `yielding`, it runs after the others of that transaction, even those that came later. What it asks
    /// for `login` is asked beforehand, together with what other jobs ask for.
    func submit<Value: Sendable>(
        yielding: Bool = false,
        about login: LoginOfJob? = nil,
        _ body: @escaping @Sendable (WriteTransaction) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await jobs.result { continuation in
            Job(
                run: { (transaction) throws(StoreError) in
                    let value = try body(transaction)
                    return { continuation.resume(returning: .success(value)) }
                },
                fail: { continuation.resume(returning: .failure($0)) },
                isYielding: yielding,
                login: login
            )
        }
    }

    /// The same without waiting for it. `done` is called when it has been made or has failed.
    func submitLater(
        _ body: @escaping @Sendable (WriteTransaction) throws(StoreError) -> Void,
        done: @escaping @Sendable () -> Void
    ) {
        jobs.add(
            Job(
                run: { (transaction) throws(StoreError) in
                    try body(transaction)
                    return done
                },
                fail: { _ in done() },
                isYielding: false,
                login: nil
            )
        )
    }

    /// Starts the thread, which owns the transaction from here on.
    func start(
        _ transaction: sending WriteTransaction,
        changes: @escaping @Sendable (LoginStep) -> Void
    ) throws(StoreError) {
        try jobs.start(
            owning: transaction,
            atMost: Self.batch,
            { jobs, transaction in
                Self.commit(Self.inTurn(jobs), transaction, changes)
                if jobs.count > 1 { WorkerThread.letOthersRun() }
            },
            end: { $0.finish() }
        )
    }

    /// Nobody has an answer yet, so no order among them was promised.
    private static func inTurn(_ jobs: [Job]) -> [Job] {
        guard jobs.count > 1, jobs.contains(where: \.isYielding) else { return jobs }
        return jobs.filter { !$0.isYielding } + jobs.filter(\.isYielding)
    }

    private static func expected(by jobs: [Job]) -> ExpectedWork {
        var expected = ExpectedWork()
        for job in jobs {
            switch job.login {
            case .inserts(let login): expected.starts.append(login)
            case .updates(let number): expected.updates.insert(number)
            case nil: break
            }
        }
        return expected
    }

    func close() async { await jobs.close() }
    func stop() { jobs.stop() }

    private static func commit(
        _ jobs: [Job],
        _ transaction: WriteTransaction,
        _ changes: @Sendable (LoginStep) -> Void,
        attempts: Int = 3
    ) {
        do throws(StoreError) {
            try transaction.begin(expected(by: jobs))
            var done: [@Sendable () -> Void] = []
            done.reserveCapacity(jobs.count)
            for job in jobs { done.append(try job.run(transaction)) }
            for step in try transaction.commit() { changes(step) }
            for resume in done { resume() }
        } catch {
            let isTemporary = transaction.backend.mayRunAgain
            transaction.rollback()
            if isTemporary {
                if attempts > 1 {
                    return commit(jobs, transaction, changes, attempts: attempts - 1)
                }
                for job in jobs { job.fail(error) }
            } else if jobs.count == 1 || error.concernsEveryone {
                for job in jobs { job.fail(error) }
            } else {
                for job in jobs { commit([job], transaction, changes) }
            }
        }
    }
}
