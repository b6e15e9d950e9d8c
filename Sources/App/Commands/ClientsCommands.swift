import Access
import Commands
import Configuration
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Texts

/// `beckon clients list`: the clients, one per line.
struct ListClients: RemoteAction {
    static let name = "clients list"
    static let summary = "List the clients of the token endpoint."
    static let details = """
        Tab-separated, one client per line: identifier, type, status, creation date, name, keys by
        name and thumbprint. --json prints an array with one object per client.
        """
    static let options: [CommandOption] = [
        .text("type", "TYPE", "Only this type.", choices: APIClient.Kind.allCases.map(\.rawValue)),
        .text(
            "status",
            "STATUS",
            "Only this status.",
            choices: APIClient.Status.allCases.map(\.rawValue)
        ),
        .flag("json", "Print JSON."),
    ]
    /// Clients read at a time.
    private static let page = 500

    private let filter: ClientFilter
    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        let kinds = APIClient.Kind.allCases.map(\.rawValue)
        let states = APIClient.Status.allCases.map(\.rawValue)
        filter = ClientFilter(
            kind: .init(rawValue: try arguments.choice("type", default: "", among: kinds)),
            status: .init(rawValue: try arguments.choice("status", default: "", among: states))
        )
        writesJSON = arguments.has("json")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        var last: APIClientID?
        var separator = "["
        while true {
            let found = try await stores.access.clients(filter, after: last, limit: Self.page)
            for stored in found {
                terminal.output(
                    writesJSON
                        ? separator + String(decoding: stored.row.bytes, as: UTF8.self)
                        : Self.line(stored.row)
                )
                separator = ","
            }
            guard found.count == Self.page else { break }
            last = found.last?.client.id
        }
        if writesJSON { terminal.output(separator == "[" ? "[]" : "]") }
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        var separator = "["
        let query = Form(known: [
            ("type", filter.kind?.rawValue), ("status", filter.status?.rawValue), ("limit", "500"),
        ])
        try await api.each("clients", ["clients"], query: query.fields) { row in
            terminal.output(
                writesJSON
                    ? separator + String(decoding: row.bytes, as: UTF8.self) : Self.line(row)
            )
            separator = ","
            return true
        }
        if writesJSON { terminal.output(separator == "[" ? "[]" : "]") }
    }

    private static func line(_ row: JSONValue) -> String {
        func text(_ name: String) -> String { LoginText.harmless(row[name]?.string ?? "") }
        let keys = (row["keys"]?.array ?? []).map { key in
            LoginText.harmless(key["kid"]?.string ?? "") + " " + (key["thumbprint"]?.string ?? "")
        }
        return [
            text("client_id"), text("type"), text("status"), text("created_at"), text("name"),
            keys.isEmpty ? "-" : keys.joined(separator: ","),
        ].joined(separator: "\t")
    }
}

/// `beckon clients show`: everything about a client but key material and secrets.
struct ShowClient: RemoteAction {
    static let name = "clients show"
    static let summary = "Show a client, without key material and secrets."
    static let options: [CommandOption] = [.clientID, .flag("json", "Print JSON.")]

    private let id: APIClientID
    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        id = try arguments.clientID()
        writesJSON = arguments.has("json")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        guard let stored = try await stores.access.client(id) else {
            throw CommandFailure(.failed, "there is no client \(id)")
        }
        show(stored.view, terminal)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        show(try await api.send(.get, ["clients", id.value]).value, terminal)
    }

    private func show(_ view: JSONValue, _ terminal: any Terminal) {
        guard !writesJSON else {
            terminal.output(KeyFile.text(view))
            return
        }
        for member in view.object?.members ?? [] where !member.value.isNull {
            let values = member.value.array ?? [member.value]
            for (index, value) in values.enumerated() {
                let text = value.string.map(LoginText.harmless) ?? KeyFile.text(value)
                terminal.output((index == 0 ? member.name : "").padded(to: 28) + text)
            }
        }
    }
}

/// `beckon clients suspend`, `resume` and `revoke`.
struct ChangeClient<Change: ClientChange>: RemoteAction {
    static var name: String { "clients " + Change.verb }
    static var summary: String { Change.summary }
    static var options: [CommandOption] { [.clientID] }

    private let id: APIClientID

    init(_ arguments: ParsedArguments) throws(CommandFailure) { id = try arguments.clientID() }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let note = try await stores.change(id, settings, Change.change)
        terminal.output("\(Change.done) \(id)" + note)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let answer = try await Change.change(id, api)
        terminal.output("\(Change.done) \(id)" + answer.note)
    }
}

/// What `ChangeClient` does.
protocol ClientChange: Sendable {
    static var verb: String { get }
    static var summary: String { get }
    /// The first word of the output.
    static var done: String { get }
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient
    /// The same through the admin API.
    static func change(
        _ client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer
}

extension ClientChange {
    static func set(
        _ status: APIClient.Status,
        of client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer {
        try await api.send(
            .patch,
            ["clients", client.value],
            body: .members(["status": .string(status.rawValue)]),
            fields: [Field("If-Match", "*")]
        )
    }
}

enum SuspendClient: ClientChange {
    static let verb = "suspend"
    static let summary = "Suspend a client, from its next request on."
    static let done = "suspended"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.suspended(true)
    }
    static func change(
        _ client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer {
        try await set(.suspended, of: client, api)
    }
}

enum ResumeClient: ClientChange {
    static let verb = "resume"
    static let summary = "Resume a suspended client."
    static let done = "resumed"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.suspended(false)
    }
    static func change(
        _ client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer {
        try await set(.active, of: client, api)
    }
}

enum RevokeClient: ClientChange {
    static let verb = "revoke"
    static let summary = "Revoke a client for good, from its next request on."
    static let done = "revoked"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.revoked()
    }
    static func change(
        _ client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer {
        try await api.send(.post, ["clients", client.value, "revoke"])
    }
}
