import Access
import HTTP
import JSON
import Logins

/// `/admin/v1/client-changes`: changes of clients that wait for a second administrator.
struct ClientChangeResource: Sendable {
    let api: APIRoutes
    let base: String
    let desk: ClientDesk

    var routes: [Route] {
        let all = base + "/client-changes"
        return [
            api.route(.get, all, [.adminRead], list),
            api.route(.get, all + "/{id}", [.adminRead], show),
            api.route(.post, all + "/{id}/confirm", [.adminClients], confirm),
            api.route(.post, all + "/{id}/refuse", [.adminClients], refuse),
        ]
    }

    private func list(_ call: APICall) async throws(Problem) -> Response {
        let query = try ListQuery(call, [])
        let found: [ClientProposal]
        do {
            found = try await api.access.proposals(after: query.after, limit: query.limit + 1)
        } catch {
            throw Problem(error)
        }
        return query.page("client_changes", found, key: \.id, \.view)
    }

    private func show(_ call: APICall) async throws(Problem) -> Response {
        let found: ClientProposal?
        do { found = try await api.access.proposal(Self.id(call)) } catch { throw Problem(error) }
        guard let found else { throw Problem(ClientDesk.Refusal.missing) }
        return .document(found.view)
    }

    private static func id(_ call: APICall) -> String { call.request.parameters["id"] ?? "" }

    /// Answers with the client as it is then.
    private func confirm(_ call: APICall) async throws(Problem) -> Response {
        do {
            let stored = try await desk.confirm(Self.id(call), by: call.author, at: call.now) {
                call.storing(ClientResource.response($0))
            }
            return ClientResource.response(stored)
        } catch {
            throw Self.problem(error)
        }
    }

    /// Answers with the change that was refused.
    private func refuse(_ call: APICall) async throws(Problem) -> Response {
        do {
            return .document(
                try await desk.refuse(Self.id(call), by: call.author, at: call.now).view
            )
        } catch {
            throw Self.problem(error)
        }
    }

    /// Without `If-Match` there is no precondition that could fail.
    private static func problem(_ refusal: ClientDesk.Refusal) -> Problem {
        guard refusal == .changed else { return Problem(refusal) }
        return Problem(.conflict, "The client was changed since; ask for the change again.")
    }
}
