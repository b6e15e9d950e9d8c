import Access
import Devices
import Engine
import HTTP
import JSON
import Logins

/// `…/users/{user}/enrolments` and `…/users/{user}/devices`: codes for enrolling, and the devices that
/// were enrolled with them.
struct DeviceResource: Sendable {
    let api: APIRoutes
    let base: String
    let scopes: (read: AccessScope, change: AccessScope)
    let devices: DeviceInterface

    var routes: [Route] {
        let user = base + "/users/{user}"
        return [
            api.route(.post, user + "/enrolments", [scopes.change], issue),
            api.route(.get, user + "/devices", [scopes.read], list),
            api.route(.delete, user + "/devices/{device}", [scopes.change], revoke),
        ]
    }

    private func issue(_ call: APICall) async throws(Problem) -> Response {
        let user: UserID = try call.path("user")
        let isKnown: Bool
        do { isKnown = try await devices.isKnown(user) } catch {
            throw Problem(.unavailable, "Retry after the time in Retry-After.")
        }
        guard isKnown else {
            throw Problem(.notFound, "user: there is no active one with this identifier.")
        }
        call.once?.forgo()
        do throws(DeviceDesk.Refusal) {
            let issued = try await devices.registry.issueCode(
                to: user,
                by: call.author,
                at: call.now
            )
            return .document(
                .members([
                    "code": .string(issued.code.text),
                    "link": .string(devices.link(issued.code)),
                    "expires_at": .time(issued.enrolment.endsAt),
                ]),
                status: 201
            )
        } catch {
            throw Problem(error)
        }
    }

    private func list(_ call: APICall) async throws(Problem) -> Response {
        let user: UserID = try call.path("user")
        let entries: [DeviceRegistry.Entry]
        do { entries = try await devices.registry.entries(of: user) } catch {
            throw Problem(error)
        }
        return .document(.members(["devices": .array(entries.map(DeviceDocument.value))]))
    }

    private func revoke(_ call: APICall) async throws(Problem) -> Response {
        let user: UserID = try call.path("user")
        let device: DeviceID = try call.path("device")
        do throws(DeviceDesk.Refusal) {
            try await devices.registry.revoke(device, of: user, by: call.author, at: call.now)
        } catch {
            if error == .unknownDevice {
                throw Problem(.notFound, "device: the user has none with this identifier.")
            }
            throw Problem(error)
        }
        return Response(status: 204, fields: [.noStore])
    }
}
