import Consents
import Cryptography
public import JOSE
public import JSON
public import Logins
import HTTP

/// The evidence of one decision as a document that can be kept and checked without Beckon: what was
/// shown, the decision, its method, and the evidence for it.
///
/// `signature` covers every other member: it is a JWS over the SHA-256 of their canonical form
/// (RFC 8785). So what no key of the user's has signed, such as times, cannot be changed unnoticed.
public enum EvidenceDocument {
    /// `type` of the document.
    public static let type = "beckon-evidence-v1"
    /// `typ` of the signature's header.
    public static let signatureType = "beckon-evidence+jwt"

    /// The evidence of a decided login.
    ///
    /// After retention has erased the login, the document has the digest of the consent, the challenge
    /// and the signature, and neither the consent nor who decided.
    ///
    /// - Returns: nil if nobody has decided it.
    /// - Throws: `JOSEError` if it cannot be signed.
    public static func document(
        of login: PendingLogin,
        issuer: String,
        at now: Timestamp,
        key: SigningKey
    ) throws(JOSEError) -> JSONValue? {
        guard let outcome = login.phase.outcome, let decision = outcome.decision else { return nil }
        // The question is erased together with everything personal.
        let isErased = login.question == nil
        let details = login.details
        let body = JSONValue.members([
            "type": .string(type),
            "issuer": .string(issuer),
            "exported_at": .time(now),
            "login": .members([
                "server": .string(login.key.server.value),
                "tenant": .text(login.key.tenant?.value),
                "id": .string(login.key.login.value),
                "reference": .string(LoginReference.text(of: login.key)),
                "outcome": .string(outcome.name),
                "received_at": .time(login.terms.receivedAt),
                "expires_at": .time(login.terms.expiresAt),
                "user": isErased ? nil : .string(details.user.value),
                "client_id": .text(details.client?.value),
                "client_name": .text(login.clientName),
                "binding_message": .text(details.bindingMessage.shown),
                "request_context": details.context?.document,
                "requested_acr_values": isErased ? nil : .texts(details.acrValues),
            ]),
            "shown": shown(login),
            "decision": self.decision(decision, isErased: isErased),
            "challenge": .text(decision.challenge.map(Base64URL.encode)),
            "proof": decision.evidence.proof.map(proof),
            "erased": isErased ? .bool(true) : nil,
        ])
        guard case .object(let object) = body else { return nil }
        let signature = try JWS.sign(
            payload: payload(of: object),
            header: JSONObject([JSONObject.Member(name: "typ", value: .string(signatureType))]),
            key: key
        )
        let signed = JSONObject.Member(name: "signature", value: .string(signature))
        return .object(JSONObject(object.members + [signed]))
    }

    /// What the signature covers: the digest of all members but itself.
    static func payload(of object: JSONObject) throws(JOSEError) -> [UInt8] {
        let members = object.members.filter { $0.name != "signature" }
        let bytes: [UInt8]
        do {
            bytes = try CanonicalJSON.bytes(
                of: .object(JSONObject(members)),
                numbers: .exact,
                noncharacters: .kept
            )
        } catch {
            throw .notJSONObject
        }
        return JSONValue.members(["sha256": .string(Base64URL.encode(SHA256.digest(bytes)))]).bytes
    }

    private static func shown(_ login: PendingLogin) -> JSONValue {
        func text(_ bytes: [UInt8]) -> JSONValue { .string(String(decoding: bytes, as: UTF8.self)) }
        return .members([
            "digest": .text((login.consentDigest?.bytes).map(Base64URL.encode)),
            "nonce": .text((login.question?.nonce).map(Base64URL.encode)),
            "consent": (login.question?.consent).map { text(ConsentForm.bytes(of: $0)) },
            "accounts": (login.question?.accounts).map { text(ConsentForm.bytes(of: $0)) },
        ])
    }

    private static func decision(_ decision: Decision, isErased: Bool) -> JSONValue {
        let evidence = decision.evidence
        return .members([
            "choice": .string(decision.choice.name),
            "decided_at": .time(decision.decidedAt),
            "method": .string("\(evidence.method)"),
            "via": .string("\(evidence.via)"),
            "address": .text(evidence.address),
            "device": .text(evidence.device?.value),
            "rule": .text(decision.merit?.rule),
            "acr": .text(decision.merit?.acr),
            "number_matched": .text(decision.matched?.rawValue),
            "grant": isErased
                ? nil
                : .members([
                    "accounts": .texts(decision.grant.accounts),
                    "scopes": .texts(decision.grant.scopes),
                ]),
            "delegate": evidence.delegate.map {
                .members([
                    "client_id": .string($0.client.value), "token_jti": .string($0.token),
                ])
            },
            "sign_in": evidence.signIn.map {
                .members([
                    "issuer": .string($0.issuer), "auth_time": .time($0.at),
                    "acr": .text($0.context), "amr": .texts($0.methods),
                ])
            },
        ])
    }

    private static func proof(_ proof: Evidence.Proof) -> JSONValue {
        .members([
            "credential": .string(proof.credential.value),
            "public_key": .string(Base64URL.encode(proof.publicKey)),
            "statement": .string(proof.statement),
        ])
    }
}
