import Cryptography
import HTTP
public import JSON

/// A pending login as a device shows it. What is shown are the canonical bytes of the consent, whose
/// digest the device computes itself: it signs nothing that was not shown.
public struct ShownLogin: Sendable {
    /// An account or a scope that can be granted.
    struct Offer: Sendable {
        let name: String
        /// Granted with every approval.
        let isFixed: Bool
    }

    /// Its identifier.
    public let id: String
    /// Of the consent, in base64url.
    public var digest: String { Base64URL.encode(shownDigest) }
    /// The methods that the device can use to approve, each of which is enough.
    public let methods: [String]
    let shownDigest: [UInt8]
    let nonce: [UInt8]
    let serverTime: String?
    let scopes: [Offer]
    let accounts: [Offer]
    private let document: JSONValue
    private let consent: JSONValue

    /// Reads a document of the device API.
    ///
    /// - Throws: `ReferenceDevice.Failure` if the login cannot be decided now, or if the digest is not
    ///   that of what would be shown.
    public init(_ document: JSONValue) throws(ReferenceDevice.Failure) {
        guard let id = document["id"]?.string else {
            throw ReferenceDevice.Failure("the document has no id")
        }
        guard let canonical = document["consent_canonical"]?.string,
            let nonce = document["challenge_nonce"]?.string.flatMap({ Base64URL.decode($0) }),
            let consent = try? JSONValue(Array(canonical.utf8))
        else {
            let phase = document["outcome"]?.string ?? document["phase"]?.string ?? "unknown"
            throw ReferenceDevice.Failure("login \(id) cannot be decided: it is \(phase)")
        }
        shownDigest = SHA256.digest(Array(canonical.utf8))
        guard let named = document["consent"]?["digest"]?.string,
            Base64URL.decode(named) == shownDigest
        else {
            throw ReferenceDevice.Failure("the digest of login \(id) is not that of its consent")
        }
        self.id = id
        self.nonce = nonce
        self.document = document
        self.consent = consent
        methods = document["methods"]?.strings ?? []
        serverTime = document["server_time"]?.string
        scopes = (consent["scopes"]?.array ?? []).compactMap { scope in
            scope["name"]?.string.map {
                Offer(name: $0, isFixed: scope["implicit"] == .bool(true))
            }
        }
        let isFixed = document["consent"]?["account_choice"]?.string == "fixed"
        accounts = (document["consent"]?["accounts"]?.array ?? []).compactMap { account in
            account["id"]?.string.map { Offer(name: $0, isFixed: isFixed) }
        }
    }

    // MARK: In words

    /// What is asked, in lines for a terminal. Characters that could deceive are written as their
    /// numbers.
    public var lines: [String] {
        var lines = ["login \(id)"]
        if let client = consent["client_name"]?.string ?? document["client"]?["name"]?.string {
            lines.append("from: \(client)")
        }
        if let message = document["binding_message"]?.string {
            lines.append("message: \(message)")
        }
        lines += number
        lines.append("kind: \(consent["kind"]?.string ?? "")")
        for fact in consent["facts"]?.array ?? [] {
            let label = fact["further"]?.string ?? fact["label"]?.string ?? ""
            let members = fact.object?.members.filter { $0.name != "label" && $0.name != "further" }
            lines.append(
                "\(label): \((members ?? []).map { Self.words($0.value) }.joined(separator: " "))"
            )
        }
        for scope in consent["scopes"]?.array ?? [] {
            let name = scope["name"]?.string ?? ""
            let shown = scope["display"]?.string.map { "\($0) (\(name))" } ?? name
            lines.append("permission: " + shown + (scope["optional"] != nil ? ", optional" : ""))
        }
        for account in document["consent"]?["accounts"]?.array ?? [] {
            let parts = ["id", "name", "display"].compactMap { account[$0]?.string }
            lines.append("account: " + parts.joined(separator: ", "))
        }
        if let seconds = secondsLeft { lines.append("ends in: \(seconds) s") }
        lines.append("approve with: " + methods.joined(separator: ", "))
        return lines.map(Self.harmless)
    }

    /// How the number of the message is matched: `off`, `show`, `choose` or `enter`.
    public var numberMatching: String { document["number_matching"]?["mode"]?.string ?? "off" }
    /// The numbers to choose from; empty if there is no choice.
    public var numbers: [String] { document["number_matching"]?["numbers"]?.strings ?? [] }

    private var number: [String] {
        guard let matching = document["number_matching"],
            let mode = matching["mode"]?.string
        else { return [] }
        let numbers = matching["numbers"]?.strings ?? [matching["number"]?.string].compactMap { $0 }
        return ["number matching: " + ([mode] + numbers).joined(separator: " ")]
    }

    /// By the service's clock: the device's own may be wrong.
    private var secondsLeft: Int64? {
        guard let end = document["expires_at"]?.string.flatMap({ RFC3339.parse($0) }),
            let now = serverTime.flatMap({ RFC3339.parse($0) })
        else { return nil }
        return max(0, (end - now) / 1000)
    }

    private static func words(_ value: JSONValue) -> String {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let flag): "\(flag)"
        case .null: ""
        case .array(let values): values.map(words).joined(separator: ", ")
        case .object(let object): object.members.map { words($0.value) }.joined(separator: " ")
        }
    }

    /// Control characters and those that change the direction or have no width, as their numbers.
    public static func harmless(_ text: String) -> String {
        var written = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
                .unassigned:
                written += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: written.unicodeScalars.append(scalar)
            }
        }
        return written
    }
}
