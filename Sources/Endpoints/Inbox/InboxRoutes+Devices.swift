import Access
import Devices
import Engine
import HTTP
import JSON
import Localization
import Logins
import Telemetry

extension InboxRoutes {
    /// `POST /inbox/devices/code` and `/inbox/devices/{id}/revoke`; none where there are no devices.
    var deviceRoutes: [Route] {
        guard let devices else { return [] }
        return [
            post("/inbox/devices/code") { request, _, caller in
                do throws(SessionGuard.Refusal) {
                    let visit = try await visit(request, caller)
                    return await issue(devices, visit, request)
                } catch {
                    return refused(error, request)
                }
            },
            post("/inbox/devices/{id}/revoke") { request, _, caller in
                guard let user = caller.session.user,
                    let id = DeviceID(request.parameters["id"] ?? "")
                else { return missing(request) }
                do throws(DeviceDesk.Refusal) {
                    try await devices.registry.revoke(
                        id,
                        of: user,
                        by: .user(caller.session, address: request.peer.address),
                        at: clock.now()
                    )
                    return backToInbox
                } catch {
                    return refused(error, request)
                }
            },
        ]
    }

    private func issue(
        _ devices: DeviceInterface,
        _ visit: Visit,
        _ request: Request
    ) async -> Response {
        do throws(DeviceDesk.Refusal) {
            let issued = try await devices.registry.issueCode(
                to: visit.user,
                by: .user(visit.caller.session, address: request.peer.address),
                at: clock.now()
            )
            let html = visit.page.code(
                issued.code,
                link: devices.link(issued.code),
                until: issued.enrolment.endsAt
            )
            return headers.response(200, html)
        } catch {
            return refused(error, request)
        }
    }

    private func refused(_ refusal: DeviceDesk.Refusal, _ request: Request) -> Response {
        if case .store(let error) = refusal {
            log.error("device.unavailable") { $0.member("cause", "\(error)") }
            return message(503, .unavailableHeading, .unavailableText, request)
        }
        return refusal == .unknownDevice
            ? missing(request)
            : message(409, .deviceNotAddedHeading, .deviceNotAddedText, request)
    }
}
