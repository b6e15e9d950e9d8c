import Cryptography
public import JSON
import Logins
import OAuthClient
import Texts

/// Why somebody could not sign in.
///
/// `diagnosis` is for the browser's console: no secret, no token, no personal value, no host of ours.
/// `cause` is for the log and the audit.
public struct SignOnFailure: Error, Hashable, Sendable {
    /// Where the sign-in ended.
    public enum Step: String, Hashable, Sendable, CaseIterable {
        case authorize
        case callback
        case token
        case idToken = "id_token"
        case mapping
    }

    /// What to tell the person: whether trying again may help, or somebody has to act.
    public enum Kind: Hashable, Sendable {
        /// The answer does not belong to a sign-in that this browser began here, or is too old.
        case notBegun
        /// The person, or the provider, ended the sign-in.
        case refusedByProvider
        /// The provider or a system of ours cannot be reached.
        case unavailable
        /// The provider's token is not accepted.
        case token
        /// The person may not use the application.
        case person
        /// Nobody knows the person here, yet.
        case unknownPerson
    }

    /// Names the failure in the log, in the audit and on the page.
    public let reference: String
    public let step: Step
    public let kind: Kind
    /// The code of the check that failed, or another word.
    public let code: String
    public internal(set) var claim: String?
    public internal(set) var expected: JSONValue?
    public internal(set) var got: JSONValue?
    /// `error` of the provider, and its `error_description` as it may be shown.
    public internal(set) var providerError: String?
    public internal(set) var providerText: String?
    /// HTTP status of the token call.
    public internal(set) var status: Int?
    public internal(set) var skewSeconds: Int?
    public internal(set) var issuer: String?
    public internal(set) var clientID: String?
    /// Where the person wanted to go.
    public internal(set) var target: String?
    /// The login whose approval the sign-in was to confirm; nil if it was to begin a session.
    public internal(set) var login: String?
    /// For the log and the audit.
    public internal(set) var cause: String?

    init(_ step: Step, _ kind: Kind, _ code: String, cause: String? = nil) {
        self.step = step
        self.kind = kind
        self.code = code
        self.cause = cause
        reference = Self.newReference()
    }

    init(_ refusal: IDTokenRefusal) {
        self.init(.idToken, .token, refusal.code.rawValue, cause: "\(refusal)")
        claim = refusal.claim
        expected = refusal.expected
        got = refusal.got
        skewSeconds = refusal.skewSeconds
    }

    /// One object for the browser's console.
    public var diagnosis: JSONValue {
        .members([
            "reference": .string(reference), "step": .string(step.rawValue),
            "code": .string(code), "claim": .text(claim), "expected": expected, "got": got,
            "error": .text(providerError), "error_description": .text(providerText),
            "status": status.map { .integer($0) }, "issuer": .text(issuer),
            "client_id": .text(clientID), "clock_skew_s": skewSeconds.map { .integer($0) },
        ])
    }

    /// Letters and digits that cannot be confused when they are read out.
    private static func newReference() -> String {
        let letters = Array("23456789ABCDEFGHJKLMNPQRSTUVWXYZ".utf8)
        let text = Random.bytes(6).map { letters[Int($0 & 31)] }
        return "E-" + String(decoding: text, as: UTF8.self)
    }

    /// Characters of a provider's `error_description`.
    static let longestText = 200

    /// The provider's own words without what cannot be seen; nil if one of `secrets` is in it.
    static func shown(_ text: String?, without secrets: [String]) -> String? {
        guard let text, !secrets.contains(where: { !$0.isEmpty && text.contains($0) }) else {
            return nil
        }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longestText) {
            let isVisible = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            shown.append(isVisible ? scalar : " ")
        }
        return String(shown)
    }
}
