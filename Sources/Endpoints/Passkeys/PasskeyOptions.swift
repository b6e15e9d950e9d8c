import Cryptography
import Devices
import Engine
import HTTP
import JSON
import Texts
import WebAuthn

/// What the pages' script gives to `navigator.credentials`, in the JSON form of WebAuthn Level 3
/// (§5.1.9, §5.1.10).
enum PasskeyOptions {
    /// How long the browser waits for its user, in milliseconds.
    private static let timeout = 300_000

    /// `PublicKeyCredentialCreationOptionsJSON`. `name` is how the user recognises the account.
    static func creation(
        _ offer: PasskeyDesk.Offer,
        _ rules: PasskeyRules,
        brand: String,
        name: String
    ) -> Response {
        json(
            .members([
                "rp": .members(["id": .string(rules.id), "name": .string(brand)]),
                "user": .members([
                    "id": bytes(offer.userHandle), "name": .string(name),
                    "displayName": .string(name),
                ]),
                "challenge": bytes(offer.challenge),
                "pubKeyCredParams": .array(
                    CredentialAlgorithm.allCases.map { algorithm in
                        .members([
                            "type": .string("public-key"), "alg": .integer(algorithm.rawValue),
                        ])
                    }
                ),
                "timeout": .integer(timeout),
                "excludeCredentials": list(offer.known),
                "authenticatorSelection": .members([
                    "residentKey": .string("preferred"), "requireResidentKey": .bool(false),
                    "userVerification": .string("required"),
                ]),
                "attestation": .string("none"),
            ])
        )
    }

    /// `PublicKeyCredentialRequestOptionsJSON`.
    static func request(_ offer: PasskeyDesk.ApprovalOffer, _ rules: PasskeyRules) -> Response {
        json(
            .members([
                "challenge": bytes(offer.challenge),
                "timeout": .integer(timeout),
                "rpId": .string(rules.id),
                "allowCredentials": list(offer.known),
                "userVerification": .string("required"),
            ])
        )
    }

    private static func list(_ credentials: [Credential]) -> JSONValue {
        .array(
            credentials.compactMap(\.passkey).map { passkey in
                .members([
                    "type": .string("public-key"), "id": bytes(passkey.rawID),
                    "transports": passkey.transports.isEmpty ? nil : .texts(passkey.transports),
                ])
            }
        )
    }

    private static func bytes(_ bytes: [UInt8]) -> JSONValue {
        .string(Base64URL.encode(bytes))
    }

    private static func json(_ value: JSONValue) -> Response {
        .json(
            200,
            value.bytes,
            fields: [.noStore, Field("X-Content-Type-Options", "nosniff")]
        )
    }
}

extension Form {
    private func bytes(_ name: String) -> [UInt8]? {
        self[name].flatMap { Base64URL.decode($0) }
    }

    /// The assertion that the pages' script adds; nil if it is missing or unreadable.
    var assertion: PasskeyAssertion? {
        guard let id = bytes("passkey_id"), let clientData = bytes("client_data"),
            let authenticatorData = bytes("authenticator_data"), let signature = bytes("signature")
        else { return nil }
        let handle = self["user_handle"] ?? ""
        guard let userHandle = Base64URL.decode(handle) else { return nil }
        return PasskeyAssertion(
            id: id,
            userHandle: handle.isEmpty ? nil : userHandle,
            proof: PasskeyProof(
                clientData: clientData,
                authenticatorData: authenticatorData,
                signature: signature
            )
        )
    }

    /// The registration that the pages' script adds; nil if it is missing or unreadable.
    var registration: PasskeyRegistration? {
        guard let id = bytes("passkey_id"), let clientData = bytes("client_data"),
            let attestation = bytes("attestation")
        else { return nil }
        return PasskeyRegistration(id: id, clientData: clientData, attestation: attestation)
    }

    /// How the authenticator can be reached, in the words that browsers have for it.
    var transports: [String] {
        let known = ["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"]
        let named = (self["transports"] ?? "").split(byte: ",")
        return known.filter { word in named.contains { String($0).isExactly(word) } }
    }
}
