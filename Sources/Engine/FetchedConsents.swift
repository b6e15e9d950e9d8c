import Logins
import Threads

/// Consents of logins that cannot be shown yet because the bank does not list accounts, so that each
/// further try asks the bank alone. Before an approval is reported its consent is fetched again
/// anyway. Bounded in number and in age.
final class FetchedConsents: Sendable {
    /// A consent, and when it was fetched, by `WallClock.uptime`.
    typealias Entry = (consent: Consent, fetched: Duration)

    private static let capacity = 4096
    private static let lifetime = Duration.seconds(300)

    private let entries = Locked<[LoginNumber: Entry]>([:])

    /// Removes and returns a login's consent, unless it is too old.
    func take(_ number: LoginNumber, at uptime: Duration) -> Entry? {
        guard let entry = entries.withLock({ $0.removeValue(forKey: number) }),
            uptime - entry.fetched < Self.lifetime
        else { return nil }
        return entry
    }

    /// Keeps a consent for the next try.
    func keep(_ entry: Entry, of number: LoginNumber) {
        entries.withLock { entries in
            // Those that remain are fetched again.
            if entries.count >= Self.capacity { entries.removeAll() }
            entries[number] = entry
        }
    }
}
