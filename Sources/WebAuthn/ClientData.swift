internal import Cryptography
internal import JSON

/// What the browser says (WebAuthn Level 3 §5.8.1). Members that are not known here are accepted and
/// ignored; a byte order mark and a repeated member are not.
public struct ClientData: Hashable, Sendable {
    /// `webauthn.create` or `webauthn.get`.
    public let type: String
    /// The bytes that were to be signed.
    public let challenge: [UInt8]
    /// The origin of the page, or an app: `android:apk-key-hash:…`.
    public let origin: String
    /// Whether the page was in a frame of another origin. False if it is not said.
    public let isCrossOrigin: Bool
    /// The origin of the outermost page; only said of a frame.
    public let topOrigin: String?

    /// Client data longer than this, in bytes, are not read.
    public static let longest = 8192

    /// Reads `clientDataJSON`; nil if it is not valid.
    public init?(_ json: [UInt8]) {
        guard json.count <= Self.longest,
            let members = try? JSONValue(json, limits: JSONLimits(depth: 8)).object,
            let type = members["type"]?.string,
            let challenge = members["challenge"]?.string.flatMap({ Base64URL.decode($0) }),
            let origin = members["origin"]?.string
        else { return nil }
        switch members["crossOrigin"] {
        case nil: isCrossOrigin = false
        case .bool(let flag): isCrossOrigin = flag
        default: return nil
        }
        switch members["topOrigin"] {
        case nil: topOrigin = nil
        case .string(let text): topOrigin = text
        default: return nil
        }
        self.type = type
        self.challenge = challenge
        self.origin = origin
    }
}
