import Cryptography
import JSON

/// A decision, and what the device's key signs for it.
///
/// This is the documented computation once more, so that a mistake in the service's own would be
/// noticed: SHA-256 over `beckon-decision-v1`, the login's id, the word for the decision, the SHA-256
/// of the canonical grant, the digest of the consent, and the nonce.
public struct DeviceDecision: Sendable {
    /// The decisions that there are.
    public enum Choice: String, Sendable, CaseIterable {
        case approve, deny, cancel, fraud
    }

    /// What an approval grants. Nil grants what was shown.
    public struct Selection: Sendable {
        /// Identifiers of accounts, in any order.
        public var accounts: [String]?
        /// Names of scopes, in any order.
        public var scopes: [String]?

        /// By default what was shown.
        public init(accounts: [String]? = nil, scopes: [String]? = nil) {
            self.accounts = accounts
            self.scopes = scopes
        }
    }

    private let choice: Choice
    private let login: ShownLogin
    private let selection: Selection

    init(_ choice: Choice, _ login: ShownLogin, _ selection: Selection) {
        self.choice = choice
        self.login = login
        self.selection = selection
    }

    /// 32 bytes.
    var challenge: [UInt8] {
        SHA256.digest(
            Array("beckon-decision-v1".utf8) + Array(login.id.utf8) + Array(choice.rawValue.utf8)
                + SHA256.digest(Array(grant.utf8)) + login.shownDigest + login.nonce
        )
    }

    /// The payload of the signature.
    var payload: JSONValue {
        .members([
            "challenge": .string(Base64URL.encode(challenge)),
            "login": .string(login.id),
            "decision": .string(choice.rawValue),
            "digest": .string(Base64URL.encode(login.shownDigest)),
            "server_time": .text(login.serverTime),
        ])
    }

    /// `{"accounts":[…],"scopes":[…]}` in the form of RFC 8785: in the order in which they were shown.
    /// Declining grants nothing.
    private var grant: String {
        let isApproval = choice == .approve
        let accounts = isApproval ? chosen(selection.accounts, of: login.accounts, all: false) : []
        let scopes = isApproval ? chosen(selection.scopes, of: login.scopes, all: true) : []
        return #"{"accounts":\#(Self.list(accounts)),"scopes":\#(Self.list(scopes))}"#
    }

    private func chosen(
        _ names: [String]?,
        of offered: [ShownLogin.Offer],
        all: Bool
    ) -> [String] {
        var seen: Set<[UInt8]> = []
        return offered.filter { offer in
            let bytes = Array(offer.name.utf8)
            guard seen.insert(bytes).inserted else { return false }
            if offer.isFixed { return true }
            return names.map { $0.contains { Array($0.utf8) == bytes } } ?? all
        }.map(\.name)
    }

    private static func list(_ texts: [String]) -> String {
        "[" + texts.map(quoted).joined(separator: ",") + "]"
    }

    /// RFC 8785 §3.2.2.2.
    private static func quoted(_ text: String) -> String {
        var written = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": written += "\\\""
            case "\\": written += "\\\\"
            case "\u{8}": written += "\\b"
            case "\u{9}": written += "\\t"
            case "\u{A}": written += "\\n"
            case "\u{C}": written += "\\f"
            case "\u{D}": written += "\\r"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                written += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: written.unicodeScalars.append(scalar)
            }
        }
        return written + "\""
    }
}
