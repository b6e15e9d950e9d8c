internal import Cryptography
internal import JSON

/// The signed part of an assertion. It can be verified again at any time with the public key and the
/// challenge.
public struct PasskeyProof: Hashable, Sendable {
    /// `clientDataJSON`, as the browser wrote it.
    public let clientData: [UInt8]
    /// `authenticatorData`.
    public let authenticatorData: [UInt8]
    /// Over both (WebAuthn §6.3.3).
    public let signature: [UInt8]

    /// The parts of an assertion.
    public init(clientData: [UInt8], authenticatorData: [UInt8], signature: [UInt8]) {
        self.clientData = clientData
        self.authenticatorData = authenticatorData
        self.signature = signature
    }

    /// Reads `text`; nil unless it has this form.
    public init?(text: String) {
        guard let members = try? JSONValue(Array(text.utf8)).object else { return nil }
        func bytes(_ name: String) -> [UInt8]? {
            members[name]?.string.flatMap { Base64URL.decode($0) }
        }
        guard let clientData = bytes("clientDataJSON"),
            let authenticatorData = bytes("authenticatorData"), let signature = bytes("signature")
        else { return nil }
        self.init(
            clientData: clientData,
            authenticatorData: authenticatorData,
            signature: signature
        )
    }

    /// The proof as it is stored: a JSON object with `clientDataJSON`, `authenticatorData` and
    /// `signature` in base64url, the names and the form of WebAuthn's own JSON (§5.1.8).
    public var text: String {
        let members = JSONValue.members([
            "clientDataJSON": .string(Base64URL.encode(clientData)),
            "authenticatorData": .string(Base64URL.encode(authenticatorData)),
            "signature": .string(Base64URL.encode(signature)),
        ])
        return String(decoding: members.bytes, as: UTF8.self)
    }

    /// Whether the key signed it.
    public func isSigned(by key: CredentialKey) -> Bool {
        key.verify(signature, of: authenticatorData + SHA256.digest(clientData))
    }

    /// Whether a verified user signed this challenge with the key. This is what can be checked
    /// without the rules of the relying party: they are in `clientData` and `authenticatorData`.
    public func proves(_ challenge: [UInt8], by key: CredentialKey) -> Bool {
        guard let client = ClientData(clientData), client.type == "webauthn.get",
            client.challenge == challenge,
            let data = try? AuthenticatorData(authenticatorData),
            data.isUserPresent, data.isUserVerified
        else { return false }
        return isSigned(by: key)
    }
}
