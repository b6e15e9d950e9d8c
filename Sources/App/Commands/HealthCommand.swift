import Commands
import Configuration
import Configuration
import HTTP

/// `beckon health`: whether a service on this machine is healthy, for a container's health check.
struct HealthCommand: Subcommand {
    static let name = "health"
    static let summary = "Check whether a running service is healthy. Exit code 69 if it is not."
    static let options: [CommandOption] = [
        .text(
            "management",
            "ADDRESS",
            "The service's management address.",
            default: "127.0.0.1:9464"
        ),
        .text("config", "FILE", "The configuration with the management address."),
        .flag("ready", "Check whether it is ready for work, not only alive."),
    ]

    private let address: SocketAddressText
    private let config: String?
    private let path: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        address = try arguments.address(
            "management",
            default: .init(host: "127.0.0.1", port: 9464)
        )
        config = arguments.text("config")
        if config != nil, arguments.text("management") != nil {
            throw CommandFailure(.usage, "--config cannot be combined with --management")
        }
        path = "/health/" + (arguments.has("ready") ? "ready" : "live")
    }

    func run(_ terminal: any Terminal) async throws {
        let address = try config.map { path throws(ConfigurationError) in
            try ManagementSettings.load(path)
        }
        let url = "http://\(address ?? self.address)\(path)"
        let request = OutboundRequest(
            .get,
            url,
            destination: Destination(proxy: ""),
            timeLimit: .seconds(3)
        )
        let response: OutboundResponse
        do {
            response = try await Composition.send(request)
        } catch {
            throw CommandFailure(.unavailable, "no response from \(url)")
        }
        guard response.status == 200 else {
            throw CommandFailure(.unavailable, "\(url) answers \(response.status)")
        }
        terminal.output("healthy")
    }
}
