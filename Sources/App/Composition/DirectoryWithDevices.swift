import Access
import Devices
import Engine
import Logins

/// A directory that also knows which channels reach the devices of a user.
struct DirectoryWithDevices: UserDirectory {
    private let directory: any UserDirectory
    private let devices: any DeviceStore

    /// The same directory if none of the channels uses devices.
    static func extending(
        _ directory: any UserDirectory,
        _ devices: any DeviceStore,
        for channels: [any NotificationChannel]
    ) -> any UserDirectory {
        guard channels.contains(where: \.usesDevices) else { return directory }
        return DirectoryWithDevices(directory: directory, devices: devices)
    }

    func user(_ id: UserID) async throws(DirectoryError) -> User? {
        try await extended(try await directory.user(id))
    }

    func current(_ id: UserID) async throws(DirectoryError) -> User? {
        try await extended(try await directory.current(id))
    }

    func onlineChecks(about user: UserID?) -> [OnlineCheck] {
        directory.onlineChecks(about: user)
    }

    private func extended(_ user: User?) async throws(DirectoryError) -> User? {
        guard let user else { return nil }
        do throws(StoreError) {
            let channels = try await devices.devices(of: user.id).flatMap(\.channels)
            return channels.isEmpty ? user : user.with(deviceChannels: Set(channels.map(\.channel)))
        } catch {
            throw .unavailable("the devices cannot be read: \(error)")
        }
    }
}

extension DeviceStore {
    /// The devices of a user, of whom none has more.
    func devices(of user: UserID) async throws(StoreError) -> [Device] {
        try await devices(of: user, after: nil, limit: DeviceDesk.mostOfUser)
    }
}
