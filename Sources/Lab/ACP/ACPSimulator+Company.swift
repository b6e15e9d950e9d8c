import HTTP
import JSON

/// More logins that a knob starts along with one (K-29, K-30).
extension ACPSimulator {
    /// A burst of logins.
    struct Burst: Sendable {
        let count: Int
        /// Milliseconds between two logins.
        let pause: Int64
        /// Whether each login has another user.
        let isForMany: Bool

        /// Reads `{"count": 100, "per_second": 50, "many_users": true}`; nil for fewer than two
        /// logins.
        init?(_ value: JSONValue) {
            let wanted = value["count"]?.integer ?? 1
            guard wanted > 1 else { return nil }
            count = min(wanted, 100_000)
            pause = 1000 / Int64(min(max(value["per_second"]?.integer ?? 100, 1), 1000))
            isForMany = value["many_users"]?.bool ?? false
        }
    }

    /// Starts all of them in order.
    func start(_ burst: Burst, _ asked: BackchannelRequest) {
        work.add { [self] in
            await withDiscardingTaskGroup { group in
                for number in 1...burst.count where !Task.isCancelled {
                    var one = asked
                    if burst.isForMany { one.user = "\(asked.user)-\(number)" }
                    group.addTask { [self, one] in _ = try? await begin(one, isAlone: false) }
                    await clock.sleep(until: clock.now() + burst.pause)
                }
            }
        }
    }

    /// Starts the additional logins for a login that a client requested.
    func accompany(_ asked: BackchannelRequest, again: Bool) {
        if again {
            work.add { [self] in _ = try? await begin(asked, isAlone: false) }
        }
        if let knob = knobs.take(.burst, user: asked.user), let burst = Burst(knob) {
            start(burst, asked)
        }
    }
}
