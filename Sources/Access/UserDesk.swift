import JSON
public import Logins

/// Creates, changes and removes local users. A change and its line of the audit are durable together.
public struct UserDesk: Sendable {
    /// Why nothing was changed.
    public enum Refusal: Error, Hashable, Sendable {
        case missing
        /// Somebody else changed the user since the caller read it.
        case changed
        /// Something that is valid once was used before.
        case used
        case directory(DirectoryError)
        case store(StoreError)
    }

    private let users: any UserStore
    private let access: any AccessStore

    public init(users: any UserStore, access: any AccessStore) {
        self.users = users
        self.access = access
    }

    /// The user with that identifier; nil if there is none.
    public func user(_ id: UserID) async throws(Refusal) -> User? {
        do { return try await users.user(id) } catch { throw .directory(error) }
    }

    /// Stores what `edit` makes of the user, nil if there is none yet. Nothing is written if that is the
    /// same; `edit` may run several times. `with` are changes that are durable with it.
    ///
    /// - Returns: the user before and after.
    public func put(
        _ id: UserID,
        by author: AuditAuthor,
        at now: Timestamp,
        with more: (_ before: User?, _ after: User) -> [AccessChange] = { _, _ in [] },
        _ edit: (User?) throws(Refusal) -> User
    ) async throws(Refusal) -> (before: User?, after: User) {
        var attempts = 5
        while true {
            attempts -= 1
            let before = try await user(id)
            let after = try edit(before)
            guard after != before else { return (before, after) }
            let event = author.event(
                Self.kind(before, after),
                at: now,
                ["user": .string(id.value)]
            )
            do {
                try await commit(
                    [.putUser(after, over: before), .audit(event)] + more(before, after)
                )
                return (before, after)
            } catch {
                guard error == .changed, attempts > 0 else { throw error }
            }
        }
    }

    /// Enables or disables a user.
    @discardableResult
    public func setActive(
        _ isActive: Bool,
        _ id: UserID,
        by author: AuditAuthor,
        at now: Timestamp,
        with more: (User) -> [AccessChange] = { _ in [] }
    ) async throws(Refusal) -> User {
        try await put(id, by: author, at: now, with: { more($1) }) {
            (before) throws(Refusal) in
            guard let before else { throw .missing }
            return before.with(isActive: isActive)
        }.after
    }

    /// Removes a user, if `isWanted` says so of the one that is stored.
    public func remove(
        _ id: UserID,
        by author: AuditAuthor,
        at now: Timestamp,
        _ isWanted: (User) -> Bool = { _ in true }
    ) async throws(Refusal) {
        guard let user = try await user(id) else { throw .missing }
        guard isWanted(user) else { throw .changed }
        let event = author.event("user.removed", at: now, ["user": .string(id.value)])
        try await commit([.removeUser(user), .audit(event)])
    }

    private static func kind(_ before: User?, _ after: User) -> String {
        guard let before else { return "user.created" }
        guard before.with(isActive: after.isActive) == after else { return "user.changed" }
        return after.isActive ? "user.enabled" : "user.disabled"
    }

    private func commit(_ changes: [AccessChange]) async throws(Refusal) {
        let refusal: AccessRefusal?
        do { refusal = try await access.commit(changes) } catch { throw .store(error) }
        switch refusal {
        case nil: return
        case .missing: throw .missing
        case .changed, .exists: throw .changed
        case .used: throw .used
        }
    }
}

extension User {
    /// The same user, enabled or disabled.
    public func with(isActive: Bool) -> User { changed(isActive: isActive) }

    /// The same user with other addresses.
    public func with(addresses: [ChannelID: String]) -> User { changed(addresses: addresses) }

    /// The same user with devices that these channels reach.
    public func with(deviceChannels: Set<ChannelID>) -> User {
        changed(deviceChannels: deviceChannels)
    }

    private func changed(
        isActive: Bool? = nil,
        addresses: [ChannelID: String]? = nil,
        deviceChannels: Set<ChannelID>? = nil
    ) -> User {
        User(
            id: id,
            isActive: isActive ?? self.isActive,
            channels: channels,
            language: language,
            timeZone: timeZone,
            documents: documents,
            addresses: addresses ?? self.addresses,
            deviceChannels: deviceChannels ?? self.deviceChannels
        )
    }
}
