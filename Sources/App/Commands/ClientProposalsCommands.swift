import Access
import Commands
import Configuration
import HTTP
import JSON
import Logins
import Texts

/// `beckon clients changes`: the changes that wait for a second administrator.
struct ListClientChanges: RemoteAction {
    static let name = "clients changes"
    static let summary = "List changes of clients that wait for a second administrator."
    static let details = """
        Tab-separated, one change per line: identifier, create or change, client, who asked for it, when,
        until when it can be confirmed. --json prints an array with the client as it will be. There are
        such changes if the configuration has trust.four_eyes.
        """
    static let options: [CommandOption] = [.flag("json", "Print JSON.")]
    /// Changes read at a time.
    private static let page = 500

    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) { writesJSON = arguments.has("json") }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        var all: [ClientProposal] = []
        while true {
            let found = try await stores.access.proposals(after: all.last?.id, limit: Self.page)
            all += found
            guard found.count == Self.page else { break }
        }
        show(all.map(\.view), terminal)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        var all: [JSONValue] = []
        try await api.each("client_changes", ["client-changes"]) { change in
            all.append(change)
            return true
        }
        show(all, terminal)
    }

    private func show(_ all: [JSONValue], _ terminal: any Terminal) {
        guard !writesJSON else {
            terminal.output(KeyFile.text(.array(all)))
            return
        }
        let names = ["id", "kind", "client_id", "requested_by", "requested_at", "expires_at"]
        for change in all {
            let columns = names.map { LoginText.harmless(change[$0]?.string ?? "") }
            terminal.output(columns.joined(separator: "\t"))
        }
    }
}

/// `beckon clients confirm` and `refuse`: decides a change that another administrator asked for.
struct DecideClientChange<Decision: ClientDecision>: RemoteAction {
    static var name: String { "clients " + Decision.verb }
    static var summary: String { Decision.summary }
    static var details: String {
        """
        It must run under another account than the command that asked for the change; both accounts are
        in the audit. A change that came through the admin API can be decided by any account.
        """
    }
    static var options: [CommandOption] {
        [.text("change", "IDENTIFIER", "The change, as listed.", required: true)]
    }

    private let change: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        change = arguments.text("change", default: "")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        do throws(ClientDesk.Refusal) {
            let client = try await Decision.decide(change, stores.clientDesk(settings))
            terminal.output("\(Decision.done) \(LoginText.harmless(change)) of \(client)")
        } catch {
            switch error {
            case .missing:
                throw CommandFailure(
                    .failed,
                    "there is no change \(LoginText.harmless(change)); see beckon clients changes"
                )
            case .store(let error): throw CommandFailure(error)
            default: throw CommandFailure(.failed, "\(error)")
            }
        }
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let answer = try await api.send(.post, ["client-changes", change, Decision.verb]).value
        let client = LoginText.harmless(answer["client_id"]?.string ?? "")
        terminal.output("\(Decision.done) \(LoginText.harmless(change)) of \(client)")
    }
}

/// What `DecideClientChange` does.
protocol ClientDecision: Sendable {
    static var verb: String { get }
    static var summary: String { get }
    /// The first word of the output.
    static var done: String { get }
    /// Returns the client.
    static func decide(
        _ change: String,
        _ desk: ClientDesk
    ) async throws(ClientDesk.Refusal) -> APIClientID
}

enum ConfirmClientChange: ClientDecision {
    static let verb = "confirm"
    static let summary = "Confirm a change of a client that somebody else asked for."
    static let done = "confirmed"
    static func decide(
        _ change: String,
        _ desk: ClientDesk
    ) async throws(ClientDesk.Refusal) -> APIClientID {
        try await desk.confirm(change, by: .account, at: SystemTime.now()).client.id
    }
}

enum RefuseClientChange: ClientDecision {
    static let verb = "refuse"
    static let summary = "Refuse a change of a client that somebody else asked for."
    static let done = "refused"
    static func decide(
        _ change: String,
        _ desk: ClientDesk
    ) async throws(ClientDesk.Refusal) -> APIClientID {
        try await desk.refuse(change, by: .account, at: SystemTime.now()).client.id
    }
}
