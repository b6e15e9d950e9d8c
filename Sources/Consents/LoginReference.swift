import Cryptography
public import Logins

/// The short name of a login on its receipt, which a user tells to whoever helps: `7K3M-Q9TX`.
///
/// It follows from the login's identifier at its server, which is random, so it says nothing about
/// other logins and can be computed again by whoever has the login.
public enum LoginReference {
    /// Eight characters of Crockford's Base 32, which has no letters that look like digits.
    public static func text(of key: LoginKey) -> String {
        let parts = [key.server.value, key.tenant?.value ?? "", key.login.value]
        let bytes = SHA256.digest(
            Array("beckon-reference-v1".utf8) + parts.flatMap { [0] + Array($0.utf8) }
        )
        let bits = bytes.prefix(5).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let letters = stride(from: 35, through: 0, by: -5).map { shift in
            alphabet[Int(truncatingIfNeeded: bits >> UInt64(shift) & 31)]
        }
        return String(letters.prefix(4)) + "-" + String(letters.suffix(4))
    }

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
}
