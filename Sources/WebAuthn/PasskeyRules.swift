internal import Cryptography
public import Texts

/// What a relying party demands of passkeys. User verification is always demanded.
public struct PasskeyRules: Hashable, Sendable {
    /// What is done with an attestation statement other than `none` and a `packed` one by the passkey
    /// itself. Both of these are always verified.
    public enum Attestation: Hashable, Sendable {
        /// It is refused.
        case noneOrSelf
        /// It is not looked at: the passkey counts as if there were none.
        case ignored
    }

    /// What is done when a signature counter does not grow, which a copied key may cause.
    public enum Counter: Hashable, Sendable {
        /// The assertion is refused.
        case refuse
        /// It is accepted and marked.
        case mark
    }

    /// The relying party's id: a domain.
    public var id: String
    /// The origins of its pages and apps, compared exactly.
    public var origins: Set<ExactText>
    /// The origins of pages in whose frames its own may be. Empty: no frames of other origins.
    public var topOrigins: Set<ExactText>
    /// See `Attestation`.
    public var attestation: Attestation
    /// See `Counter`.
    public var counter: Counter

    /// The rules of one relying party.
    public init(
        id: String,
        origins: some Sequence<String>,
        topOrigins: some Sequence<String> = [],
        attestation: Attestation = .noneOrSelf,
        counter: Counter = .refuse
    ) {
        self.id = id
        self.origins = Set(origins.map(\.exact))
        self.topOrigins = Set(topOrigins.map(\.exact))
        self.attestation = attestation
        self.counter = counter
    }

    /// The checks that registration and assertion share up to the user's verification (WebAuthn §7.1
    /// steps 7 to 17, §7.2 steps 10 to 18).
    func check(
        _ json: [UInt8],
        _ data: AuthenticatorData,
        type: String,
        challenge: [UInt8]
    ) throws(PasskeyRefusal) {
        guard let client = ClientData(json) else { throw .clientData }
        guard client.type.isExactly(type) else { throw .type }
        guard ConstantTime.equal(client.challenge, challenge) else { throw .challenge }
        guard origins.contains(client.origin.exact) else { throw .origin(client.origin) }
        if client.isCrossOrigin || client.topOrigin != nil {
            guard client.isCrossOrigin, let top = client.topOrigin,
                topOrigins.contains(top.exact)
            else { throw .topOrigin(client.topOrigin) }
        }
        guard data.relyingPartyHash == SHA256.digest(Array(id.utf8)) else { throw .relyingParty }
        guard data.isUserPresent else { throw .userNotPresent }
        guard data.isUserVerified else { throw .userNotVerified }
    }

    static func parsed(_ bytes: [UInt8]) throws(PasskeyRefusal) -> AuthenticatorData {
        do {
            return try AuthenticatorData(bytes)
        } catch {
            switch error {
            case .key(.algorithm): throw .algorithm
            case .backedUpButNotEligible: throw .backup
            default: throw .authenticatorData(error)
            }
        }
    }
}

/// Why a registration or an assertion is refused.
public enum PasskeyRefusal: Error, Hashable, Sendable {
    /// The client data are not valid.
    case clientData
    /// A registration where an assertion is due, or the reverse.
    case type
    /// Another challenge.
    case challenge
    /// An origin that is not the relying party's.
    case origin(String)
    /// A frame of another origin, which is named if the browser named it.
    case topOrigin(String?)
    /// The authenticator data are not valid.
    case authenticatorData(AuthenticatorDataError)
    /// It was made for another relying party.
    case relyingParty
    /// Nobody touched the authenticator.
    case userNotPresent
    /// The authenticator did not verify its user.
    case userNotVerified
    /// A key of an algorithm that was not offered.
    case algorithm
    /// The flags of a backup contradict each other or those at registration.
    case backup
    /// The attestation object is not valid.
    case attestationObject
    /// A statement of this format, which the rules do not take.
    case attestationFormat(String)
    /// A statement that does not hold.
    case attestationStatement
    /// The ids in two places differ, or an assertion carries a new credential.
    case credential
    /// The passkey was made for another user.
    case user
    /// The signature does not hold.
    case signature
    /// The counter did not grow; the stored and the received one.
    case counter(stored: UInt32, received: UInt32)

    /// The reason as a word for the audit and the log. It has nothing of what was received.
    public var word: String {
        switch self {
        case .clientData: "client_data"
        case .type: "type"
        case .challenge: "challenge"
        case .origin: "origin"
        case .topOrigin: "top_origin"
        case .authenticatorData: "authenticator_data"
        case .relyingParty: "relying_party"
        case .userNotPresent: "user_not_present"
        case .userNotVerified: "user_not_verified"
        case .algorithm: "algorithm"
        case .backup: "backup"
        case .attestationObject: "attestation_object"
        case .attestationFormat: "attestation_format"
        case .attestationStatement: "attestation_statement"
        case .credential: "credential"
        case .user: "user"
        case .signature: "signature"
        case .counter: "counter"
        }
    }
}

extension PasskeyRefusal: CustomStringConvertible {
    /// Half a sentence for the log. What a browser wrote is cut.
    public var description: String {
        switch self {
        case .clientData: "the client data are not valid"
        case .type: "it was made for the other ceremony"
        case .challenge: "it answers another challenge"
        case .origin(let origin): "it comes from \(origin.firstBytes(200))"
        case .topOrigin(let origin):
            "it comes from a frame of " + (origin?.firstBytes(200) ?? "another origin")
        case .authenticatorData(let error): error.description
        case .relyingParty: "it was made for another relying party"
        case .userNotPresent: "nobody touched the authenticator"
        case .userNotVerified: "the authenticator did not verify its user"
        case .algorithm: "the algorithm of the key was not offered"
        case .backup: "the flags of its backup contradict each other"
        case .attestationObject: "the attestation object is not valid"
        case .attestationFormat(let format):
            "attestations of the format \(format.firstBytes(40)) are not taken"
        case .attestationStatement: "the attestation does not hold"
        case .credential: "it names another passkey"
        case .user: "the passkey is of another user"
        case .signature: "the signature does not hold"
        case .counter(let stored, let received):
            "its counter went from \(stored) to \(received): the passkey may have been copied"
        }
    }
}
