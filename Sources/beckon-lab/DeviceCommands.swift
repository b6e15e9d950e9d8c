import App
import Commands
import CurlClient
import HTTP
import JOSE
import JSON
import Lab

/// What the commands of the reference device share.
struct DeviceTool: Sendable {
    static let options: [CommandOption] = [
        .text("file", "FILE", "The device's file.", default: "beckon-device.json"),
        .text("ca", "FILE", "Authorities (PEM) of the service. Default: the system's."),
        .text(
            "clock-offset",
            "SECONDS",
            "For tests: how wrong the device's clock is.",
            default: "0"
        ),
    ]

    /// Bytes of the file.
    private static let fileLimit = 16 << 10

    let file: String
    private let authorities: String?
    private let offset: Int

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        file = arguments.text("file", default: "beckon-device.json")
        authorities = arguments.text("ca")
        offset = try arguments.number("clock-offset", default: 0, -1_000_000...1_000_000)
    }

    /// Calls `body` with the device of the file.
    func run<Result: Sendable>(
        _ body: (ReferenceDevice, @escaping LoginFollower.StreamingCall) async throws -> Result
    ) async throws -> Result {
        guard PrivateFile.exists(file) else {
            throw CommandFailure(
                .failed,
                "\(file) does not exist; beckon-lab device enrol makes it"
            )
        }
        guard
            let registration = PrivateFile.read(file, limit: Self.fileLimit)
                .flatMap({ ReferenceDevice.Registration($0) })
        else {
            throw CommandFailure(
                .failed,
                "\(file) is not the file of a device, or others can read it"
            )
        }
        return try await run(registration, body)
    }

    /// Calls `body` with a device that is not enrolled yet, or is.
    func run<Result: Sendable>(
        _ registration: ReferenceDevice.Registration,
        _ body: (ReferenceDevice, @escaping LoginFollower.StreamingCall) async throws -> Result
    ) async throws -> Result {
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        let device = ReferenceDevice(
            registration,
            http: client,
            destination: Destination(authorities: authorities),
            offset: Int64(offset) * 1000
        )
        do {
            return try await body(device) { request, take throws(OutboundError) in
                try await client.stream(request, take: take)
            }
        } catch let failure as ReferenceDevice.Failure {
            var text = ShownLogin.harmless(failure.description)
            if let left = failure.problem?["attempts_left"]?.integer {
                text += "; attempts left: \(left)"
            }
            if let until = failure.problem?["blocked_until"]?.string {
                text += "; blocked until \(ShownLogin.harmless(until))"
            }
            throw CommandFailure(failure.status == nil ? .unavailable : .failed, text)
        }
    }

    /// The first line of a file with a PIN, which only its owner may read.
    static func pin(_ arguments: ParsedArguments) throws(CommandFailure) -> String? {
        guard let file = arguments.text("pin-file") else { return nil }
        guard let bytes = PrivateFile.read(file, limit: 1024) else {
            throw CommandFailure(
                .failed,
                "--pin-file: \(file) cannot be read, or others can read it"
            )
        }
        return String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    }

    static let pinOption = CommandOption.text(
        "pin-file",
        "FILE",
        "File with the PIN, which only its owner may read."
    )
}

/// `beckon-lab device enrol`: registers a new key with an enrolment code.
struct DeviceEnrolCommand: Subcommand {
    static let name = "device enrol"
    static let summary = "Enrol this program as a device of a user."
    static let details = """
        The code is from beckon devices enrol, the inbox or the bank's backend. Makes a new key and
        keeps it in the device's file, which only its owner can read and which must not exist.
        """
    static let options: [CommandOption] =
        DeviceTool.options + [
            .text("service-url", "URL", "URL of the service.", default: "http://127.0.0.1:8081"),
            .text("code", "CODE", "The enrolment code.", required: true),
            .text("name", "TEXT", "How the user recognises the device.", default: "beckon-lab"),
            .text(
                "platform",
                "NAME",
                "android, ios, web, desktop or other.",
                default: "other",
                choices: ["android", "ios", "web", "desktop", "other"]
            ),
            .text("language", "TAG", "The user's language, such as pt-BR."),
            .text(
                "alg",
                "ALG",
                "ES256 or EdDSA.",
                default: "ES256",
                choices: ["ES256", "EdDSA"]
            ),
            DeviceTool.pinOption,
        ]

