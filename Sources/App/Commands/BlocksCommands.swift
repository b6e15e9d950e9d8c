import Access
import Commands
import HTTP
import JSON
import Logins

/// `beckon blocks list`: the clients that are blocked for users who said "this wasn't me".
struct ListBlocks: RemoteAction {
    static let name = "blocks list"
    static let summary = "List the clients that are blocked for users who said \"This wasn't me\"."
    static let details = """
        Tab-separated, one block per line: id, user, authorization server, tenant, client, number of
        the reported login, and when the block began and ends. --json prints an array with one object
        per block.
        """
    static let options: [CommandOption] = [.flag("json", "Print JSON.")]
    private static let longest = 1_000

    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) { writesJSON = arguments.has("json") }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let blocks = try await stores.conduct.clientBlocks(
            at: SystemTime.now(),
            limit: Self.longest
        )
        write(blocks.map(Self.document), terminal)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        write(try await api.send(.get, ["blocks"]).value["blocks"]?.array ?? [], terminal)
    }

    private func write(_ blocks: [JSONValue], _ terminal: any Terminal) {
        if writesJSON {
            terminal.output(String(decoding: JSONValue.array(blocks).bytes, as: UTF8.self))
            return
        }
        for block in blocks {
            func text(_ name: String) -> String {
                block[name]?.string.map(LoginText.harmless) ?? "-"
            }
            terminal.output(
                [
                    text("id"), text("user"), text("server"), text("tenant"), text("client"),
                    block["login"]?.integer.map { "\($0)" } ?? "-", text("since"), text("until"),
                ].joined(separator: "\t")
            )
        }
    }

    /// As the admin API has it.
    private static func document(_ block: ClientBlock) -> JSONValue {
        func time(_ moment: Timestamp) -> JSONValue {
            .string(RFC3339.format(milliseconds: moment.milliseconds))
        }
        return .members([
            "id": .string(String(block.id)),
            "user": .string(block.user.value),
            "server": .string(block.server.value),
            "tenant": .text(block.tenant?.value),
            "client": .string(block.client.value),
            "login": .integer(block.login.rawValue),
            "since": time(block.since),
            "until": time(block.until),
        ])
    }
}

/// `beckon blocks lift`: lets a client's logins reach a user again.
struct LiftBlock: RemoteAction {
    static let name = "blocks lift"
    static let summary = "Lift a block, so that the client's logins reach the user again."
    static let options: [CommandOption] = [
        .text("block", "ID", "The id, as blocks list shows it.", required: true)
    ]

    private let block: Int64

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        guard let block = Int64(arguments.text("block", default: "")), block > 0 else {
            throw CommandFailure(.usage, "--block must be an id that blocks list shows")
        }
        self.block = block
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let event = AuditAuthor.account.event(
            "client.unblocked",
            at: SystemTime.now(),
            ["block": .integer(block)]
        )
        guard try await stores.conduct.liftClientBlock(block, event) else {
            throw CommandFailure(.failed, "there is no block \(block)")
        }
        terminal.output("lifted \(block)")
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        _ = try await api.send(.delete, ["blocks", String(block)])
        terminal.output("lifted \(block)")
    }
}

/// `beckon users unblock`: forgets a user's failed codes and PINs.
struct UnblockUser: RemoteAction {
    static let name = "users unblock"
    static let summary = "Forget a user's failed codes and PINs, which ends the block after five."
    static let options: [CommandOption] = [
        .text(
            "user",
            "IDENTIFIER",
            "The identifier that the authorization server uses.",
            required: true
        )
    ]

    private let user: UserID

    init(_ arguments: ParsedArguments) throws(CommandFailure) { user = try arguments.user() }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let event = AuditAuthor.account.event(
            "user.unblocked",
            at: SystemTime.now(),
            ["user": .string(user.value)]
        )
        _ = try await stores.conduct.unblock(user, event)
        terminal.output("unblocked \(user)")
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        _ = try await api.send(.post, ["users", user.value, "unblock"])
        terminal.output("unblocked \(user)")
    }
}
