import Access
import HTTP
import JSON
import Logins

extension InboxRoutes {
    /// Consents to delegation with the names of their clients, those in force first, then the newest.
    func consents(
        of user: UserID
    ) async throws(StoreError) -> [(consent: DelegationConsent, name: String?)] {
        var consents: [DelegationConsent] = []
        var after: String?
        repeat {
            let page = try await access.consents(
                ConsentFilter(user: user),
                after: after,
                limit: Self.longestList
            )
            consents += page
            after = page.count == Self.longestList ? page.last?.id : nil
        } while after != nil && consents.count < 10 * Self.longestList
        consents.sort { first, second in
            first.isInForce != second.isInForce
                ? first.isInForce : first.acceptedAt > second.acceptedAt
        }
        var named: [(consent: DelegationConsent, name: String?)] = []
        for consent in consents.prefix(Self.longestList) {
            named.append((consent, try await access.client(consent.client)?.client.name))
        }
        return named
    }

    /// `POST /inbox/consents/{id}/withdraw`: from the next request on, tokens for the user are worth
    /// nothing and the client gets no new ones.
    func withdraw(_ request: Request, _ caller: SessionGuard.Caller) async -> Response {
        do throws(StoreError) {
            guard let user = caller.session.user,
                let consent = try await access.consent(request.parameters["id"] ?? ""),
                consent.user == user
            else { return missing(request) }
            guard consent.isInForce else { return backToInbox }
            let now = clock.now()
            let event = AuditEvent(
                "consent.withdrawn",
                at: now,
                [
                    "consent": .string(consent.id),
                    "user": .string(user.value),
                    "client": .string(consent.client.value),
                    "by": .string(caller.session.id),
                    "channel": .string(DelegationConsent.Channel.inbox.rawValue),
                    "address": .string(request.peer.address),
                ]
            )
            _ = try await access.commit([.withdrawConsent(consent.id, at: now), .audit(event)])
            return backToInbox
        } catch {
            return refused(.store(error), request)
        }
    }
}