    private let tool: DeviceTool
    private let arguments: ParsedArguments
    private let algorithm: SignatureAlgorithm

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        tool = try DeviceTool(arguments)
        self.arguments = arguments
        algorithm =
            try arguments.choice("alg", default: "ES256", among: ["ES256", "EdDSA"]) == "ES256"
            ? .es256 : .edDSA
    }

    func run(_ terminal: any Terminal) async throws {
        guard !PrivateFile.exists(tool.file) else {
            throw CommandFailure(.failed, "\(tool.file) exists; it is never overwritten")
        }
        let registration = try ReferenceDevice.Registration(
            service: arguments.text("service-url", default: "http://127.0.0.1:8081"),
            algorithm: algorithm
        )
        let pin = try DeviceTool.pin(arguments)
        // Before the call: a key that the service knows and nobody has is of no use.
        try PrivateFile.write(Array(try registration.text().utf8), tool.file)
        let answer: JSONValue
        do {
            answer = try await tool.run(registration) { device, _ in
                try await device.enrol(
                    code: arguments.text("code", default: ""),
                    name: arguments.text("name", default: "beckon-lab"),
                    platform: arguments.text("platform", default: "other"),
                    languages: arguments.text("language").map { [$0] } ?? [],
                    pin: pin
                )
            }
        } catch {
            PrivateFile.remove(tool.file)
            throw error
        }
        let id = answer["device"]?["id"]?.string ?? ""
        let user = answer["user"]?.string ?? ""
        terminal.output(ShownLogin.harmless("enrolled: device \(id) of \(user)"))
        terminal.error("The key is in \(tool.file).")
    }
}

/// `beckon-lab device watch`: prints logins as they arrive, change and end.
struct DeviceWatchCommand: Subcommand {
    static let name = "device watch"
    static let summary = "Print the logins that wait for the user, as they come and go."
    static let details = """
        Prints each login with what it asks for, and a line when it changed, was answered elsewhere,
        or can no longer be decided. Follows the service's event stream. If the connection ends, it
        is opened again, after growing pauses. Ends by Ctrl-C, or after --for.
        """
    static let options: [CommandOption] =
        DeviceTool.options + [.text("for", "SECONDS", "End after this time.")]

    private let tool: DeviceTool
    private let seconds: Int?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        tool = try DeviceTool(arguments)
        seconds =
            arguments.text("for") == nil
            ? nil : try arguments.number("for", default: 60, 1...86_400)
    }

    func run(_ terminal: any Terminal) async throws {
        try await tool.run { device, open in
            let end = seconds.map { MachineClock().now() + Int64($0) * 1000 } ?? .max
            let follower = LoginFollower(
                device,
                open: open,
                tell: { terminal.error(ShownLogin.harmless($0)) }
            )
            var watch = LoginWatch()
            try await follower.run(until: end) { () throws(ReferenceDevice.Failure) in
                for line in try await watch.look(at: device) { terminal.output(line) }
                return false
            }
        }
    }
}

/// What the commands that decide share.
struct DeviceDecider: Sendable {
    static let options: [CommandOption] =
        DeviceTool.options + [
            .text("login", "ID", "The login. Default: the only one that waits."),
            .text("wait", "SECONDS", "Wait so long for a login to arrive.", default: "0"),
        ]

