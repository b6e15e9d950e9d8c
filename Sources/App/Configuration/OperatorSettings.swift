import Configuration
import Logins
import Trust

/// What operators' commands need of a configuration. Secrets, keys and everything else are not read,
/// so that a command runs where only the store can be reached.
struct OperatorSettings: Sendable {
    /// Where logins and users are kept.
    let store: StoreSettings
    /// The names of the channels, in the order of the file.
    let channels: [ChannelID]
    /// What the links of devices' codes begin with; nil if it is not set.
    let publicURL: String?
    /// Whether a second administrator confirms what lets clients do more.
    let fourEyes: Bool

    /// Reads that part of a file.
    ///
    /// - Throws: `ConfigurationError` with every problem in it.
    static func load(_ path: String) throws(ConfigurationError) -> OperatorSettings {
        try ConfigurationFile.load(path, part: true) { root in
            OperatorSettings(
                store: StoreSettings(root.group("store", "")),
                channels: root.named("channels", examples: [], "").compactMap {
                    ChannelID($0.name)
                },
                publicURL: root.url("public_url", example: "", ""),
                fourEyes: TrustConfiguration.fourEyes(root.group("trust", ""))
            )
        }.0
    }
}
