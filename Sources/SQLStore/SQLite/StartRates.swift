import Logins

/// How many logins each user and each client started in the last minute, in this process.
///
/// Counted in seven steps of ten seconds, so that a start counts for at least 60 and at most 70
/// seconds. Only starts within the limit count: otherwise repeated attempts could lock a user out
/// forever. Memory is bounded: when it is full, the oldest counts are dropped.
struct StartRates {
    private struct Counts {
        var latest: Int64
        var steps = InlineArray<7, UInt32>(repeating: 0)
    }

    /// By 64-bit hash with the seed of this process; collisions are negligible.
    private var counts: [Int: Counts] = [:]
    private let capacity: Int

    static let stepMilliseconds: Int64 = 10_000
    static let steps = 7

    /// - Parameter capacity: How many keys are kept, at some 50 bytes each.
    init(capacity: Int = 65_536) { self.capacity = capacity }

    var count: Int { counts.count }

    func starts<Key: Hashable>(of key: Key, at now: Timestamp) -> Int {
        let step = now.milliseconds / Self.stepMilliseconds
        guard let known = counts[key.hashValue], !Self.isAhead(known, of: step) else { return 0 }
        var sum = 0
        // After a clock was set back by less than a step, the later step counts as the current.
        for index in 0..<Self.steps where known.latest - Int64(index) > step - Int64(Self.steps) {
            sum += Int(known.steps[index])
        }
        return sum
    }

    mutating func note<Key: Hashable>(_ key: Key, at now: Timestamp) {
        let step = now.milliseconds / Self.stepMilliseconds
        let hash = key.hashValue
        if counts[hash] == nil, counts.count >= capacity { forget(before: step) }
        var known = counts[hash] ?? Counts(latest: step)
        if Self.isAhead(known, of: step) { known = Counts(latest: step) }
        let passed = max(step - known.latest, 0)
        if passed > 0 {
            var shifted = InlineArray<7, UInt32>(repeating: 0)
            if passed < Int64(Self.steps) {
                for index in Int(passed)..<Self.steps {
                    shifted[index] = known.steps[index - Int(passed)]
                }
            }
            known = Counts(latest: step, steps: shifted)
        }
        known.steps[0] += 1
        counts[hash] = known
    }

    /// Takes back the latest `note` of a key, for a start that was not stored.
    mutating func undo<Key: Hashable>(_ key: Key) {
        guard let known = counts[key.hashValue], known.steps[0] > 0 else { return }
        counts[key.hashValue]?.steps[0] -= 1
    }

    /// True when the clock has been set back by more than a step since. Such counts would not expire
    /// until the old time is reached again, so they start again from zero.
    private static func isAhead(_ counts: Counts, of step: Int64) -> Bool {
        step < counts.latest - 1
    }

    private mutating func forget(before step: Int64) {
        counts = counts.filter {
            $0.value.latest > step - Int64(Self.steps) && !Self.isAhead($0.value, of: step)
        }
        guard counts.count >= capacity else { return }
        // Still full: drop the older half, so that this does not run for each start.
        let ages = counts.values.map(\.latest).sorted()
        let middle = ages[ages.count / 2]
        counts = counts.filter { $0.value.latest > middle }
    }
}

/// Whose starts are counted.
enum Starter: Hashable, Sendable {
    case user(UserID)
    case client(ClientKey)
}

/// A client of an authorization server's tenant.
struct ClientKey: Hashable, Sendable {
    let server: AuthorizationServerID
    let tenant: TenantID?
    let client: ClientID

    init?(_ login: PendingLogin) {
        guard let client = login.details.client else { return nil }
        server = login.key.server
        tenant = login.key.tenant
        self.client = client
    }
}
