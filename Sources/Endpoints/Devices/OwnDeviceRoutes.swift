import Access
import Devices
import Engine
import HTTP
import JSON
import Logins
import Telemetry
import Trust

/// What a device does with its own registration: enrol, read, change, replace its key, and forget
/// itself.
struct OwnDeviceRoutes: Sendable {
    /// Bytes of a body: eight addresses of channels, and the rest.
    private static let bodyLimit = 49_152

    private let deviceGuard: DeviceGuard
    private let directory: any UserDirectory
    private let channels: Set<ChannelID>
    private var desk: DeviceDesk { deviceGuard.desk }

    /// `directory` must not remember by which channels a user was reached before; `channels` are the
    /// names of the configured notification channels.
    init(
        _ deviceGuard: DeviceGuard,
        directory: any UserDirectory,
        channels: Set<ChannelID>
    ) {
        self.deviceGuard = deviceGuard
        self.directory = directory
        self.channels = channels
    }

    /// `POST /device/v1/enrolments`, `/device/v1/device` and `POST /device/v1/device/key`.
    var routes: [Route] {
        [
            deviceGuard.openRoute(.post, "/device/v1/enrolments", limit: Self.bodyLimit, enrol),
            deviceGuard.route(.get, "/device/v1/device") { call async throws(Problem) in
                DeviceDocument.response(call.enrolled, at: call.now)
            },
            deviceGuard.route(.patch, "/device/v1/device", limit: Self.bodyLimit, change),
            deviceGuard.route(.delete, "/device/v1/device", forget),
            deviceGuard.route(.post, "/device/v1/device/key", limit: 16_384, rotate),
        ]
    }

    private func enrol(
        _ request: Request,
        _ proven: ProofOfKey.Proven
    ) async throws(Problem) -> Response {
        let body = try BodyMembers(
            request,
            ["code", "name", "platform", "languages", "protection", "pin", "channels"]
        )
        let members = DeviceMembers(members: body, channels: channels)
        let text = try body.required("code", try body.text("code"))
        let profile = DeviceDesk.Profile(
            name: try body.required("name", try members.name()),
            platform: try body.required(
                "platform",
                try body.choice("platform", Device.Platform.self)
            ),
            languages: try members.languages() ?? [],
            protection: try body.choice("protection", Device.Protection.self) ?? .unknown,
            channels: try members.reachedBy() ?? []
        )
        let pin = try members.pin()
        // Like one that nobody waits for.
        guard let code = EnrolmentCode(text) else {
            throw Problem(DeviceDesk.Refusal.unknownCode)
        }
        let enrolled: DeviceDesk.Enrolled
        do { try await desk.requireWaiting(code) } catch {
            deviceGuard.log.info("device.code_refused") { $0.member("cause", "\(error)") }
            throw Problem(error)
        }
        try await deviceGuard.use(proven)
        do {
            enrolled = try await desk.enrol(
                code,
                DeviceDesk.Key(proven.key, proven.algorithm),
                profile,
                pin: pin,
                address: request.peer.address
            )
        } catch {
            throw Problem(error)
        }
        directory.forget(enrolled.device.user)
        return DeviceDocument.response(enrolled, at: desk.now(), status: 201)
    }

    private func change(_ call: DeviceCall) async throws(Problem) -> Response {
        let body = try BodyMembers(
            call.request,
            ["name", "languages", "channels", "pin"],
            types: [BodyMembers.mergePatch, "application/json"]
        )
        let members = DeviceMembers(members: body, channels: channels)
        var device = call.device
        device.name = try members.name() ?? device.name
        device.languages = try members.languages() ?? device.languages
        device.channels = try members.reachedBy() ?? device.channels
        let pins = try body.parsed(
            "pin",
            "must be an object with \"old\" and \"new\", each a text of 4 to 64 characters"
        ) { value -> (old: String, new: String)? in
            guard value.object?.members.count == 2, let old = DeviceMembers.pin(value["old"]),
                let new = DeviceMembers.pin(value["new"])
            else { return nil }
            return (old, new)
        }
        do {
            // The PIN first: it can be refused, and then nothing changes.
            if let pins {
                try await desk.changePIN(of: call.enrolled, from: pins.old, to: pins.new)
            }
            if device != call.device { try await desk.change(device, by: call.enrolled) }
        } catch {
            throw Problem(error)
        }
        directory.forget(device.user)
        return DeviceDocument.response(
            DeviceDesk.Enrolled(key: call.key, device: device),
            at: desk.now()
        )
    }

    private func forget(_ call: DeviceCall) async throws(Problem) -> Response {
        do {
            try await desk.revoke(
                call.device.id,
                of: call.device.user,
                by: .device(call.device.id, address: call.request.peer.address)
            )
        } catch {
            throw Problem(error)
        }
        return Response(status: 204, fields: [.noStore])
    }

    private func rotate(_ call: DeviceCall) async throws(Problem) -> Response {
        let body = try BodyMembers(call.request, ["proof"])
        let proof = try body.required("proof", try body.text("proof"))
        let rotated: DeviceDesk.Enrolled
        do {
            rotated = try await desk.rotate(
                call.enrolled,
                proof: proof,
                newKey: ProofOfKey.key(in:)
            )
        } catch {
            throw Problem(error)
        }
        return DeviceDocument.response(rotated, at: desk.now())
    }
}
