public import Devices
public import Engine
public import JSON
public import Logins

/// What operators, backends and users do with devices, in each of their interfaces.
public struct DeviceInterface: Sendable {
    let registry: DeviceRegistry
    private let directory: any UserDirectory
    private let publicURL: String

    /// `directory` has the users; links of codes begin with `publicURL`.
    public init(registry: DeviceRegistry, directory: any UserDirectory, publicURL: String) {
        self.registry = registry
        self.directory = directory
        self.publicURL = publicURL
    }

    /// Whether there is such a user, who is active.
    func isKnown(_ user: UserID) async throws(DirectoryError) -> Bool {
        try await directory.user(user)?.isActive ?? false
    }

    /// A device as the admin API shows it.
    public static func document(_ entry: DeviceRegistry.Entry) -> JSONValue {
        DeviceDocument.value(entry)
    }

    /// What a QR code holds.
    func link(_ code: EnrolmentCode) -> String { Self.link(code, publicURL: publicURL) }

    /// The address at which a device enrols, with the code where no server sees it: in the fragment.
    public static func link(_ code: EnrolmentCode, publicURL: String) -> String {
        publicURL + "/device/v1/enrolments#" + code.text
    }
}
