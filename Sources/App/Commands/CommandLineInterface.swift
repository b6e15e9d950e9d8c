public import Commands
import Net

/// The `beckon` program: the service and its operators' commands.
public enum CommandLineInterface {
    static let program = Program(
        name: "beckon",
        version: Version.number,
        purpose: """
            Beckon prompts users on another device to approve logins (OpenID CIBA), and reports
            their decisions to the authorization server.
            """,
        commands: [
            ServeCommand.self, CheckCommand.self, NotifyTestCommand.self, MigrateCommand.self,
            HashSecretCommand.self,
            KeysGenerateCommand.self, KeysShowCommand.self, KeysJWKSCommand.self,
            StoreCommand<AddUser>.self, StoreCommand<ListUsers>.self,
            StoreCommand<ChangeUser<EnableUser>>.self, StoreCommand<ChangeUser<DisableUser>>.self,
            StoreCommand<ChangeUser<RemoveUser>>.self, StoreCommand<UnblockUser>.self,
            StoreCommand<EnrolDevice>.self, StoreCommand<ListDevices>.self,
            StoreCommand<RevokeDevice>.self,
            StoreCommand<ListBlocks>.self, StoreCommand<LiftBlock>.self,
            StoreCommand<AddClient>.self, StoreCommand<ListClients>.self,
            StoreCommand<ShowClient>.self, StoreCommand<EditClient>.self,
            StoreCommand<ChangeClient<SuspendClient>>.self,
            StoreCommand<ChangeClient<ResumeClient>>.self,
            StoreCommand<ChangeClient<RevokeClient>>.self,
            StoreCommand<AddClientKey>.self, StoreCommand<RemoveClientKey>.self,
            StoreCommand<ListClientChanges>.self,
            StoreCommand<DecideClientChange<ConfirmClientChange>>.self,
            StoreCommand<DecideClientChange<RefuseClientChange>>.self,
            StoreCommand<ListLogins>.self, StoreCommand<ShowLogin>.self,
            StoreCommand<ResolveLogin<RetryLogin>>.self,
            StoreCommand<ResolveLogin<AbandonLogin>>.self,
            StoreCommand<VerifyAudit>.self, StoreCommand<ExportAudit>.self,
            VerifyEvidenceCommand.self,
            HealthCommand.self, CompletionCommand.self, VersionCommand.self,
        ],
        blockSignals: UnixSignals.block
    )

    /// Runs `beckon` with the words that the process was started with, and returns the exit code. Call
    /// it on the main thread, before any other thread exists.
    public static func main() -> Int32 { program.main() }

    /// Runs `beckon` with the words after its name.
    public static func run(_ words: [String], on terminal: any Terminal) async -> ExitCode {
        await program.run(words, on: terminal)
    }
}

/// The version of Beckon.
public enum Version {
    /// Follows semver.org.
    public static let number = "0.1.0"
}

extension CommandOption {
    /// The configuration file.
    static let config = text(
        "config",
        "FILE",
        "The configuration, a JSON5 file.",
        default: defaultConfig
    )
    fileprivate static let defaultConfig = "Config/beckon.json5"
}

extension ParsedArguments {
    /// The path of the configuration file.
    var config: String { text("config", default: CommandOption.defaultConfig) }
}
