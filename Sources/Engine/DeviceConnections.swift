public import Access
public import Logins
public import Threads

/// The requests of devices that wait for something to happen: event streams and long polls. It limits
/// how many there are, and wakes them when their device may have been revoked, also by another process.
public final class DeviceConnections: Sendable {
    private struct State {
        var members: [DeviceID: Signals] = [:]
        var count = 0
    }

    /// Of one device.
    public static let mostOfDevice = 4
    private let most: Int
    private let state = Locked(State())

    /// `most` is how many there may be of all devices.
    public init(most: Int = 10_000) { self.most = most }

    /// How many wait.
    public var count: Int { state.withLock { $0.count } }

    /// A signal that is raised when the device may have been revoked, until `leave`; nil if there are
    /// too many.
    public func join(_ device: DeviceID) -> Signal? {
        let signal = Signal()
        let isAdmitted = state.withLock { state in
            let own = state.members[device]?.count ?? 0
            guard state.count < most, own < Self.mostOfDevice else { return false }
            state.members[device, default: Signals()].insert(signal)
            state.count += 1
            return true
        }
        return isAdmitted ? signal : nil
    }

    /// Ends `join`. False if it had ended.
    @discardableResult
    public func leave(_ device: DeviceID, _ signal: Signal) -> Bool {
        state.withLock { state in
            guard state.members[device]?.remove(signal) == true else { return false }
            if state.members[device]?.isEmpty == true { state.members[device] = nil }
            state.count -= 1
            return true
        }
    }

    /// A device was revoked, or has another key, as the store tells. Quick; may be called on any thread.
    public func ended(_ device: DeviceID) {
        let signals = state.withLock { $0.members[device]?.all ?? [] }
        for signal in signals { signal.raise() }
    }

    /// Any device may have been revoked.
    public func recheck() { recheck(turn: 0, of: 1) }

    /// The same for a part of the devices, another one in each turn.
    private func recheck(turn: Int, of turns: Int) {
        let signals = state.withLock { state in
            state.members.filter {
                UInt(bitPattern: $0.key.hashValue) % UInt(turns) == UInt(turn)
            }.values.flatMap(\.all)
        }
        for signal in signals { signal.raise() }
    }

    /// While it cannot be told whether the store has changed, each looks once in so many seconds.
    private static let turns = 15

    /// Wakes those that wait when another process has changed the store, until the task is cancelled.
    /// `mark` tells that; nil where it cannot be told.
    public func watch(_ mark: @Sendable () -> StoreMark?, clock: any WallClock) async {
        var last = mark()?.others
        var turn = 0
        while !Task.isCancelled {
            await clock.wait(.seconds(1))
            guard let current = mark()?.others else {
                recheck(turn: turn, of: Self.turns)
                turn = (turn + 1) % Self.turns
                continue
            }
            if last != current { recheck() }
            last = current
        }
    }
}
