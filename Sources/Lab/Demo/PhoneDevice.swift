public import HTTP
import JOSE
import JSON
import Threads

/// The demo's phone as an enrolled device: it shows what its user is asked, and approves with its key.
///
/// Its key is in memory, so it is gone when the demo ends.
public final class PhoneDevice: Sendable {
    private let service: String
    private let http: any OutboundHTTP
    private let clock: any SimulatorClock
    private let device = Locked<ReferenceDevice?>(nil)

    /// `service` is where Beckon answers devices, without a slash at its end.
    public init(
        service: String,
        http: any OutboundHTTP,
        clock: any SimulatorClock = MachineClock()
    ) {
        self.service = service
        self.http = http
        self.clock = clock
    }

    /// The routes of the page; `device` is nil in a demo without one.
    static func routes(_ device: @escaping @Sendable () -> PhoneDevice?) -> [Route] {
        let base = Phone.path + "/device"
        func route(
            _ path: String,
            _ act:
                @escaping @Sendable (PhoneDevice, JSONValue) async throws(ReferenceDevice.Failure)
                -> JSONValue
        ) -> Route {
            Route(.post, base + path, deadline: .seconds(30)) { request in
                await answer(request, device(), act)
            }
        }
        return [
            Route(.get, base) { _ in
                let isEnrolled = device()?.device.withLock { $0 != nil } ?? false
                return .json(200, .members(["enrolled": .bool(isEnrolled)]))
            },
            route("") { phone, body async throws(ReferenceDevice.Failure) in
                try await phone.enrol(body["code"]?.string ?? "", pin: text(body["pin"]))
            },
            route("/login") { phone, body async throws(ReferenceDevice.Failure) in
                let shown = try await phone.shown(body)
                return .members([
                    "lines": .texts(shown.lines), "methods": .texts(shown.methods),
                    "number_matching": .string(shown.numberMatching),
                    "numbers": .texts(shown.numbers),
                ])
            },
            route("/decision") { phone, body async throws(ReferenceDevice.Failure) in
                try await phone.decide(body)
            },
        ]
    }

    /// What a field of the page has; nil if it is empty.
    private static func text(_ value: JSONValue?) -> String? {
        value?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func answer(
        _ request: Request,
        _ device: PhoneDevice?,
        _ act: (PhoneDevice, JSONValue) async throws(ReferenceDevice.Failure) -> JSONValue
    ) async -> Response {
        // Forms of other sites cannot send this type without a preflight request.
        guard request.contentType == "application/json",
            let body = try? JSONValue(Array(request.body))
        else { return .json(415, .members(["error": .string("send JSON")])) }
        guard let device else { return .json(404, .members(["error": .string("no device")])) }
        do {
            return .json(200, try await act(device, body))
        } catch {
            return .json(409, .members(["error": .string(error.description)]))
        }
    }

    private func enrol(
        _ code: String,
        pin: String?
    ) async throws(ReferenceDevice.Failure) -> JSONValue {
        let registration: ReferenceDevice.Registration
        do {
            registration = try ReferenceDevice.Registration(service: service, algorithm: .es256)
        } catch {
            throw ReferenceDevice.Failure("the key cannot be made: \(error)")
        }
        // It is on this machine, whatever proxy leads out of it.
        let new = ReferenceDevice(
            registration,
            http: http,
            destination: Destination(proxy: ""),
            clock: clock
        )
        let answer = try await new.enrol(code: code, name: "Demo phone", pin: pin)
        device.withLock { $0 = new }
        return .members(["user": answer["user"]])
    }

    private func enrolled() throws(ReferenceDevice.Failure) -> ReferenceDevice {
        guard let device = device.withLock({ $0 }) else {
            throw ReferenceDevice.Failure("the phone is not enrolled")
        }
        return device
    }

    private func shown(_ body: JSONValue) async throws(ReferenceDevice.Failure) -> ShownLogin {
        try ShownLogin(try await enrolled().login(body["login_id"]?.string ?? "").body)
    }

    /// Decides what was shown. Where an account has to be chosen, the first one pays.
    private func decide(_ body: JSONValue) async throws(ReferenceDevice.Failure) -> JSONValue {
        guard let choice = DeviceDecision.Choice(rawValue: body["decision"]?.string ?? "") else {
            throw ReferenceDevice.Failure("there is no such decision")
        }
        let login = try await shown(body)
        let answer = try await enrolled().decide(
            choice,
            login,
            selecting: .init(accounts: login.accounts.first.map { [$0.name] }),
            pin: Self.text(body["pin"]),
            code: Self.text(body["code"])
        )
        return .members(["outcome": answer.body["outcome"], "acr": answer.body["acr"]])
    }
}
