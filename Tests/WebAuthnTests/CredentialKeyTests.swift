import Cryptography
import TestSupport
import Testing
import WebAuthn

@Suite("A passkey's public key")
struct CredentialKeyTests {
    typealias Members = [Int: CBOR]

    static func p256() throws -> Members {
        let authenticator = try SoftwareAuthenticator(.p256)
        guard let entries = try CBOR(authenticator.publicKey).entries else { return [:] }
        return Dictionary(uniqueKeysWithValues: entries.map { ($0.key.integer ?? 0, $0.value) })
    }

    static func key(_ members: Members) throws(COSEError) -> CredentialKey {
        try CredentialKey(
            .map(
                members.sorted { $0.key < $1.key }.map { label, value in
                    .init(
                        label < 0 ? .negative(UInt64(-1 - label)) : .unsigned(UInt64(label)),
                        value
                    )
                }
            )
        )
    }

    static let zeros = CBOR.bytes([UInt8](repeating: 0, count: 32))
    static let changes: [(String, COSEError, @Sendable (inout Members) -> Void)] = [
        ("off the curve", .key(.malformed), { $0[-3] = .bytes([UInt8](repeating: 5, count: 32)) }),
        (
            "the origin", .key(.malformed),
            {
                $0[-2] = zeros; $0[-3] = zeros
            }
        ),
        ("short", .key(.malformed), { $0[-2] = .bytes([UInt8](repeating: 1, count: 31)) }),
        ("long", .key(.malformed), { $0[-2] = .bytes([UInt8](repeating: 1, count: 33)) }),
        ("compressed", .malformed, { $0[-3] = .bool(true) }),
        ("no algorithm", .missing(3), { $0[3] = nil }),
        ("no type", .missing(1), { $0[1] = nil }),
        ("no y", .missing(-3), { $0[-3] = nil }),
        ("algorithm as text", .missing(3), { $0[3] = .text("ES256") }),
        ("ES384", .algorithm(-35), { $0[3] = .negative(34) }),
        ("RS1", .algorithm(-65_535), { $0[3] = .negative(65_534) }),
        ("algorithm of an OKP key", .extraMember, { $0[3] = .negative(7) }),
        ("type OKP", .keyType, { $0[1] = .unsigned(1) }),
        ("P-384", .curve, { $0[-1] = .unsigned(2) }),
        ("Ed25519", .curve, { $0[-1] = .unsigned(6) }),
        ("a private half", .extraMember, { $0[-4] = zeros }),
        ("key_ops", .extraMember, { $0[4] = .array([]) }),
    ]

    @Test("is refused if a member is wrong", arguments: changes.indices)
    func wrongMember(index: Int) throws {
        let (name, expected, change) = Self.changes[index]
        var members = try Self.p256()
        _ = try Self.key(members)
        change(&members)
        #expect(throws: expected, "\(name)") { try Self.key(members) }
    }

    @Test("of RSA has at least 2048 bits and a sound exponent")
    func weakRSA() throws {
        let modulus = [UInt8](repeating: 0xFF, count: 256)
        func key(_ modulus: [UInt8], _ exponent: [UInt8]) throws(COSEError) -> CredentialKey {
            try Self.key([
                1: .unsigned(3), 3: .negative(256), -1: .bytes(modulus), -2: .bytes(exponent),
            ])
        }
        _ = try key(modulus, [1, 0, 1])
        #expect(throws: COSEError.key(.rsaBits(2040))) { try key(Array(modulus[1...]), [1, 0, 1]) }
        #expect(throws: COSEError.key(.rsaExponent)) { try key(modulus, [1]) }
        #expect(throws: COSEError.key(.malformed)) { try key([], []) }
    }

    @Test("takes an ECDSA signature in its one DER form only")
    func derForm() throws {
        let authenticator = try SoftwareAuthenticator(.p256)
        let key = CredentialKey(authenticator.key.publicKey)
        let message: [UInt8] = [1, 2, 3]
        let raw = try authenticator.key.sign(message, by: .ecdsaP256)
        let der = try #require(ECDSASignature.der(raw))
        #expect(key.verify(der, of: message))
        #expect(!key.verify(raw, of: message))
        #expect(!key.verify(der + [0], of: message))
        #expect(!key.verify([0x30, 0x81] + der[1...], of: message))
        let padded = [der[0], der[1] + 1, 0x02, der[3] + 1, 0] + der[4...]
        #expect(!key.verify(padded, of: message))
    }
}
