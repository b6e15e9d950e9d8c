import Commands
import Logins

/// The stores as a command uses them, beside a service that may be running.
struct Stores: Sendable {
    let logins: any LoginStore
    let users: any UserStore
    let close: @Sendable () async -> Void

    /// Opens the stores of a configuration's file for as long as `body` runs.
    static func with<Result>(
        _ config: String,
        _ body: (Stores, ServiceConfiguration) async throws -> Result
    ) async throws -> Result {
        let configuration = try ServiceConfiguration.load(config)
        let stores = try await Composition.openStores(configuration.store)
        do {
            let result = try await body(stores, configuration)
            await stores.close()
            return result
        } catch let error as StoreError {
            await stores.close()
            throw CommandFailure(error)
        } catch {
            await stores.close()
            throw error
        }
    }
}

extension CommandFailure {
    /// What a store's failure means for a command.
    init(_ error: StoreError) {
        switch error {
        case .locked: self.init(.busy, "the store is in use by another process; try again")
        case .full: self.init(.failed, "the disk or a quota is full; nothing was changed")
        case .damaged(let what): self.init(.failed, "the store is damaged: \(what)")
        case .unavailable(let what): self.init(.unavailable, "the store cannot be used: \(what)")
        case .closed: self.init(.unavailable, "the store is closed")
        }
    }
}

/// `beckon migrate`: brings the store to the form that this version needs.
struct MigrateCommand: Subcommand {
    static let name = "migrate"
    static let summary = "Brings the store to the form that this version needs."
    static let details = """
        serve does the same at its start; this is for doing it before. There is no way back: keep a
        copy of the file.
        """
    static let options: [CommandOption] = [.config]

    private let config: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        config = arguments.text("config", default: CheckCommand.defaultConfig)
    }

    func run(_ terminal: any Terminal) async throws {
        let configuration = try ServiceConfiguration.load(config)
        let (from, to) = try await Composition.migrate(configuration.store)
        let path = configuration.store.sqlitePath
        terminal.output(
            from == to ? "\(path) has version \(to) already" : "\(path) went from \(from) to \(to)"
        )
    }
}
