import Cryptography
import Logins

/// The hashes by which logins are found (`TailIndex`): the first 64 bits of a SHA-256, so that whoever
/// chooses names cannot cheaply choose ones that share a hash. Those that do are told apart by
/// their rows.
enum LoginHash {
    static func of(_ key: LoginKey) -> Int64 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128)
        append(key.server.value, to: &bytes)
        append(key.tenant?.value, to: &bytes)
        append(key.login.value, to: &bytes)
        return of(bytes)
    }

    /// The hash of a key from its columns, which need not be valid text: a damaged row has one too.
    static func ofKey(_ server: [UInt8]?, _ tenant: [UInt8]?, _ login: [UInt8]?) -> Int64 {
        of([server, tenant, login].flatMap { ($0 ?? []) + [0] })
    }

    static func of(_ user: UserID) -> Int64 { ofUser(Array(user.value.utf8)) }

    /// No server's name is empty, so no user has the hash of a key.
    static func ofUser(_ user: [UInt8]?) -> Int64 { of([0] + (user ?? [])) }

    /// A text and its end: no identifier has a zero byte.
    private static func append(_ text: String?, to bytes: inout [UInt8]) {
        if let text { bytes.append(contentsOf: text.utf8) }
        bytes.append(0)
    }

    private static func of(_ bytes: [UInt8]) -> Int64 {
        SHA256.digest(bytes).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }
}
