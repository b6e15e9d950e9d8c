import Cryptography
import Foundation
import TestSupport

/// OpenSSL's command line, in a folder of its own.
struct OpenSSLTool {
    struct Failed: Error { let arguments: [String] }

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func file(_ name: String) -> String { directory.file(name) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    /// Its standard output.
    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let answer = try ChildProcess.run(["openssl"] + arguments, errors: .dropped)
        guard answer.isSuccess else { throw Failed(arguments: arguments) }
        return answer.text
    }

    func verifies(
        _ signature: [UInt8],
        of message: [UInt8],
        by scheme: SignatureScheme,
        _ publicPEM: String
    ) throws -> Bool {
        let form = scheme == .ecdsaP256 ? der(signature) : signature
        let arguments = [
            "pkeyutl", "-verify", "-pubin", "-inkey", try write("public.pem", publicPEM),
            "-in", try write("message", message), "-sigfile", try write("signature", form),
        ]
        return (try? run(arguments + options(of: scheme))) != nil
    }

    func sign(_ message: [UInt8], by scheme: SignatureScheme, _ pem: String) throws -> [UInt8] {
        try run(
            [
                "pkeyutl", "-sign", "-inkey", try write("key.pem", pem),
                "-in", try write("message", message), "-out", file("theirs"),
            ] + options(of: scheme)
        )
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file("theirs"))))
        return scheme == .ecdsaP256 ? raw(bytes) : bytes
    }

    private func options(of scheme: SignatureScheme) -> [String] {
        switch scheme {
        case .rsaPKCS1, .ecdsaP256: ["-rawin", "-digest", "sha256"]
        case .rsaPSS:
            [
                "-rawin", "-digest", "sha256", "-pkeyopt", "rsa_padding_mode:pss",
                "-pkeyopt", "rsa_pss_saltlen:32",
            ]
        case .ed25519: ["-rawin"]
        }
    }

    /// `SEQUENCE { INTEGER r, INTEGER s }` of R and S.
    private func der(_ signature: [UInt8]) -> [UInt8] {
        func integer(_ number: ArraySlice<UInt8>) -> [UInt8] {
            var digits = Array(number.drop { $0 == 0 })
            if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
            return [0x02, UInt8(digits.count)] + digits
        }
        let numbers = integer(signature[..<32]) + integer(signature[32...])
        return [0x30, UInt8(numbers.count)] + numbers
    }

    /// R and S of `SEQUENCE { INTEGER r, INTEGER s }`.
    private func raw(_ der: [UInt8]) -> [UInt8] {
        let middle = 4 + Int(der[3])
        return [der[4..<middle], der[(middle + 2)...]].flatMap { number in
            let digits = number.drop { $0 == 0 }
            return [UInt8](repeating: 0, count: 32 - digits.count) + digits
        }
    }
}
