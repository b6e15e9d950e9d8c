import Access
import Engine
import HTTP
import Logins
import Threads

/// Server-sent events (HTML §9.2) for one open page: a part of it as markup, when the page opens and
/// whenever it has changed.
///
/// It follows the changes of logins and asks the store only then. It never counts as a use of the
/// session, and ends with it. Between events a comment is sent every `heartbeat`, so that proxies keep
/// the connection and a peer that has gone is noticed.
final class EventStream: ResponseStream {
    /// What a stream shows, and to whom.
    struct Page: Sendable {
        /// The session that the page was requested in.
        let session: Session
        /// Whose logins it shows; nil for all.
        let user: UserID?
        /// The session as it is now; nil if it has ended.
        let renewed: @Sendable () async throws(StoreError) -> Session?
        let limits: SessionLimits
        /// The name of the event.
        let event: String
        /// The part of the page.
        let content: @Sendable () async throws(StoreError) -> HTML
    }

    private struct State {
        var isClosed = false
        /// A change has not been looked at yet.
        var isStale = true
        var shown: HTML?
        /// In `uptime`: a clock that is set makes no pause longer.
        var nextBeat: Duration
    }

    static let heartbeat = Duration.seconds(15)
    /// Milliseconds after which a browser connects again.
    private static let retry = "retry: 3000\n"

    private let page: Page
    private let signal: Signal
    private let streams: LiveStreams
    private let state: Locked<State>

    init(_ page: Page, _ signal: Signal, in streams: LiveStreams) {
        self.page = page
        self.signal = signal
        self.streams = streams
        state = Locked(State(nextBeat: streams.clock.uptime() + Self.heartbeat))
    }

    deinit { streams.leave(signal, following: page.user) }

    func close() {
        state.withLock { $0.isClosed = true }
        streams.leave(signal, following: page.user)
        signal.raise()
    }

    func next() async -> [UInt8]? {
        while true {
            let isClosed = state.withLock { $0.isClosed }
            if isClosed || Task.isCancelled || streams.changes.isClosed { return nil }
            let now = streams.clock.uptime()
            var ends: Timestamp?
            do throws(StoreError) {
                guard let session = try await page.renewed() else { return farewell() }
                ends = session.ends(within: page.limits)
                if let event = try await fresh() { return event }
            } catch {
                // The store may work again at the next beat.
            }
            let beat = state.withLock { state in
                defer { if state.nextBeat <= now { state.nextBeat = now + Self.heartbeat } }
                return state.nextBeat
            }
            if beat <= now { return Array(": \n\n".utf8) }
            await streams.clock.wait(for: signal, atMost: beat - now, until: ends)
            state.withLock { $0.isStale = true }
        }
    }

    /// The event, if the part of the page differs from what was sent before.
    private func fresh() async throws(StoreError) -> [UInt8]? {
        guard state.withLock({ $0.isStale }) else { return nil }
        let content = try await page.content()
        let before = state.withLock { state in
            defer {
                state.shown = content
                state.isStale = false
            }
            return state.shown
        }
        guard content != before else { return nil }
        return (before == nil ? Array(Self.retry.utf8) : []) + Self.event(page.event, content)
    }

    /// The last event: the page shows then that nobody is signed in.
    private func farewell() -> [UInt8]? {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        return isFirst ? Self.event("end", .text("signed-out")) : nil
    }

    /// A line of data for each line of the content.
    private static func event(_ name: String, _ content: HTML) -> [UInt8] {
        var text = "event: \(name)\ndata: "
        for scalar in content.markup.unicodeScalars {
            switch scalar {
            case "\r": break
            case "\n": text += "\ndata: "
            default: text.unicodeScalars.append(scalar)
            }
        }
        return Array((text + "\n\n").utf8)
    }
}

extension Session {
    /// When it ends unless it is used.
    fileprivate func ends(within limits: SessionLimits) -> Timestamp {
        min(lastUsedAt + limits.idle + .milliseconds(1), startedAt + limits.absolute)
    }
}
