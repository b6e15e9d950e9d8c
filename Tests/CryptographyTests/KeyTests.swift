@testable import Cryptography
import Foundation
import TestSupport
import Testing

@Suite("A key pair")
struct KeyTests {
    /// What the command line of OpenSSL makes, in each of the forms that keys come in.
    static let commands: [(arguments: String, kind: KeyKind)] = [
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", .rsa(bits: 2048)),
        ("genrsa -traditional 2048", .rsa(bits: 2048)),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", .p256),
        ("ecparam -name prime256v1 -genkey", .p256),
        ("ecparam -name prime256v1 -genkey -noout", .p256),
        ("genpkey -algorithm ED25519", .ed25519),
    ]

    private func schemes(_ kind: KeyKind) -> [SignatureScheme] {
        SignatureScheme.allCases.filter { $0.fits(kind) }
    }

    @Test("is read from every form of PEM and signs for OpenSSL", arguments: commands)
    func foreign(arguments: String, kind: KeyKind) throws {
        let openSSL = try OpenSSLTool()
        let pem = try openSSL.run(arguments.split(separator: " ").map(String.init))
        let key = try PrivateKey(pem: pem)
        #expect(key.kind == kind)
        try openSSL.write("key.pem", pem)
        let publicPEM = try openSSL.run(["pkey", "-in", openSSL.file("key.pem"), "-pubout"])
        #expect(try PublicKey(pem: publicPEM) == key.publicKey)
        #expect(try key.publicKey.pem() == publicPEM)

        let message = Array("signed here, checked elsewhere".utf8)
        for scheme in schemes(kind) {
            let signature = try key.sign(message, by: scheme)
            #expect(key.publicKey.verify(signature, of: message, by: scheme))
            #expect(try openSSL.verifies(signature, of: message, by: scheme, publicPEM))
            let theirs = try openSSL.sign(message, by: scheme, pem)
            #expect(key.publicKey.verify(theirs, of: message, by: scheme))
        }
    }

    @Test(
        "is restored from its PEM and from its numbers",
        arguments: [KeyKind.rsa(bits: 2048), .p256, .ed25519]
    )
    func roundTrips(_ kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        #expect(key.kind == kind)
        let fromPEM = try PrivateKey(pem: key.secretPEM())
        let fromNumbers = try PrivateKey(key.secretNumbers())
        #expect(fromPEM.publicKey == key.publicKey)
        #expect(fromNumbers.publicKey == key.publicKey)
        #expect(try PublicKey(pem: key.publicKey.pem()) == key.publicKey)
        #expect(try PublicKey(key.publicKey.numbers) == key.publicKey)
        #expect(try fromNumbers.secretNumbers() == key.secretNumbers())
    }

    @Test(
        "is encoded as OpenSSL encodes it",
        arguments: [KeyKind.rsa(bits: 2048), .p256, .ed25519]
    )
    func info(kind: KeyKind) throws {
        for _ in 0..<8 {
            let key = try PrivateKey.generate(kind).publicKey
            let info = try #require(key.info)
            #expect(try key.handle.publicInfo == info)
            #expect(try PublicKey(info: info) == key)
            #expect(try PublicKey(key.numbers).info == info)
        }
    }

