import Access
public import Engine
public import Logins
import Threads

/// The streams of events that pages have open, in all applications: how many there may be, and what
/// wakes them.
public final class LiveStreams: Sendable {
    /// How many streams may be open at a time.
    public struct Limits: Hashable, Sendable {
        public var all: Int
        /// Of one person, over all their sessions.
        public var ofPerson: Int
        public var ofSession: Int

        public init(all: Int = 1_000, ofPerson: Int = 16, ofSession: Int = 4) {
            self.all = all
            self.ofPerson = ofPerson
            self.ofSession = ofSession
        }
    }

    private struct Member {
        let session: Session
        let person: Person
        let signal: Signal
    }

    let changes: LoginChanges
    let clock: any WallClock
    private let limits: Limits
    private let members = Locked<[ObjectIdentifier: Member]>([:])

    public init(changes: LoginChanges, clock: any WallClock, limits: Limits = Limits()) {
        self.changes = changes
        self.clock = clock
        self.limits = limits
    }

    /// How many streams are open.
    public var count: Int { members.withLock { $0.count } }

    /// Makes each stream look whether its session is still in force. Called after sessions have ended;
    /// quick, on any thread.
    public func sessionsEnded() {
        for member in members.withLock({ Array($0.values) }) { member.signal.raise() }
    }

    /// Opens a stream for a page of a session; nil if there are too many.
    func open(_ page: EventStream.Page) -> EventStream? {
        let signal = Signal()
        let member = Member(
            session: page.session,
            person: page.session.person,
            signal: signal
        )
        let isAdmitted = members.withLock { members in
            let ofPerson = members.values.filter { $0.person == member.person }
            let ofSession = ofPerson.count { $0.session.id == member.session.id }
            guard members.count < limits.all, ofPerson.count < limits.ofPerson,
                ofSession < limits.ofSession
            else { return false }
            members[ObjectIdentifier(signal)] = member
            return true
        }
        guard isAdmitted else { return nil }
        changes.follow(page.user, signal)
        return EventStream(page, signal, in: self)
    }

    func leave(_ signal: Signal, following user: UserID?) {
        let wasMember = members.withLock { $0.removeValue(forKey: ObjectIdentifier(signal)) != nil }
        if wasMember { changes.unfollow(user, signal) }
    }
}
