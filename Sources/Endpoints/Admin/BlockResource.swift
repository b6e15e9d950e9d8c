import Access
import HTTP
import JSON
import Logins

/// `/admin/v1/blocks`: clients that are blocked for users who said "this wasn't me"; and the end of a
/// user's block after failed proofs.
struct BlockResource: Sendable {
    /// Blocks of an answer.
    private static let longest = 1_000

    let api: APIRoutes
    let base: String
    let conduct: any ConductStore

    var routes: [Route] {
        [
            api.route(.get, base + "/blocks", [.adminRead], list),
            api.route(.delete, base + "/blocks/{block}", [.adminUsers], lift),
            api.route(.post, base + "/users/{user}/unblock", [.adminUsers], unblock),
        ]
    }

    private func list(_ call: APICall) async throws(Problem) -> Response {
        let blocks: [ClientBlock]
        do { blocks = try await conduct.clientBlocks(at: call.now, limit: Self.longest) } catch {
            throw Problem(error)
        }
        return .document(.members(["blocks": .array(blocks.map(Self.document))]))
    }

    private static func document(_ block: ClientBlock) -> JSONValue {
        .members([
            "id": .string(String(block.id)),
            "user": .string(block.user.value),
            "server": .string(block.server.value),
            "tenant": .text(block.tenant?.value),
            "client": .string(block.client.value),
            "login": .integer(block.login.rawValue),
            "since": .time(block.since),
            "until": .time(block.until),
        ])
    }

    private func lift(_ call: APICall) async throws(Problem) -> Response {
        let text = call.request.parameters["block"] ?? ""
        guard let id = Int64(text), id > 0, String(id) == text else { throw Self.missing }
        let event = call.author.event(
            "client.unblocked",
            at: call.now,
            ["block": .integer(id)]
        )
        let isLifted: Bool
        do { isLifted = try await conduct.liftClientBlock(id, event) } catch {
            throw Problem(error)
        }
        guard isLifted else { throw Self.missing }
        return Response(status: 204, fields: [.noStore])
    }

    private func unblock(_ call: APICall) async throws(Problem) -> Response {
        let user: UserID = try call.path("user")
        let event = call.author.event(
            "user.unblocked",
            at: call.now,
            ["user": .string(user.value)]
        )
        do { _ = try await conduct.unblock(user, event) } catch { throw Problem(error) }
        return Response(status: 204, fields: [.noStore])
    }

    private static let missing = Problem(.notFound, "block: there is none with this id.")
}