    @Test("signs and verifies on several threads at once, each text by itself")
    func threads() async throws {
        let key = try PrivateKey.generate(.p256)
        let public_ = try PublicKey(key.publicKey.numbers)
        let wrong = try key.sign([0], by: .ecdsaP256)
        await withTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var right = 0
                    for number in 0..<50 {
                        let message = Array("text \(task) \(number)".utf8)
                        guard let signature = try? key.sign(message, by: .ecdsaP256) else {
                            continue
                        }
                        if public_.verify(signature, of: message, by: .ecdsaP256),
                            !public_.verify(wrong, of: message, by: .ecdsaP256),
                            !public_.verify(signature, of: message + [0], by: .ecdsaP256)
                        {
                            right += 1
                        }
                    }
                    return right
                }
            }
            for await right in group { #expect(right == 50) }
        }
    }

    @Test("does not verify changed, truncated or differently signed texts")
    func changes() throws {
        let message = Array("a message".utf8)
        for kind in [KeyKind.rsa(bits: 2048), .p256, .ed25519] {
            let (key, other) = (try PrivateKey.generate(kind), try PrivateKey.generate(kind))
            for scheme in schemes(kind) {
                let signature = try key.sign(message, by: scheme)
                var flipped = signature
                flipped[flipped.count / 2] ^= 1
                for wrong in [flipped, signature + [0], [0] + signature, signature.dropLast(), []] {
                    #expect(!key.publicKey.verify(Array(wrong), of: message, by: scheme))
                }
                #expect(!key.publicKey.verify(signature, of: message + [0], by: scheme))
                #expect(!other.publicKey.verify(signature, of: message, by: scheme))
                for another in SignatureScheme.allCases where another != scheme {
                    #expect(!key.publicKey.verify(signature, of: message, by: another))
                }
            }
            for scheme in SignatureScheme.allCases where !scheme.fits(kind) {
                #expect(throws: KeyError.scheme) { try key.sign(message, by: scheme) }
            }
        }
    }

    @Test(
        "is refused when it is weak or of an unsupported kind",
        arguments: [
            ("genrsa 1024", KeyError.rsaBits(1024)),
            ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2040", .rsaBits(2040)),
            ("ecparam -name secp384r1 -genkey -noout", .kind),
            ("ecparam -name secp256k1 -genkey -noout", .kind),
            ("ecparam -name prime256v1 -genkey -noout -param_enc explicit", .kind),
            ("genpkey -algorithm X25519", .kind), ("genpkey -algorithm ED448", .kind),
            ("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", .kind),
            ("genrsa -aes128 -passout pass:secret 2048", .encrypted),
            ("genrsa -traditional -aes128 -passout pass:secret 2048", .encrypted),
            ("ecparam -name prime256v1", .label("EC PARAMETERS")),
        ] as [(String, KeyError)]
    )
    func refusals(arguments: String, expected: KeyError) throws {
        let pem = try OpenSSLTool().run(arguments.split(separator: " ").map(String.init))
        #expect(throws: expected) { try PrivateKey(pem: pem) }
    }

    @Test("is refused when its PEM is damaged or is not a key")
    func damage() throws {
        let key = try PrivateKey.generate(.p256)
        let pem = try key.secretPEM()
        let lines = pem.split(separator: "\n")
        let cut = ([lines[0]] + lines[2...]).joined(separator: "\n")
        let texts: [(String, KeyError)] = [
            ("", .notPEM), ("{}", .notPEM), (String(pem.dropLast(10)), .notPEM), (cut, .malformed),
            (pem.replacing("PRIVATE", with: "PUBLIC"), .label("PUBLIC KEY")),
            (pem + pem, .severalKeys), (try key.publicKey.pem(), .label("PUBLIC KEY")),
            (String(repeating: " ", count: 40_000) + pem, .notPEM),
        ]
        for (text, expected) in texts {
            #expect(throws: expected) { try PrivateKey(pem: text) }
        }
        #expect(throws: KeyError.label("PRIVATE KEY")) { try PublicKey(pem: pem) }
    }

    @Test("is refused when its numbers are inconsistent")
    func inconsistent() throws {
        for kind in [KeyKind.rsa(bits: 2048), .p256, .ed25519] {
            let numbers = try PrivateKey.generate(kind).secretNumbers()
            let others = try PrivateKey.generate(kind).secretNumbers()
            let mixed: PrivateKeyNumbers
            switch (numbers, others) {
            case (.rsa(var rsa), .rsa(let other)):
                rsa.privateExponent = other.privateExponent
                mixed = .rsa(rsa)
            case (.p256(let x, let y, _), .p256(_, _, let d)): mixed = .p256(x: x, y: y, d: d)
            case (.ed25519(let x, _), .ed25519(_, let d)): mixed = .ed25519(x: x, d: d)
            default:
                Issue.record("two keys of one kind are of one kind")
                return
            }
            #expect(throws: KeyError.inconsistent) { try PrivateKey(mixed) }
        }
    }

    @Test("is refused when its public numbers are not a key")
    func badNumbers() throws {
        guard case .p256(let x, let y) = try PrivateKey.generate(.p256).publicKey.numbers,
            case .rsa(let n, let e) = try PrivateKey.generate(.rsa(bits: 2048)).publicKey.numbers
        else {
            Issue.record("keys have the numbers of their kind")
            return
        }
        var (off, even) = (y, n)
        off[31] ^= 1
        even[even.count - 1] &= 0xFE
        let cases: [(PublicKeyNumbers, KeyError)] = [
            (.p256(x: x, y: off), .malformed), (.p256(x: x, y: Array(y.dropLast())), .malformed),
            (.p256(x: [0] + x, y: y), .malformed),
            (
                .p256(x: Array(repeating: 0, count: 32), y: Array(repeating: 0, count: 32)),
                .malformed
            ),
            (.rsa(modulus: even, exponent: e), .malformed),
            (.rsa(modulus: n, exponent: [1]), .rsaExponent),
            (.rsa(modulus: n, exponent: [2]), .rsaExponent),
            (.rsa(modulus: n, exponent: n), .rsaExponent),
            (.rsa(modulus: Array(n.suffix(128)), exponent: e), .rsaBits(1024)),
            (.rsa(modulus: n + n + n + n + n, exponent: e), .rsaBits(10240)),
            (.ed25519(Array(repeating: 1, count: 31)), .malformed),
        ]
        for (numbers, expected) in cases {
            let error = #expect(throws: KeyError.self) { try PublicKey(numbers) }
            // A number cut in its middle may begin with a zero bit, and so have fewer bits.
            if case .rsaBits = expected, case .rsaBits = error { continue }
            #expect(error == expected)
        }
        // The same as a SubjectPublicKeyInfo.
        var info = try #require(try PublicKey(.p256(x: x, y: y)).info)
        #expect(try PublicKey(info: info).numbers == .p256(x: x, y: y))
        #expect(throws: KeyError.malformed) { try PublicKey(info: info + [0]) }
        info[info.count - 1] ^= 1
        #expect(throws: KeyError.malformed) { try PublicKey(info: info) }
        #expect(throws: KeyError.rsaBits(1024)) { try PrivateKey.generate(.rsa(bits: 1024)) }
        #expect(throws: KeyError.rsaBits(8192)) { try PrivateKey.generate(.rsa(bits: 8192)) }
    }
}
