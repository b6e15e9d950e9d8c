import Logins

/// The hashes by which logins are found (`LoginTail`), with the key of the database. Logins that share
/// a hash are told apart by their rows.
struct LoginHash: Hashable, Sendable {
    let key: SipHash.Key

    /// Without the tenant, which a repeated delivery may leave out.
    func of(_ login: LoginKey) -> Int64 { of(login.server.value, nil, login.login.value) }

    /// No server's name is empty, so no user has the hash of a login's key.
    func of(_ user: UserID) -> Int64 { of("", user.value, nil) }

    /// The same from columns, which need not be valid text: a damaged row has a hash too.
    func ofKey(_ server: [UInt8]?, _ login: [UInt8]?) -> Int64 {
        SipHash.hash((server ?? []) + [0, 0] + (login ?? []), key)
    }

    func ofUser(_ user: [UInt8]?) -> Int64 { SipHash.hash([0] + (user ?? []) + [0], key) }

    /// For all logins of a user, not only the live ones. No identifier has the byte after the user.
    func ofHistory(_ user: UserID) -> Int64 { ofHistory(Array(user.value.utf8)) }

    func ofHistory(_ user: [UInt8]) -> Int64 { SipHash.hash([0] + user + [0, 1], key) }

    /// Separated by zero bytes, which no identifier has.
    private func of(_ first: String, _ second: String?, _ third: String?) -> Int64 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128)
        bytes.append(contentsOf: first.utf8)
        bytes.append(0)
        if let second { bytes.append(contentsOf: second.utf8) }
        bytes.append(0)
        if let third { bytes.append(contentsOf: third.utf8) }
        return SipHash.hash(bytes, key)
    }
}
