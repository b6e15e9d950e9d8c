import Logins
import Threads

/// Where consents were found, so that one that has several candidates is probed once. What is
/// forgotten is only probed again.
final class FoundConsents: Sendable {
    /// As many as may be under way at a time in a large bank.
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
