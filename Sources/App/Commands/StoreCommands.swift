import Access
import Commands
import Configuration
import Devices
import Glibc
import Logins
import SQLStore

/// The stores as a command uses them; a service may be running at the same time.
struct Stores: Sendable {
    let logins: any LoginStore
    let users: any UserStore
    let access: any AccessStore
    let conduct: any ConductStore
    let devices: any DeviceStore
    let close: @Sendable () async -> Void
}

/// What a command does with the stores of a configuration.
protocol StoreAction: Sendable {
    /// See `Subcommand`, for all of these. `--config` is an option of each.
    static var name: String { get }
    static var summary: String { get }
    static var details: String { get }
    static var options: [CommandOption] { get }
    /// Whether it makes sense before there is a store. Then it creates one.
    static var createsStore: Bool { get }
    init(_ arguments: ParsedArguments) throws(CommandFailure)

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws
}

extension StoreAction {
    static var details: String { "" }
    static var createsStore: Bool { false }
}

/// Reads what operators need of the configuration, opens its stores, and performs an action on them.
struct StoreCommand<Action: StoreAction>: Subcommand {
    static var name: String { Action.name }
    static var summary: String { Action.summary }
    static var details: String { Action.details }
    static var options: [CommandOption] {
        [.config] + Action.options
            + (Action.self is any RemoteAction.Type ? AdminClient.options : [])
    }

    private let config: String
    private let action: Action
    /// Nil to use the store.
    private let api: AdminClient?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.config
        api =
            Action.self is any RemoteAction.Type
            ? try AdminClient(arguments, http: Composition.http) : nil
        action = try Action(arguments)
    }

    func run(_ terminal: any Terminal) async throws {
        if let api, let action = action as? any RemoteAction {
            try await action.run(try await api.signedIn(), terminal)
            return
        }
        let settings = try OperatorSettings.load(config)
        let path = settings.store.sqlitePath
        let isFile = settings.store.postgres == nil
        if isFile, !Action.createsStore, access(path, F_OK) != 0, errno == ENOENT {
            throw CommandFailure(
                .failed,
                "the store \(path) does not exist; beckon serve, users add and clients add create it"
            )
        }
        var file = stat()
        if isFile, !Action.createsStore, stat(path, &file) == 0, file.st_size == 0 {
            throw CommandFailure(.failed, "the store \(path) is empty: there is nothing in it")
        }
        let stores = try await Composition.openStores(settings.store)
        do {
            try await action.run(stores, settings, terminal)
        } catch {
            await stores.close()
            if let error = error as? StoreError { throw CommandFailure(error) }
            throw error
        }
        await stores.close()
    }
}

extension CommandFailure {
    /// A store's error as the failure of a command.
    init(_ error: StoreError) {
        switch error {
        case .locked: self.init(.busy, "the store is in use by another process; try again")
        case .full: self.init(.failed, "the disk or a quota is full; nothing was changed")
        case .damaged(let what): self.init(.failed, "the store is damaged: \(what)")
        case .unavailable(let what): self.init(.unavailable, "the store is unavailable: \(what)")
        case .closed: self.init(.unavailable, "the store is closed")
        }
    }
}

/// `beckon migrate`: upgrades the store to this version.
struct MigrateCommand: Subcommand {
    static let name = "migrate"
    static let summary = "Upgrade the store to this version, or copy it to PostgreSQL."
    static let details = """
        Without --from it upgrades the store of the configuration. serve does the same when it starts; use
        this to do it in advance. It cannot be undone: make a copy of the database first.

        With --from it copies a file to PostgreSQL, with the keys beside it, reads everything back and
        compares. The file may be in use; to move a service, copy while it runs, stop it, and copy again.
        The target is replaced as a whole, and must not have been used by a service. The password for a URL
        comes from libpq's password file.
        """
    static let options: [CommandOption] = [
        .config,
        .text("from", "sqlite:FILE", "The file to copy."),
        .text(
            "to",
            "postgres:URL",
            "postgresql://user@host/database. Default: store.postgres."
        ),
    ]

    private let config: String
    private let source: String?
    private let target: PostgresOptions?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.config
        source = try arguments.text("from").map { (text) throws(CommandFailure) in
            guard text.hasPrefix("sqlite:"), text.utf8.count > 7 else {
                throw CommandFailure(.usage, "--from must be sqlite: and a file")
            }
            return String(text.dropFirst(7))
        }
        target = try arguments.text("to").map { (text) throws(CommandFailure) in
            guard text.hasPrefix("postgres:"),
                let place = ConnectionURL(String(text.dropFirst(9)))?.options
            else {
                throw CommandFailure(
                    .usage,
                    "--to must be postgres: and a URL without a password, such as "
                        + "postgres:postgresql://beckon@db.example/beckon"
                )
            }
            return place
        }
        if target != nil, source == nil { throw CommandFailure(.usage, "--to needs --from") }
    }

    func run(_ terminal: any Terminal) async throws {
        if let source { return try copy(source, terminal) }
        let store = try OperatorSettings.load(config).store
        let path = store.description
        let (from, to) = try await Composition.migrate(store) { notice in
            switch notice {
            case .awaited: terminal.error("another process is upgrading \(path): waiting for it")
            case .begun(let from, let to):
                terminal.error("upgrading \(path) from version \(from) to \(to)")
            }
        }
        terminal.output(
            from == to
                ? "\(path) already has version \(to)"
                : "\(path) was upgraded from version \(from) to \(to)"
        )
    }

    private func copy(_ path: String, _ terminal: any Terminal) throws {
        let place: PostgresOptions
        if let target {
            place = target
        } else if let configured = try OperatorSettings.load(config).store.postgres {
            place = configured
        } else {
            throw CommandFailure(
                .usage,
                "--from needs --to, or store.postgres in the configuration"
            )
        }
        guard PrivateFile.exists(path) else {
            throw CommandFailure(.failed, "the file \(path) does not exist")
        }
        var secrets: [String: [UInt8]] = [:]
        for (suffix, name) in [("-tickets", "tickets"), ("-keys", SigningKeyStore.name)] {
            if let bytes = PrivateFile.read(path + suffix, limit: SigningKeyStore.longest) {
                secrets[name] = bytes
            }
        }
        do throws(StoreError) {
            let tables = try StoreCopy.run(path: path, to: place, secrets: secrets) { table, rows in
                if terminal.isWatched { terminal.error("\(table): \(rows) rows") }
            }
            for table in tables {
                let digest = table.digest.prefix(8).map { byte in
                    let digits = String(byte, radix: 16)
                    return digits.utf8.count == 1 ? "0" + digits : digits
                }
                terminal.output("\(table.name)\t\(table.rows)\t\(digest.joined())")
            }
            let rows = tables.map(\.rows).reduce(0, +)
            terminal.output("copied and compared \(rows) rows of \(tables.count) tables")
        } catch {
            throw CommandFailure(error)
        }
    }
}
