import Engine
import HTTP
import Logins
import Telemetry
import WebAuthn

extension PasskeyDesk {
    /// What a passkey is to sign to approve what a form of the approval page has, as JSON.
    func options(
        _ opening: DecisionDesk.Opening,
        _ form: Form,
        _ log: Logger
    ) async -> Response {
        do throws(Refusal) {
            let offer = try await offer(opening) { ApprovalRoutes.selection(form, $0) }
            return PasskeyOptions.request(offer, rules)
        } catch {
            switch error {
            case .decision(.noSuchPrompt), .decision(.otherLogin):
                return Problem(.notFound, "The ticket is not valid.").response
            case .decision(let refusal):
                log.storeTrouble(refusal)
                return Problem(refusal).response
            case .store(let error):
                log.storeTrouble(.store(error))
                return Problem(.unavailable, "Passkeys cannot be read now.").response
            case .unknown, .passkey, .stale, .taken, .tooMany:
                return Problem(.methodNotAllowed, "The user has no passkey.").response
            }
        }
    }

    /// Judges the form of the approval page with an assertion in it.
    func approve(
        _ opening: DecisionDesk.Opening,
        _ form: Form,
        via: Evidence.Via,
        address: String?,
        agent: String?
    ) async throws(Refusal) -> StoredLogin {
        guard let assertion = form.assertion else {
            // Says first what the decision would be refused for.
            _ = try await offer(opening) { ApprovalRoutes.selection(form, $0) }
            throw .passkey(.clientData)
        }
        return try await approve(
            opening,
            by: assertion,
            via: via,
            address: address,
            agent: agent,
            selecting: { ApprovalRoutes.selection(form, $0) }
        )
    }
}