    private let tool: DeviceTool
    private let id: String?
    private let wait: Int

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        tool = try DeviceTool(arguments)
        id = arguments.text("login")
        wait = try arguments.number("wait", default: 0, 0...3600)
    }

    /// Shows the login, asks `confirm`, decides, and waits until the service says what became of it.
    func decide(
        _ choice: DeviceDecision.Choice,
        _ terminal: any Terminal,
        selecting selection: DeviceDecision.Selection = .init(),
        pin: String? = nil,
        code: String? = nil,
        confirm: @Sendable (ShownLogin) throws -> Void = { _ in }
    ) async throws {
        try await tool.run { device, open in
            let login = try await login(device, open)
            for line in login.lines { terminal.output(line) }
            try confirm(login)
            var answer = try await device.decide(
                choice,
                login,
                selecting: selection,
                pin: pin,
                code: code
            )
            while answer.body["phase"]?.string == "reporting", let tag = answer.tag {
                let next = try await device.login(login.id, seen: tag, wait: 20)
                guard next.status != 304 else { break }
                answer = next
            }
            let body = answer.body
            for name in ["outcome", "decision", "acr", "delivery"] {
                if let value = body[name]?.string {
                    terminal.output(ShownLogin.harmless("\(name): \(value)"))
                }
            }
        }
    }

    private func login(
        _ device: ReferenceDevice,
        _ open: @escaping LoginFollower.StreamingCall
    ) async throws -> ShownLogin {
        func waiting() async throws(ReferenceDevice.Failure) -> [JSONValue] {
            try await device.logins().filter { document in
                id.map { document["id"]?.string == $0 } ?? true
            }
        }
        let end = MachineClock().now() + Int64(wait) * 1000
        var found = try await waiting()
        if found.isEmpty, wait > 0 {
            try await LoginFollower(device, open: open).run(until: end) {
                () throws(ReferenceDevice.Failure) in
                found = try await waiting()
                return !found.isEmpty
            }
        }
        guard let document = found.first else {
            throw CommandFailure(
                .failed,
                id.map { "login \($0) does not wait" } ?? "no login waits"
            )
        }
        guard found.count == 1 else {
            throw CommandFailure(.failed, "\(found.count) logins wait; name one with --login")
        }
        return try ShownLogin(document)
    }
}

/// `beckon-lab device approve`: shows a login and approves it with the device's key.
struct DeviceApproveCommand: Subcommand {
    static let name = "device approve"
    static let summary = "Show a login, and approve it with the device's key."
    static let details = """
        Prints what is asked, and asks once more unless --yes is given. What is signed is computed
        from what was printed. With --pin-file the approval counts as device_key_pin.
        """
    static let options: [CommandOption] =
        DeviceDecider.options + [
            .text("account", "ID[,ID…]", "The accounts to grant, comma-separated."),
            .text("scope", "NAME[,NAME…]", "The scopes to grant. Default: all."),
            DeviceTool.pinOption,
            .text("code", "DIGITS", "The number that the other device shows."),
            .flag("yes", "Approve without asking."),
        ]

    private let decider: DeviceDecider
    private let arguments: ParsedArguments

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        decider = try DeviceDecider(arguments)
        self.arguments = arguments
    }

    func run(_ terminal: any Terminal) async throws {
        let isSure = arguments.has("yes")
        func list(_ name: String) -> [String]? {
            arguments.text(name)?.split(separator: ",").map(String.init)
        }
        try await decider.decide(
            .approve,
            terminal,
            selecting: .init(accounts: list("account"), scopes: list("scope")),
            pin: try DeviceTool.pin(arguments),
            code: arguments.text("code")
        ) { _ in
            guard !isSure else { return }
            guard terminal.readSecret(prompt: "Approve this? Type yes: ") == "yes" else {
                throw CommandFailure(.failed, "nothing was decided")
            }
        }
    }
}

/// `beckon-lab device decline`: shows a login and declines it.
struct DeviceDeclineCommand: Subcommand {
    static let name = "device decline"
    static let summary = "Show a login, and decline it."
    static let options = DeviceDecider.options

    private let decider: DeviceDecider

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        decider = try DeviceDecider(arguments)
    }

    func run(_ terminal: any Terminal) async throws { try await decider.decide(.deny, terminal) }
}

/// `beckon-lab device report`: "this wasn't me".
struct DeviceReportCommand: Subcommand {
    static let name = "device report"
    static let summary = "Show a login, and report that the user did not start it."
    static let options = DeviceDecider.options

    private let decider: DeviceDecider

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        decider = try DeviceDecider(arguments)
    }

    func run(_ terminal: any Terminal) async throws { try await decider.decide(.fraud, terminal) }
}
