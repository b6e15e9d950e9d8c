import Commands
import Endpoints
import Foundation
import JOSE
import JSON
import Logins
import TestSupport
import Testing

@testable import App

@Suite("beckon verify-evidence")
struct VerifyEvidenceCommandTests {
    private let directory: TemporaryDirectory
    private let key: SigningKey
    private let evidence: [UInt8]

    init() throws {
        directory = try TemporaryDirectory()
        key = try SigningKey.generate(.es256, id: "k1")
        let document = try EvidenceDocument.document(
            of: .inPhase(.settled),
            issuer: "https://as.example",
            at: Timestamp(milliseconds: 1_930_000_000_000),
            key: key
        )
        evidence = try #require(document).bytes
        try write(evidence, "evidence.json")
        try write(JWKSet([key.verificationKey]).json.bytes, "jwks.json")
    }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(filePath: directory.file(name)))
    }

    private func run(_ words: String...) async -> (code: ExitCode, output: String, errors: String) {
        let terminal = TestTerminal()
        let code = await CommandLineInterface.run(["verify-evidence"] + words, on: terminal)
        return (code, terminal.output, terminal.errors)
    }

    @Test("says what was approved, with the keys beside the file or those that are given")
    func holds() async throws {
        let file = directory.file("evidence.json")
        for words in [[file], [file, "--keys", directory.file("jwks.json")]] {
            let result =
                words.count == 1
                ? await run(words[0]) : await run(words[0], words[1], words[2])
            #expect(result.code == .ok, "\(result.errors)")
            #expect(result.output.hasPrefix("The evidence holds.\n"))
            #expect(result.output.contains("user alice approved login login-1"))
            #expect(result.output.contains("No key of the user signed"))
            #expect(result.output.contains("signed by Beckon at https://as.example, key k1"))
        }
    }

    @Test("fails with exit code 1 if a byte was changed, the keys are others or a file is missing")
    func fails() async throws {
        let text = String(decoding: evidence, as: UTF8.self)
        try write(Array(text.replacing("alice", with: "alicf").utf8), "evidence.json")
        let file = directory.file("evidence.json")
        let changed = await run(file)
        #expect(changed.code == .failed)
        #expect(changed.errors.contains("was changed after Beckon signed it"))
        try write(evidence, "evidence.json")
        let other = JWKSet([try SigningKey.generate(.es256, id: "k1").verificationKey])
        try write(other.json.bytes, "other.json")
        #expect(await run(file, "--keys", directory.file("other.json")).code == .failed)
        #expect(await run(directory.file("none.json")).code == .failed)
        #expect(await run(file, "--keys", directory.file("none.json")).code == .failed)
        #expect(await run().code == .usage)
    }
}
