import Consents
import Cryptography
public import JOSE
import JSON
import Logins
import Texts
import WebAuthn

/// Checks a document of evidence with nothing but the document and Beckon's public keys, and says in
/// words the decision and the evidence for it.
public struct EvidenceVerifier: Sendable {
    /// Why a document proves nothing.
    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// A sentence without its full stop.
        public let description: String
    }

    /// The longest document that is read, in bytes.
    public static let limit = 4 << 20

    private let keys: JWKSet

    /// `keys` are those of Beckon's `/oauth2/jwks` when the document was exported.
    public init(keys: JWKSet) { self.keys = keys }

    /// What the document proves, in lines for people. Texts are as they were received.
    ///
    /// - Throws: the first reason why it does not hold.
    public func verify(_ bytes: [UInt8]) throws(Fault) -> [String] {
        guard bytes.count <= Self.limit else { throw fault("the document is too long") }
        let object: JSONObject
        do {
            guard let read = try JSONValue(bytes, limits: JSONLimits(depth: 8)).object else {
                throw fault("the document is no JSON object")
            }
            object = read
        } catch let error as Fault {
            throw error
        } catch {
            throw fault("the document cannot be read: \(error)")
        }
        guard object["type"]?.string?.isExactly(EvidenceDocument.type) ?? false else {
            throw fault("the document is not of type \(EvidenceDocument.type)")
        }
        let signer = try verifySignature(object)
        let part = Parts(object)
        try part.verifyConsent()
        try part.verifyChallenge()
        return try part.decision() + part.shown() + part.proof() + [
            "Recorded and signed by Beckon at \(try part.text("issuer")), key \(signer)."
        ]
    }

    /// - Returns: the `kid` of the key.
    private func verifySignature(_ object: JSONObject) throws(Fault) -> String {
        guard let text = object["signature"]?.string else { throw fault("signature is missing") }
        let jws: JWS
        do {
            jws = try JWS.verify(text, keys: keys, allowed: SignatureAlgorithm.asymmetric)
        } catch {
            throw fault("Beckon's signature does not hold: \(error)")
        }
        guard jws.header.isType(EvidenceDocument.signatureType),
            (try? EvidenceDocument.payload(of: object)) == jws.payload
        else { throw fault("the document was changed after Beckon signed it") }
        return jws.key.id ?? "without a kid"
    }

    /// The members, read one by one. The signature over them has been verified.
    private struct Parts {
        let object: JSONObject

        init(_ object: JSONObject) { self.object = object }

        private func value(_ path: String) -> JSONValue? {
            var value: JSONValue? = .object(object)
            for name in path.split(separator: ".") { value = value?[String(name)] }
            return value
        }

        func optional(_ path: String) -> String? { value(path)?.string }

        func text(_ path: String) throws(Fault) -> String {
            guard let text = optional(path) else { throw fault("\(path) is missing") }
            return text
        }

        private func bytes(_ path: String) throws(Fault) -> [UInt8] {
            guard let bytes = Base64URL.decode(try text(path)) else {
                throw fault("\(path) is not base64url")
            }
            return bytes
        }

        private var isErased: Bool { value("erased")?.bool ?? false }

        private func choice() throws(Fault) -> Decision.Choice {
            guard let choice = Decision.Choice(name: try text("decision.choice")) else {
                throw fault("decision.choice is not known")
            }
            return choice
        }

        private func method() throws(Fault) -> Evidence.Method {
            let name = try text("decision.method")
            guard let method = Evidence.Method.allCases.first(where: { "\($0)".isExactly(name) })
            else { throw fault("decision.method is not known") }
            return method
        }

        // MARK: What was shown

        private func consent() throws(Fault) -> Consent? {
            guard !isErased else { return nil }
            do {
                return try ConsentForm.consent(Array(try text("shown.consent").utf8))
            } catch let error as Fault {
                throw error
            } catch {
                throw fault("shown.consent: \(error)")
            }
        }

        func verifyConsent() throws(Fault) {
            let digest = try bytes("shown.digest")
            guard !isErased else { return }
            guard SHA256.digest(Array(try text("shown.consent").utf8)) == digest else {
                throw fault("shown.digest is not the digest of shown.consent")
            }
        }

        // MARK: The challenge

        func verifyChallenge() throws(Fault) {
            guard !isErased, value("challenge") != nil else { return }
            let grant = Grant(
                scopes: value("decision.grant.scopes")?.strings ?? [],
                accounts: value("decision.grant.accounts")?.strings ?? []
            )
            guard let login = LoginID(try text("login.id")) else {
                throw fault("login.id is no identifier")
            }
            let expected = DecisionChallenge.bytes(
                for: try choice(),
                grant: grant,
                shown: try bytes("shown.digest"),
                nonce: try bytes("shown.nonce"),
                in: login
            )
            guard try bytes("challenge") == expected else {
                throw fault("challenge does not follow from login, decision and consent")
            }
        }

        // MARK: In words

        func decision() throws(Fault) -> [String] {
            let who = optional("login.user").map { "user \($0)" } ?? "a user whose name was erased"
            let word =
                switch try choice() {
                case .approve: "approved"
                case .deny: "declined"
                case .cancel: "closed without deciding"
                case .reportAsFraud: "reported as not theirs"
                }
            var lines = [
                "On \(try text("decision.decided_at")), \(who) \(word) login \(try text("login.id")) "
                    + "(reference \(try text("login.reference")), server \(try text("login.server")))."
            ]
            if let client = optional("login.client_name") ?? optional("login.client_id") {
                lines.append("It was requested by \(client).")
            }
            if let message = optional("login.binding_message") {
                lines.append("Binding message: \(message)")
            }
            if let rule = optional("decision.rule") {
                let acr = optional("decision.acr")
                lines.append(
                    "It counted by rule \"\(rule)\", "
                        + (acr.map { "with acr \($0)." } ?? "with no acr.")
                )
            }
            return lines
        }

        func shown() throws(Fault) -> [String] {
            guard let consent = try consent() else {
                return [
                    "What was shown has been erased; its SHA-256 is \(try text("shown.digest")) "
                        + "(base64url)."
                ]
            }
            var lines = ["Shown: consent of kind \(consent.kind.name)."]
            for scope in consent.scopes {
                lines.append("  scope: \(scope.displayName ?? scope.requestedName)")
            }
            for fact in consent.facts {
                let label =
                    switch fact.label {
                    case .known(let known): known.rawValue.replacing("_", with: " ")
                    case .further(let name): name
                    }
                lines.append("  \(label): \(words(fact.value))")
            }
            for account in value("decision.grant.accounts")?.strings ?? [] {
                lines.append("  account granted: \(account)")
            }
            if try choice() == .approve {
                let scopes = value("decision.grant.scopes")?.strings ?? []
                lines.append("  scopes granted: \(scopes.joined(separator: " "))")
            }
            return lines
        }

        private func words(_ value: Fact.Value) -> String {
            switch value {
            case .text(let text): text
            case .money(let money): "\(money.amount) \(money.currency)"
            case .day(let day): day
            case .moment(let moment): JSONValue.time(moment).string ?? ""
            case .number(let digits): digits
            case .days(let days): "\(days) days"
            case .codes(let codes, _, _): codes.joined(separator: ", ")
            case .account(let account):
                [account.name, account.scheme, account.identification].compactMap { $0 }
                    .joined(separator: " ")
            case .rate(let rate): "1 \(rate.unit) = \(rate.rate) \(rate.quoted ?? "")"
            case .list(let values): values.map(words).joined(separator: ", ")
            }
        }

        // MARK: The proof

        func proof() throws(Fault) -> [String] {
            let method = try method()
            guard method.hasProof == (value("proof") != nil) else {
                throw fault("method \(method) and proof do not fit each other")
            }
            switch method {
            case .tap where optional("decision.device") != nil:
                return [
                    "Method tap: enrolled device \(try text("decision.device")) sent it. The device "
                        + "proved its key for the request and did not sign the decision; only Beckon's "
                        + "record says so."
                ]
            case .tap:
                return [
                    "Method tap: somebody who held the link of the prompt, or was signed in or used an "
                        + "enrolled device to decline, did it. No key of the user signed; only Beckon's "
                        + "record says so."
                ]
            case .delegation:
                return [
                    "Method delegation: client \(try text("decision.delegate.client_id")) decided for "
                        + "the user. This is never the user's authentication."
                ]
            case .signIn:
                return [
                    "Method sign_in: the user signed in at \(try text("decision.sign_in.issuer")) at "
                        + "\(try text("decision.sign_in.auth_time")) for exactly this challenge. "
                        + "Beckon checked the ID token then; it is not in this document."
                ]
            case .deviceKey, .deviceKeyAndPIN, .passkey: break
            }
            let challenge = try bytes("challenge")
            let key: PublicKey
            do { key = try PublicKey(info: try bytes("proof.public_key")) } catch let error as Fault
            {
                throw error
            } catch {
                throw fault("proof.public_key: \(error)")
            }
            let name =
                "\(try text("proof.credential")), SHA-256 of its public key "
                + Base64URL.encode(SHA256.digest(key.info ?? []))
            let statement = try text("proof.statement")
            if method == .passkey {
                guard let proof = PasskeyProof(text: statement) else {
                    throw fault("proof.statement is no assertion of a passkey")
                }
                guard proof.proves(challenge, by: CredentialKey(key)) else {
                    throw fault("the passkey did not sign this challenge after verifying the user")
                }
                let origin = ClientData(proof.clientData)?.origin ?? ""
                return [
                    "Method passkey: credential \(name), signed the challenge at \(origin) after it "
                        + "verified the user. The signature holds."
                ]
            }
            let jws: JWS
            do {
                jws = try JWS.verify(
                    statement,
                    keys: JWKSet([VerificationKey(key)]),
                    allowed: [.es256, .edDSA]
                )
            } catch {
                throw fault("the device's signature does not hold: \(error)")
            }
            let signed = try? JSONValue(jws.payload)["challenge"]?.string
            guard let signed, Base64URL.decode(signed) == challenge else {
                throw fault("the device signed another challenge")
            }
            let pin = method == .deviceKeyAndPIN ? " Beckon checked the user's PIN." : ""
            return [
                "Method \(method): device key \(name), signed the challenge. The signature holds.\(pin)"
            ]
        }
    }
}

private func fault(_ text: String) -> EvidenceVerifier.Fault {
    EvidenceVerifier.Fault(description: text)
}
