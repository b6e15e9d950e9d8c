import Foundation
import JSON
import Testing
import WebAuthn

/// A pair of ceremonies of Web Authentication Level 3, section 16; the file names its source.
struct SpecificationVector: Sendable, CustomTestStringConvertible {
    let name: String
    let registration, authentication: Ceremony

    struct Ceremony: Sendable {
        let members: JSONValue
        func callAsFunction(_ name: String) throws -> [UInt8] {
            [UInt8](hex: try #require(members[name]?.string))
        }
    }

    var testDescription: String { name }

    static func all() throws -> [SpecificationVector] {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Vectors/section16.json")
        let file = try JSONValue(Array(Data(contentsOf: path)))
        return try (file["vectors"]?.array ?? []).map { entry in
            SpecificationVector(
                name: try #require(entry["name"]?.string),
                registration: Ceremony(members: try #require(entry["registration"])),
                authentication: Ceremony(members: try #require(entry["authentication"]))
            )
        }
    }
}

@Suite("The test vectors of WebAuthn Level 3, section 16")
struct SpecificationVectorTests {
    /// Their algorithms are not offered.
    static let otherAlgorithms: Set = [
        "Packed Attestation with ES384 Credential", "Packed Attestation with ES512 Credential",
        "Packed Attestation with Ed448 Credential",
    ]

    static func rules(_ attestation: PasskeyRules.Attestation) -> PasskeyRules {
        PasskeyRules(
            id: "example.org",
            origins: ["https://example.org"],
            topOrigins: ["https://example.com"],
            attestation: attestation
        )
    }

    @Test("are all there")
    func complete() throws { #expect(try SpecificationVector.all().count == 15) }

    @Test("hold as far as the rules take them", arguments: try SpecificationVector.all())
    func holds(vector: SpecificationVector) throws {
        let registration = PasskeyRegistration(
            id: try vector.registration("credential_id"),
            clientData: try vector.registration("clientDataJSON"),
            attestation: try vector.registration("attestationObject")
        )
        let object = try CBOR(registration.attestation)
        let bytes = try #require(object["authData"]?.bytes)
        guard !Self.otherAlgorithms.contains(vector.name) else {
            #expect(throws: PasskeyRefusal.algorithm) {
                try Self.rules(.ignored)
                    .register(registration, challenge: vector.registration("challenge"))
            }
            return
        }
        let data = try AuthenticatorData(bytes)
        let credential = try #require(data.credential)
        #expect(credential.id == registration.id)
        #expect(try credential.model == vector.registration("aaguid"))
        let client = try #require(ClientData(registration.clientData))
        let passkey = Passkey(
            id: credential.id,
            key: credential.key,
            counter: 0,
            isBackupEligible: data.isBackupEligible,
            isBackedUp: data.isBackedUp
        )
        let saysTop = !client.isCrossOrigin || client.topOrigin != nil
        let isOwn = object["fmt"] == .text("none") || object["attStmt"]?["x5c"] == nil
        for attestation in [PasskeyRules.Attestation.noneOrSelf, .ignored] {
            let outcome = Result { () throws(PasskeyRefusal) in
                try Self.rules(attestation)
                    .register(
                        registration,
                        challenge: (try? vector.registration("challenge")) ?? []
                    )
            }
            let format = object["fmt"]?.text ?? ""
            let expected: Result<Passkey, PasskeyRefusal> =
                if !saysTop {
                    .failure(.topOrigin(nil))
                } else if !data.isUserVerified {
                    .failure(.userNotVerified)
                } else if attestation == .noneOrSelf,
                    !isOwn || !["none", "packed"].contains(format)
                {
                    .failure(.attestationFormat(format))
                } else {
                    .success(passkey)
                }
            #expect(outcome == expected)
        }
        try asserts(vector, by: passkey, saysTop: saysTop)
    }

    private func asserts(
        _ vector: SpecificationVector,
        by passkey: Passkey,
        saysTop: Bool
    ) throws {
        let proof = PasskeyProof(
            clientData: try vector.authentication("clientDataJSON"),
            authenticatorData: try vector.authentication("authenticatorData"),
            signature: try vector.authentication("signature")
        )
        let challenge = try vector.authentication("challenge")
        let data = try AuthenticatorData(proof.authenticatorData)
        // Every signature holds, also where the rules refuse the ceremony for another reason.
        #expect(proof.isSigned(by: passkey.key))
        #expect(ClientData(proof.clientData)?.challenge == challenge)
        #expect(proof.proves(challenge, by: passkey.key) == data.isUserVerified)
        #expect(PasskeyProof(text: proof.text) == proof)
        let outcome = Result { () throws(PasskeyRefusal) in
            try Self.rules(.noneOrSelf).verify(
                PasskeyAssertion(id: passkey.id, userHandle: nil, proof: proof),
                by: passkey,
                of: [],
                challenge: challenge
            )
        }
        switch outcome {
        case .success(let use):
            #expect(saysTop && data.isUserVerified)
            #expect(use.passkey.isBackedUp == data.isBackedUp && !use.isSuspect)
        case .failure(let refusal):
            #expect(refusal == (saysTop ? .userNotVerified : .topOrigin(nil)))
            #expect(!saysTop || !data.isUserVerified)
        }
    }
}
