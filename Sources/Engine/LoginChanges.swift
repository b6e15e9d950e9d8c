public import Logins
import Synchronization
public import Threads

/// Publishes changes of logins. The store calls it after each durable change; the engine, callers that
/// wait for one login, and pages that show a user's logins or all of them listen.
public final class LoginChanges: Sendable {
    private struct State {
        var waiters: [LoginNumber: Signals] = [:]
        /// Under nil those that want to hear of every user's logins.
        var followers: [UserID?: Signals] = [:]
        var isClosed = false
        /// Takes duties on, while an engine runs.
        var taker: (@Sendable (Claim) -> HandOver?)?
    }

    private let state = Locked(State())
    /// Raised when a login may have a new duty.
    public let work = Signal()
    /// When the engine looks for duties next, in milliseconds; the greatest number while it looks, and
    /// while it waits for nothing.
    private let looksAt = Atomic<Int64>(.max)

    public init() {}

    /// The engine is about to look for duties. What changes from here on may not be among what it finds.
    package func beginLook() { looksAt.store(.max, ordering: .sequentiallyConsistent) }

    /// The engine has found what is due, and looks again then; nil for never. A duty that is due later
    /// need not wake it.
    package func endLook(next: Timestamp?) {
        looksAt.store(next?.milliseconds ?? .max, ordering: .sequentiallyConsistent)
    }

    /// Asks the engine to take on a duty that a change makes due, before that change is durable.
    ///
    /// - Returns: what to call when it is, or will not be; nil if the engine does not take it on now.
    public func takeOn(_ claim: Claim) -> HandOver? { state.withLock { $0.taker }?(claim) }

    /// The engine takes duties on from here on; with nil no longer.
    package func setTaker(_ taker: (@Sendable (Claim) -> HandOver?)?) {
        state.withLock { $0.taker = taker }
    }

    /// Publishes a durable change. Quick; may be called on any thread.
    public func publish(_ step: LoginStep) {
        // Work that is claimed leaves nothing to do but its end.
        let login = step.after.login
        let moment = step.isWork ? login.endAt : login.dueAt
        if let moment, moment.milliseconds < looksAt.load(ordering: .sequentiallyConsistent) {
            work.raise()
        }
        publish(step.after)
    }

    /// Publishes a change that somebody else made, who does the work that follows.
    public func publish(_ stored: StoredLogin) {
        let signals = state.withLock { state in
            var signals = state.waiters[stored.number]?.all ?? []
            if !state.followers.isEmpty {
                signals += state.followers[stored.login.details.user]?.all ?? []
                signals += state.followers[UserID?.none]?.all ?? []
            }
            return signals
        }
        for signal in signals { signal.raise() }
    }

    /// Whether somebody waits for a change.
    public var isFollowed: Bool {
        state.withLock { !$0.waiters.isEmpty || !$0.followers.isEmpty }
    }

    /// Tells everybody who waits that any login may have changed.
    public func publishAll() {
        work.raise()
        let signals = state.withLock { state in
            state.waiters.values.flatMap(\.all) + state.followers.values.flatMap(\.all)
        }
        for signal in signals { signal.raise() }
    }

    /// Raises `signal` at each change of a login of that user, or of any login with nil, until
    /// `unfollow`.
    public func follow(_ user: UserID?, _ signal: Signal) {
        let isClosed = state.withLock { state in
            state.followers[user, default: Signals()].insert(signal)
            return state.isClosed
        }
        if isClosed { signal.raise() }
    }

    /// Ends `follow`.
    public func unfollow(_ user: UserID?, _ signal: Signal) {
        state.withLock { state in
            _ = state.followers[user]?.remove(signal)
            if state.followers[user]?.isEmpty == true { state.followers[user] = nil }
        }
    }

    /// Runs `body` with a signal that is raised at each change of that login.
    public func watching<Value: Sendable>(
        _ number: LoginNumber,
        _ body: (Signal) async -> Value
    ) async -> Value {
        let signal = Signal()
        let isClosed = state.withLock { state in
            state.waiters[number, default: Signals()].insert(signal)
            return state.isClosed
        }
        if isClosed { signal.raise() }
        let value = await body(signal)
        state.withLock { state in
            _ = state.waiters[number]?.remove(signal)
            if state.waiters[number]?.isEmpty == true { state.waiters[number] = nil }
        }
        return value
    }

    /// True after `close()`: callers that wait should return what they have.
    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Wakes all waiting callers, now and later, so that they do not delay a shutdown.
    public func close() {
        let signals = state.withLock { state in
            state.isClosed = true
            return state.waiters.values.flatMap(\.all)
                + state.followers.values.flatMap(\.all)
        }
        for signal in signals { signal.raise() }
    }
}
