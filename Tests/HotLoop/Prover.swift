import Cryptography
import Devices
import Foundation
import HTTP
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport

/// An enrolled device, which proves its key for each request. A proof counts once, so each copy of a
/// request has another one.
struct Prover: Sendable {
    private let key: SigningKey

    /// A key that nobody has enrolled.
    init() throws { key = try SigningKey.generate(.edDSA) }

    /// Enrols a device of a user.
    init(of user: UserID, in store: SQLLoginStore, at now: Timestamp) async throws {
        try self.init()
        let publicKey = try require(key.verificationKey.publicKey, "a public key")
        let id = try require(DeviceID("phone"), "a device")
        let device = Device(
            id: id,
            user: user,
            name: "A phone",
            platform: .other,
            createdAt: now,
            lastSeenAt: now
        )
        let credential = Credential(
            id: try require(Credential.id(ofDeviceKey: publicKey), "a credential"),
            user: user,
            device: id,
            kind: .deviceKey(pin: nil),
            publicKey: publicKey,
            algorithm: .edDSA,
            name: device.name,
            createdAt: now
        )
        let refusal = try await store.devices.commit([
            .addDevice(device), .addCredential(credential),
        ])
        guard refusal == nil else { throw Unusable(what: "the device: \(refusal as Any)") }
    }

    /// The proof of one request (RFC 9449 §4.2); empty if it cannot be signed.
    func proof(_ method: String, _ target: String) -> String {
        sign(
            "dpop+jwt",
            [
                "htm": .string(method),
                "htu": .string("https://login.example" + target.prefix { $0 != "?" }),
                "iat": .integer(Int64(Date().timeIntervalSince1970)),
                "jti": .string(Base64URL.encode(Random.bytes(12))),
            ],
            hasKey: true
        )
    }

    /// An approval that the key has signed over a challenge that is none: it holds and decides nothing.
    func approval(of login: String, digest: String) -> String {
        sign(
            "beckon-decision+jwt",
            [
                "challenge": .string(Base64URL.encode(Array(repeating: 0, count: 32))),
                "login": .string(login), "decision": .string("approve"),
                "digest": .string(digest),
            ],
            hasKey: false
        )
    }

    private func sign(
        _ type: String,
        _ claims: KeyValuePairs<String, JSONValue?>,
        hasKey: Bool
    ) -> String {
        let header = JSONValue.members([
            "typ": .string(type),
            "jwk": hasKey
                ? key.verificationKey.publicKey.flatMap { VerificationKey($0).jwk } : nil,
        ])
        let token = try? JWS.sign(
            payload: JSONValue.members(claims).bytes,
            header: header.object ?? JSONObject(),
            key: key
        )
        return token ?? ""
    }
}
