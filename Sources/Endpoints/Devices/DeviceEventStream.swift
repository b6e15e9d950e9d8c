import Devices
import Engine
import HTTP
import JSON
import Logins
import Threads

/// The logins of an enrolled device's user as server-sent events: each that arrives, changes, or can
/// no longer be decided. It ends when the device is revoked.
///
/// It follows the changes of logins, and whatever may have revoked its device, and reads the store only
/// then. Between events a comment is sent at each beat, so that proxies keep the connection.
final class DeviceEventStream: ResponseStream {
    private struct Shown {
        let id: LoginID
        /// Of what the device has seen of it.
        let mark: Int
        /// When it can be decided no more.
        let ends: Timestamp
    }

    private struct State {
        var isClosed = false
        var hasBegun = false
        /// There may be a change that was not looked at yet.
        var isStale = true
        /// The logins that the device has.
        var shown: [LoginNumber: Shown] = [:]
        /// In `uptime`: a clock that is set makes no pause longer.
        var nextBeat: Duration
    }

    private static let retry = "retry: 3000\n\n"

    // Not the key itself: one that can verify takes more memory than all else here.
    private let key: CredentialID
    private let device: DeviceID
    private let user: UserID
    private let signal: Signal
    private let shared: Shared
    private let state: Locked<State>

    /// What all streams have in common, once: a desk in each of them takes half a kilobyte.
    final class Shared: Sendable {
        fileprivate let desk: DeviceDesk
        fileprivate let changes: LoginChanges
        fileprivate let clock: any WallClock

        init(desk: DeviceDesk, changes: LoginChanges, clock: any WallClock) {
            self.desk = desk
            self.changes = changes
            self.clock = clock
        }
    }

    /// `signal` is one that the desk's connections have given.
    init(_ enrolled: DeviceDesk.Enrolled, _ signal: Signal, _ shared: Shared) {
        key = enrolled.key.id
        device = enrolled.device.id
        user = enrolled.device.user
        self.signal = signal
        self.shared = shared
        state = Locked(State(nextBeat: shared.clock.uptime() + EventStream.heartbeat))
        shared.changes.follow(user, signal)
    }

    deinit { leave() }

    private func leave() {
        guard shared.desk.connections.leave(device, signal) else { return }
        shared.changes.unfollow(user, signal)
    }

    func close() {
        state.withLock { $0.isClosed = true }
        leave()
        signal.raise()
    }

    func next() async -> [UInt8]? {
        while true {
            let (isClosed, isStale) = state.withLock { state in
                defer { state.isStale = false }
                return (state.isClosed, state.isStale)
            }
            if isClosed || Task.isCancelled || shared.changes.isClosed { return nil }
            if isStale {
                switch await lookApart() {
                case .revoked:
                    close()
                    return nil
                case .events(let events): return Array(events.utf8)
                case .nothing: break
                }
            }
            let now = shared.clock.uptime()
            let beat = state.withLock { state in
                defer {
                    if state.nextBeat <= now { state.nextBeat = now + EventStream.heartbeat }
                }
                return state.nextBeat
            }
            if beat <= now {
                guard hasExpired() else { return Array(": \n\n".utf8) }
                state.withLock { $0.isStale = true }
                continue
            }
            if await shared.clock.wait(for: signal, atMost: beat - now) {
                state.withLock { $0.isStale = true }
            }
        }
    }

    /// Whether a login has ended of which nobody has said so, as while the store takes no writes.
    private func hasExpired() -> Bool {
        let now = shared.clock.now()
        return state.withLock { $0.shown.values.contains { $0.ends <= now } }
    }

    private enum Finding { case nothing, revoked, events(String) }

    /// Looks in a task of its own, which ends before the stream waits again: the connection's task would
    /// keep the memory that this takes.
    @inline(never)
    private func lookApart() async -> Finding {
        async let found = look()
        return await found
    }

    private func look() async -> Finding {
        do throws(StoreError) {
            guard try await shared.desk.device(of: key) != nil else { return .revoked }
            let events = try await fresh()
            return events.isEmpty ? .nothing : .events(events)
        } catch {
            // It may work again at the next beat.
            state.withLock { $0.isStale = true }
            return .nothing
        }
    }

    /// The events since the last time.
    private func fresh() async throws(StoreError) -> String {
        let pending = try await shared.desk.pendingLogins(of: user)
        let (shown, hasBegun) = state.withLock { ($0.shown, $0.hasBegun) }
        var text = hasBegun ? "" : Self.retry
        var current: [LoginNumber: Shown] = [:]
        // The oldest first, as they have arrived.
        for stored in pending.reversed() {
            let id = stored.login.key.login
            let mark = Self.mark(stored.login)
            current[stored.number] = Shown(
                id: id,
                mark: mark,
                ends: stored.login.terms.promptEnds
            )
            let before = shown[stored.number]?.mark
            if before == nil {
                text += Self.event(id, "arrived")
            } else if before != mark {
                text += Self.event(id, "changed")
            }
        }
        let gone = shown.filter { current[$0.key] == nil }
        for (number, login) in gone.sorted(by: { $0.key < $1.key }) {
            let ended = try await shared.desk.login(number)?.login
            text += Self.event(
                login.id,
                "withdrawn",
                reason: ended?.phase.outcome?.name ?? "expired",
                elsewhere: ended.flatMap {
                    DeviceDesk.isAnsweredElsewhere($0, by: key)
                }
            )
        }
        // Only now, so that a store that fails in between loses nothing.
        state.withLock { state in
            state.shown = current
            state.hasBegun = true
        }
        return text
    }

    /// Differs if what is asked does.
    private static func mark(_ login: PendingLogin) -> Int {
        var hasher = Hasher()
        hasher.combine(login.question?.nonce)
        hasher.combine(login.question?.digest)
        hasher.combine(login.terms.promptEnds)
        return hasher.finalize()
    }

    private static func event(
        _ id: LoginID,
        _ state: String,
        reason: String? = nil,
        elsewhere: Bool? = nil
    ) -> String {
        var json = JSONWriter(reserving: 128)
        json.object { json in
            json.member("id", id.value)
            json.member("state", state)
            json.member("reason", reason)
            json.member("answered_elsewhere", elsewhere)
        }
        return "event: login\ndata: \(String(decoding: json.bytes, as: UTF8.self))\n\n"
    }
}
