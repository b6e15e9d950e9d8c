import HTTP
import JSON

/// Logins that come along with a login because a knob wants them (K-29, K-30).
extension ACPSimulator {
    /// Many logins in a row.
    struct Burst: Sendable {
        let count: Int
        /// Milliseconds between two.
        let pause: Int64
        /// Whether each has a user of its own.
        let isForMany: Bool

        /// `{"count": 100, "per_second": 50, "many_users": true}`; nil for less than two logins.
        init?(_ value: JSONValue) {
            let wanted = value["count"]?.integer ?? 1
            guard wanted > 1 else { return nil }
            count = min(wanted, 100_000)
            pause = 1000 / Int64(min(max(value["per_second"]?.integer ?? 100, 1), 1000))
            isForMany = value["many_users"]?.bool ?? false
        }
    }

    /// Starts all of them, one after the other.
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

    /// What comes along with the login that a client has asked for.
    func accompany(_ asked: BackchannelRequest, again: Bool) {
        if again {
            work.add { [self] in _ = try? await begin(asked, isAlone: false) }
        }
        if let knob = knobs.take(.burst, user: asked.user), let burst = Burst(knob) {
            start(burst, asked)
        }
    }
}
