import Access
import Devices
import Engine
import HTTP
import JOSE
import JSON
import Logins

/// `/admin/v1/users/{user}/passkeys`: the passkeys of a user, and their removal.
struct PasskeyResource: Sendable {
    let api: APIRoutes
    let base: String
    let passkeys: RegisteredPasskeys

    var routes: [Route] {
        let all = base + "/users/{user}/passkeys"
        return [
            api.route(.get, all, [.adminRead], list),
            api.route(.delete, all + "/{passkey}", [.adminUsers], remove),
        ]
    }

    private func list(_ call: APICall) async throws(Problem) -> Response {
        let user: UserID = try call.path("user")
        let found: [Credential]
        do { found = try await passkeys.passkeys(of: user) } catch { throw Problem(error) }
        return .document(.members(["passkeys": .array(found.map(Self.document))]))
    }

    private static func document(_ credential: Credential) -> JSONValue {
        .members([
            "id": .string(credential.id.value),
            "name": .text(credential.name.isEmpty ? nil : credential.name),
            "algorithm": .string(credential.algorithm.rawValue),
            "backed_up": credential.passkey.map { .bool($0.isBackedUp) },
            "transports": credential.passkey.map { .texts($0.transports) },
            "created_at": .time(credential.createdAt),
            "last_used_at": credential.lastUsedAt.map { .time($0) },
        ])
    }

    private func remove(_ call: APICall) async throws(Problem) -> Response {
        let user: UserID = try call.path("user")
        guard let id = CredentialID(call.request.parameters["passkey"] ?? "") else {
            throw Problem(PasskeyDesk.Refusal.unknown)
        }
        do { try await passkeys.remove(id, of: user, by: call.author) } catch {
            throw Problem(error)
        }
        return Response(status: 204, fields: [.noStore])
    }
}

extension Problem {
    /// Why a passkey was not changed.
    init(_ refusal: PasskeyDesk.Refusal) {
        switch refusal {
        case .store(let error): self.init(error)
        case .unknown: self.init(.notFound, "passkey: the user has none with this id.")
        case .passkey, .stale, .taken, .tooMany, .decision:
            self.init(.conflict, "\(refusal.description).")
        }
    }
}
