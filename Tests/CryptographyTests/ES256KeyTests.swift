import Cryptography
import Foundation
import TestSupport
import Testing

@Suite("An ES256 key")
struct ES256KeyTests {
    @Test("makes signatures that OpenSSL's command line accepts")
    func foreignVerifier() throws {
        let key = try #require(ES256Key())
        let point = try #require(key.publicCoordinates)
        let message = Array("signed here, checked elsewhere".utf8)
        let signature = try #require(key.sign(message))
        #expect(signature.count == 64)

        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func write(_ name: String, _ bytes: [UInt8]) throws -> String {
            let file = directory.appendingPathComponent(name)
            try Data(bytes).write(to: file)
            return file.path
        }
        // SubjectPublicKeyInfo of id-ecPublicKey on prime256v1 (RFC 5480) before the point.
        let header: [UInt8] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
            0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
        ]
        func integer(_ number: ArraySlice<UInt8>) -> [UInt8] {
            var digits = Array(number.drop { $0 == 0 })
            if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
            return [0x02, UInt8(digits.count)] + digits
        }
        let numbers = integer(signature[..<32]) + integer(signature[32...])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "dgst", "-sha256", "-keyform", "DER",
            "-verify", try write("key", header + point.x + point.y),
            "-signature", try write("signature", [0x30, UInt8(numbers.count)] + numbers),
            try write("message", message),
        ]
        process.standardOutput = FileHandle.nullDevice
        try ProcessStart.run(process)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
