import Access
import Logins
import Texts

/// For whom a delegated client may act: a known, active user with a consent in force.
struct DelegationRule: Sendable {
    let store: any AccessStore
    let users: any UserDirectory
    let settings: TrustSettings

    /// - Throws: `TokenRefusal.grant`, with one text for all causes; `unavailable` if the user cannot
    ///   be looked up.
    func granted(
        to client: APIClient,
        for subject: String,
        by assertionID: String?
    ) async throws(TokenRefusal) -> Granted {
        guard !subject.isExactly(client.id.value) else { throw .grant("it names no user") }
        guard let user = UserID(subject) else { throw .grant("sub is no user") }
        let known: User?
        let standing: Standing
        do {
            standing = try await store.standing(
                StandingQuestion(client: client.id, token: nil, user: user)
            )
        } catch {
            throw .unavailable("store: \(error)")
        }
        do { known = try await users.current(user) } catch {
            throw .unavailable("\(error)")
        }
        guard let known else { throw .grant("the user is not known") }
        guard known.isActive else { throw .grant("the user is disabled") }
        guard standing.consent != nil else { throw .grant("no consent in force") }
        return Granted(
            subject: user.value,
            kind: .delegated,
            user: user,
            assertionID: assertionID,
            life: settings.delegatedTokenLife
        )
    }
}
