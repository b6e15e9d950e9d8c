import Cryptography
import Logins
import Texts

extension Decision.Choice {
    /// Its name in forms and documents.
    var name: String {
        switch self {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "fraud"
        }
    }

    init?(name: String) {
        guard let choice = Self.allCases.first(where: { $0.name.isExactly(name) }) else {
            return nil
        }
        self = choice
    }
}

extension Outcome {
    /// Its name in documents.
    var name: String {
        switch self {
        case .approved: "approved"
        case .denied: "denied"
        case .cancelled: "cancelled"
        case .expired: "expired"
        case .failed: "failed"
        case .voided: "voided"
        }
    }
}

extension ConsentDigest {
    /// The form in pages and documents: base64url without padding (RFC 4648 §5).
    var text: String { Base64URL.encode(bytes) }

    /// Nil unless the text encodes 32 bytes.
    init?(text: String) {
        guard let bytes = Base64URL.decode(text) else { return nil }
        self.init(bytes)
    }
}
