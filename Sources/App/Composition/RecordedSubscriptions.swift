import Access
import Endpoints
import Engine
import Logins
import Notifications
import Texts

/// The browsers in users' records, as addresses of a channel (`RecordedAddresses`).
struct RecordedSubscriptions: BrowserSubscriptions {
    /// Browsers of one user.
    static let most = 8

    let channel: WebPushChannel
    let desk: UserDesk
    let clock: any WallClock

    /// Nil unless a channel sends to browsers, and users are kept here.
    init?(_ plan: EscalationPlan, _ desk: UserDesk?, _ clock: any WallClock) {
        let channels = plan.steps.compactMap { $0.channel as? WebPushChannel }
        guard let channel = channels.first, let desk else { return nil }
        self.channel = channel
        self.desk = desk
        self.clock = clock
    }

    var key: String { channel.applicationServerKey }

    func browsers(of user: UserID) async throws(BrowserRefusal) -> [SubscribedBrowser]? {
        let found: User?
        do { found = try await desk.user(user) } catch { throw BrowserRefusal(error) }
        guard let found, found.channels?.contains(channel.id) ?? true else { return nil }
        return all(of: found).map {
            SubscribedBrowser(id: $0.id, name: $0.name, since: $0.since)
        }
    }

    private func all(of user: User) -> [RecordedSubscription] {
        (user.addresses[channel.id].map(RecordedAddresses.parts(of:)) ?? [])
            .compactMap { RecordedSubscription(address: $0) }
    }

    func add(
        _ text: String,
        named name: String,
        replacing old: String?,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(BrowserRefusal) {
        let now = clock.now()
        guard let new = channel.subscription(text, named: name, at: now) else { throw .unusable }
        try await change(user, by: author) { (browsers) throws(BrowserRefusal) in
            var rest = browsers
            rest.removeAll { browser in
                browser.id.isExactly(new.id) || old.map { browser.id.isExactly($0) } ?? false
            }
            guard rest.count < Self.most else { throw .tooMany }
            return rest + [new]
        }
    }

    func remove(
        _ id: String,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(BrowserRefusal) {
        try await change(user, by: author) { (browsers) throws(BrowserRefusal) in
            var rest = browsers
            rest.removeAll { $0.id.isExactly(id) }
            guard rest.count < browsers.count else { throw .unknown }
            return rest
        }
    }

    private func change(
        _ user: UserID,
        by author: AuditAuthor,
        _ edit: ([RecordedSubscription]) throws(BrowserRefusal) -> [RecordedSubscription]
    ) async throws(BrowserRefusal) {
        // What `edit` refuses, which the desk has no word for.
        var refusal: BrowserRefusal?
        do throws(UserDesk.Refusal) {
            _ = try await desk.put(user, by: author, at: clock.now()) {
                (before) throws(UserDesk.Refusal) in
                guard let before, before.channels?.contains(channel.id) ?? true else {
                    throw .missing
                }
                do throws(BrowserRefusal) {
                    let after = try edit(all(of: before))
                    return before.changing(channel.id) { _ in after.map(\.address) }
                } catch {
                    refusal = error
                    return before
                }
            }
        } catch {
            throw BrowserRefusal(error)
        }
        if let refusal { throw refusal }
    }
}

extension BrowserRefusal {
    fileprivate init(_ refusal: UserDesk.Refusal) {
        switch refusal {
        case .missing: self = .unknown
        case .changed, .used: self = .unavailable("the user is being changed")
        case .directory(let error): self = .unavailable("\(error)")
        case .store(let error): self = .unavailable("\(error)")
        }
    }
}
