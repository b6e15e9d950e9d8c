/// The algorithms of OpenSSL.
public enum Algorithms {
    /// Loads those that every start needs. OpenSSL reads its configuration and looks its algorithms up
    /// when it is first used, which takes three milliseconds.
    public static func load() {
        _ = HMAC.sha256(key: SHA256.digest([]), Random.bytes(1))
    }
}
