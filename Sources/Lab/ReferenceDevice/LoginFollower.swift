public import HTTP

/// Looks at the logins of a device's user whenever the service says that they have changed: it follows
/// the device's event stream, and opens it again when it ends.
///
/// The events only say when to look. So nothing is missed between two streams, and several changes at
/// once are one look.
public struct LoginFollower: Sendable {
    /// Makes a call, and hands over the body of a 2xx answer bit by bit as it arrives.
    public typealias StreamingCall =
        @Sendable (
            _ request: OutboundRequest, _ take: @escaping @Sendable ([UInt8]) -> Void
        ) async throws(OutboundError) -> OutboundResponse

    /// A stream is opened again after this time, in milliseconds, so that a dead connection is noticed.
    static let longestStream: Int64 = 60_000
    /// A stream that lasts this long shows that the service works, in milliseconds.
    static let goodStream: Int64 = 10_000
    /// Before the second attempt, in milliseconds; each further pause is twice as long.
    static let firstPause: Int64 = 1_000
    /// The longest pause between two attempts, in milliseconds.
    static let longestPause: Int64 = 30_000

    private let device: ReferenceDevice
    private let open: StreamingCall
    private let clock: any SimulatorClock
    private let tell: @Sendable (String) -> Void

    /// `tell` gets a line about each connection that fails.
    public init(
        _ device: ReferenceDevice,
        open: @escaping StreamingCall,
        clock: any SimulatorClock = MachineClock(),
        tell: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.device = device
        self.open = open
        self.clock = clock
        self.tell = tell
    }

    /// Calls `look` at the beginning and after each change, until it returns true, until `end` (in
    /// milliseconds since 1970), or until the task is cancelled.
    ///
    /// - Throws: the answer of a service that refuses the device. Other failures are retried.
    public func run(
        until end: Int64 = .max,
        look: () async throws(ReferenceDevice.Failure) -> Bool
    ) async throws(ReferenceDevice.Failure) {
        var pause = Self.firstPause
        while !Task.isCancelled, clock.now() < end {
            let begun = clock.now()
            let failure: ReferenceDevice.Failure?
            switch await follow(until: end, look) {
            case .done: return
            case .ended: failure = nil
            case .failed(let reason):
                if reason.isRefusal { throw reason }
                failure = reason
            }
            let now = clock.now()
            if now - begun >= Self.goodStream {
                pause = Self.firstPause
                // A stream that was only renewed.
                if now - begun >= Self.longestStream { continue }
            }
            guard !Task.isCancelled, now < end else { return }
            let reason = failure?.description ?? "the service has ended the stream"
            tell("not connected: \(reason); trying again in \(pause / 1000) s")
            await clock.sleep(until: min(end, now + pause))
            pause = min(2 * pause, Self.longestPause)
        }
    }

    private enum Ending {
        /// Whoever looks has seen enough, or the time is over.
        case done
        case ended
        case failed(ReferenceDevice.Failure)
    }

    /// One stream, from its beginning to its end.
    private func follow(
        until end: Int64,
        _ look: () async throws(ReferenceDevice.Failure) -> Bool
    ) async -> Ending {
        let (news, teller) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        return await withTaskGroup(of: ReferenceDevice.Failure?.self) { group in
            group.addTask { [device, open] in
                defer { teller.finish() }
                do throws(ReferenceDevice.Failure) {
                    try await device.events(
                        limit: .milliseconds(Self.longestStream),
                        open
                    ) { teller.yield() }
                    return nil
                } catch {
                    return error
                }
            }
            if end < .max {
                group.addTask { [clock] in
                    await clock.sleep(until: end)
                    teller.finish()
                    return nil
                }
            }
            defer { group.cancelAll() }
            do throws(ReferenceDevice.Failure) {
                for await _ in news where try await look() { return .done }
            } catch {
                return .failed(error)
            }
            if clock.now() >= end { return .done }
            return await group.next().flatMap(\.self).map { .failed($0) } ?? .ended
        }
    }
}

extension ReferenceDevice.Failure {
    /// Whether the service has answered that it will not serve this device. Too many requests may be
    /// fewer later.
    fileprivate var isRefusal: Bool {
        guard let status else { return false }
        return (400..<500).contains(status) && status != 429
    }
}
