import Cryptography
import Foundation
import TestSupport
import Testing

@Suite("HKDF")
struct HKDFTests {
    @Test("derives the keys of RFC 5869, appendix A.1 and A.3")
    func vectors() {
        let secret = [UInt8](repeating: 0x0B, count: 22)
        let first = HKDF.extract(secret, salt: Array(0...0x0C))
        #expect(
            HKDF.expand(first, info: Array(0xF0...0xF9), count: 42)
                == bytes(
                    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                        + "34007208d5b887185865"
                )
        )
        let third = HKDF.extract(secret, salt: [])
        #expect(
            HKDF.expand(third, info: [], count: 42)
                == bytes(
                    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                        + "9d201395faa4b61a96c8"
                )
        )
    }
}

@Suite("AES-128 in GCM")
struct AES128GCMTests {
    private let key = [UInt8](repeating: 0, count: 16)
    private let nonce = [UInt8](repeating: 0, count: 12)

    @Test("seals and opens the first test cases of its specification")
    func vectors() throws {
        let empty = bytes("58e2fccefa7e3061367f1d57a4e7455a")
        let block = bytes("0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf")
        #expect(try AES128GCM.seal([], key: key, nonce: nonce) == empty)
        let text = [UInt8](repeating: 0, count: 16)
        #expect(try AES128GCM.seal(text, key: key, nonce: nonce) == block)
        #expect(AES128GCM.open(block, key: key, nonce: nonce) == text)
        #expect(AES128GCM.open(empty, key: key, nonce: nonce) == [])
    }

    @Test("opens nothing that was changed in any byte, cut off, or sealed with another key")
    func changes() throws {
        let sealed = try AES128GCM.seal(Array("Beckon".utf8), key: key, nonce: nonce)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(AES128GCM.open(changed, key: key, nonce: nonce) == nil)
            let part = Array(sealed[..<index])
            #expect(AES128GCM.open(part, key: key, nonce: nonce) == nil)
        }
        let other = [UInt8](repeating: 1, count: 16)
        #expect(AES128GCM.open(sealed, key: other, nonce: nonce) == nil)
        #expect(AES128GCM.open(sealed, key: key, nonce: []) == nil)
        #expect(throws: KeyError.malformed) {
            try AES128GCM.seal([], key: Array(key.dropFirst()), nonce: nonce)
        }
    }
}

@Suite("A key agreement")
struct KeyAgreementTests {
    @Test("gives both sides one secret, and refuses keys of other kinds")
    func agreement() throws {
        let (anna, bob) = (try PrivateKey.generate(.p256), try PrivateKey.generate(.p256))
        let secret = try anna.sharedSecret(with: bob.publicKey)
        #expect(secret.count == 32)
        #expect(try bob.sharedSecret(with: anna.publicKey) == secret)
        let other = try PrivateKey.generate(.ed25519)
        #expect(throws: KeyError.scheme) { try anna.sharedSecret(with: other.publicKey) }
        #expect(throws: KeyError.scheme) { try other.sharedSecret(with: anna.publicKey) }
    }
}

private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
}
