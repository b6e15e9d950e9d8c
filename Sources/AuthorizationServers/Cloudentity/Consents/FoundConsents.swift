import Logins
import Threads

/// The addresses at which consents were found, so that a consent with several possible addresses is
/// searched for once. A forgotten address is only searched for again.
final class FoundConsents: Sendable {
    /// More logins than a large bank has pending at one time.
    private static let capacity = 4096

    private let found = Locked<[LoginKey: ConsentAddress]>([:])

    func address(of login: LoginKey) -> ConsentAddress? { found.withLock { $0[login] } }

    func keep(_ address: ConsentAddress, of login: LoginKey) {
        found.withLock { found in
            if found.count >= Self.capacity { found.removeAll(keepingCapacity: true) }
            found[login] = address
        }
    }
}
