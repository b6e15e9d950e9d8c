import Access
import Commands
import Devices
import Endpoints
import Engine
import HTTP
import JSON
import Logins

/// `beckon devices enrol`: a code with which a user enrols one device.
struct EnrolDevice: RemoteAction {
    static let name = "devices enrol"
    static let summary = "Issue a code with which a user enrols one device."
    static let details = """
        Prints the code, the link that an app reads from a QR code, and when the code expires. The code
        works once, for ten minutes, and is shown here only. Give it to its user and nobody else: the
        device that it enrols can approve in the user's name.
        """
    static let options: [CommandOption] = [.ownerOfDevice, .flag("json", "Print JSON.")]

    private let user: UserID
    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        user = try arguments.user()
        writesJSON = arguments.has("json")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        // Without local users they are kept elsewhere, where this command does not look.
        let isLocal = try await !stores.users.users(after: nil, limit: 1).isEmpty
        if isLocal, try await stores.users.user(user)?.isActive != true {
            throw CommandFailure(.failed, "there is no active user \(user)")
        }
        do throws(DeviceDesk.Refusal) {
            let issued = try await DeviceRegistry(stores.devices).issueCode(
                to: user,
                by: .account,
                at: SystemTime.now()
            )
            let end = RFC3339.format(milliseconds: issued.enrolment.endsAt.milliseconds)
            write(
                .members([
                    "code": .string(issued.code.text),
                    "link": .text(
                        settings.publicURL.map {
                            DeviceInterface.link(issued.code, publicURL: $0)
                        }
                    ),
                    "expires_at": .string(end),
                ]),
                terminal
            )
        } catch {
            throw CommandFailure(error)
        }
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        write(try await api.send(.post, ["users", user.value, "enrolments"]).value, terminal)
    }

    private func write(_ issued: JSONValue, _ terminal: any Terminal) {
        if writesJSON {
            terminal.output(String(decoding: issued.bytes, as: UTF8.self))
            return
        }
        for name in ["code", "link", "expires_at"] {
            guard let text = issued[name]?.string else { continue }
            terminal.output("\(name)\t\(LoginText.harmless(text))")
        }
    }
}

/// `beckon devices list`: the devices of a user.
struct ListDevices: RemoteAction {
    static let name = "devices list"
    static let summary = "List the devices of a user."
    static let details = """
        Tab-separated, one device per line: id, name, platform, how the key is protected, whether there
        is a PIN, when it was enrolled and when it was last seen. --json prints an array with one object
        per device.
        """
    static let options: [CommandOption] = [.ownerOfDevice, .flag("json", "Print JSON.")]

    private let user: UserID
    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        user = try arguments.user()
        writesJSON = arguments.has("json")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let entries = try await DeviceRegistry(stores.devices).entries(of: user)
        write(entries.map(DeviceInterface.document), terminal)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let answer = try await api.send(.get, ["users", user.value, "devices"]).value
        write(answer["devices"]?.array ?? [], terminal)
    }

    private func write(_ devices: [JSONValue], _ terminal: any Terminal) {
        if writesJSON {
            terminal.output(String(decoding: JSONValue.array(devices).bytes, as: UTF8.self))
            return
        }
        for device in devices {
            func text(_ name: String) -> String {
                device[name]?.string.map(LoginText.harmless) ?? "-"
            }
            let pin = device["has_pin"]?.bool == true ? "pin" : "-"
            terminal.output(
                [
                    text("id"), text("name"), text("platform"), text("protection"), pin,
                    text("created_at"), text("last_seen_at"),
                ].joined(separator: "\t")
            )
        }
    }
}

/// `beckon devices revoke`: takes a device away from its user, at once.
struct RevokeDevice: RemoteAction {
    static let name = "devices revoke"
    static let summary = "Revoke a device at once and for good."
    static let details = """
        Its next request fails, and what it waits for ends. A user who has lost the device enrols another
        one with a new code.
        """
    static let options: [CommandOption] = [
        .ownerOfDevice,
        .text("device", "ID", "The id, as devices list shows it.", required: true),
    ]

    private let user: UserID
    private let device: DeviceID

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        user = try arguments.user()
        guard let device = DeviceID(arguments.text("device", default: "")) else {
            throw CommandFailure(.usage, "--device must be an id that devices list shows")
        }
        self.device = device
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        do throws(DeviceDesk.Refusal) {
            try await DeviceRegistry(stores.devices).revoke(
                device,
                of: user,
                by: .account,
                at: SystemTime.now()
            )
        } catch {
            throw CommandFailure(error)
        }
        terminal.output("revoked \(device)")
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        _ = try await api.send(.delete, ["users", user.value, "devices", device.value])
        terminal.output("revoked \(device)")
    }
}

extension CommandOption {
    fileprivate static let ownerOfDevice = text(
        "user",
        "IDENTIFIER",
        "The identifier that the authorization server uses.",
        required: true
    )
}

extension CommandFailure {
    fileprivate init(_ refusal: DeviceDesk.Refusal) {
        if case .store(let error) = refusal {
            self.init(error)
        } else {
            self.init(.failed, "\(refusal)")
        }
    }
}
