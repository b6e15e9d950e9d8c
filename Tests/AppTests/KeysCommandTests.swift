import Commands
import Cryptography
import Foundation
import JOSE
import JSON
import TestSupport
import Testing

@testable import App

@Suite("The commands for keys")
struct KeysCommandTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func run(_ words: String...) async -> (code: ExitCode, output: String, errors: String) {
        let terminal = TestTerminal()
        let code = await CommandLineInterface.run(words, on: terminal)
        return (code, terminal.output, terminal.errors)
    }

    private func write(_ name: String, _ text: String) throws -> String {
        let path = directory.file(name)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// The longest base64url texts of a private JWK: what must never be shown.
    private func secrets(_ path: String) throws -> [String] {
        let jwk = try JSONValue(Array(Data(contentsOf: URL(fileURLWithPath: path))))
        return ["d", "p", "q", "dp", "dq", "qi"].compactMap { jwk[$0]?.string }
    }

    @Test("generate a signing key that only its owner can read", arguments: ["jwk", "pem"])
    func generate(form: String) async throws {
        for algorithm in SignatureAlgorithm.asymmetric {
            let path = directory.file("\(algorithm.rawValue).\(form)")
            let (code, output, errors) = await run(
                "keys",
                "generate",
                "--alg=\(algorithm.rawValue)",
                "--out=\(path)",
                "--form=\(form)"
            )
            #expect(code == .ok, "\(errors)")
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let key = try SigningKey(text: text, algorithm: algorithm)
            let id = try #require(key.id)
            #expect(id == Thumbprint.sha256(of: try #require(key.verificationKey.publicKey)))
            #expect(output.contains(id))
            if form == "jwk" {
                for secret in try secrets(path) { #expect(!(output + errors).contains(secret)) }
            }
        }
    }

    @Test("never overwrite a file or leave a partial one")
    func neverOverwrites() async throws {
        let path = try write("there", "precious")
        let (code, output, errors) = await run("keys", "generate", "--alg=ES256", "--out=\(path)")
        #expect(code == .failed)
        #expect(output.isEmpty)
        #expect(errors.contains("already exists"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")

        let link = directory.file("link")
        try FileManager.default.createSymbolicLink(
            atPath: link,
            withDestinationPath: directory.file("elsewhere")
        )
        #expect(await run("keys", "generate", "--alg=ES256", "--out=\(link)").code == .failed)
        #expect(!FileManager.default.fileExists(atPath: directory.file("elsewhere")))
        let nowhere = directory.file("no/such/folder")
        #expect(await run("keys", "generate", "--alg=ES256", "--out=\(nowhere)").code == .failed)
        // A file system that is always full.
        let full = await run("keys", "generate", "--alg=ES256", "--out=/dev/full")
        #expect(full.code == .failed)
    }

    @Test("show only the public part of a key in every form")
    func show() async throws {
        let key = try SigningKey.generate(.ps256, id: "a name")
        let publicKey = try #require(key.verificationKey.publicKey)
        let jwk = String(decoding: try key.secretJWK().bytes, as: UTF8.self)
        let publicJWK = try #require(key.verificationKey.jwk)
        let thumbprint = Thumbprint.sha256(of: publicKey)
        let secret = try #require(key.secretJWK()["d"]?.string)
        let forms: [(String, String, algorithm: String, kid: String)] = [
            ("private.jwk", jwk, "PS256", "a name"),
            ("public.jwk", String(decoding: publicJWK.bytes, as: UTF8.self), "PS256", "a name"),
            ("private.pem", try key.secretPEM(), "PS256 or RS256", thumbprint),
            ("public.pem", try publicKey.pem(), "PS256 or RS256", thumbprint),
        ]
        for (name, text, algorithm, kid) in forms {
            let (code, output, errors) = await run("keys", "show", try write(name, text))
            #expect(code == .ok, "\(errors)")
            #expect(output.contains("kind        RSA, 2048 bits\nalgorithm   \(algorithm)\n"))
            #expect(output.contains("kid         \(kid)\nthumbprint  \(thumbprint)\n"))
            #expect(!output.contains(secret))
            let line = try #require(output.split(separator: "\n").last)
            let shown = try JSONValue(Array(line.drop { $0 != "{" }.utf8))
            #expect(try JWK(shown).verificationKey().publicKey == publicKey)
        }
    }

    @Test("show a name with terminal control characters as JSON escapes")
    func hostileName() async throws {
        let key = try SigningKey.generate(.es256, id: "a\u{1B}[2J\u{9B}1m\u{202E}\u{E0041}b")
        let path = try write("key", String(decoding: key.secretJWK().bytes, as: UTF8.self))
        let shown = await run("keys", "show", path).output
        #expect(shown.contains(#"kid         a\u001b[2J\u009b1m\u202e\udb40\udc41b"#))
        let set = await run("keys", "jwks", path).output
        #expect((shown + set).unicodeScalars.allSatisfy { $0.value < 0x7F })
        #expect(try JWKSet(bytes: Array(set.utf8)).keys.map(\.id) == [key.id])
    }

    @Test("warn only if others can read a private key")
    func openFile() async throws {
        let key = try SigningKey.generate(.es256)
        let path = try write("key.pem", key.secretPEM())
        for (mode, warns) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let errors = await run("keys", "show", path).errors
            #expect(errors.contains("others can read") == warns)
        }
        let publicPath = try write("public.pem", try #require(key.verificationKey.publicKey).pem())
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: publicPath)
        #expect(await run("keys", "show", publicPath).errors.isEmpty)
    }

    @Test("print a JWK Set that verifies the keys' signatures and contains no secret")
    func jwks() async throws {
        var words = ["keys", "jwks"]
        var keys: [SigningKey] = []
        for algorithm in SignatureAlgorithm.asymmetric {
            let key = try SigningKey.generate(algorithm, id: "for \(algorithm.rawValue)")
            keys.append(key)
            let text = String(decoding: try key.secretJWK().bytes, as: UTF8.self)
            words.append(try write(algorithm.rawValue, text))
        }
        let terminal = TestTerminal()
        #expect(await CommandLineInterface.run(words, on: terminal) == .ok)
        let set = try JWKSet(bytes: Array(terminal.output.utf8))
        #expect(set.unused.isEmpty)
        for key in keys {
            let token = try JWS.sign(payload: [1], key: key)
            #expect(throws: Never.self) {
                try JWS.verify(token, keys: set, allowed: [key.algorithm])
            }
        }
        for path in words.dropFirst(2) {
            for secret in try secrets(path) { #expect(!terminal.output.contains(secret)) }
        }
    }

    @Test("report problems of a file")
    func badFiles() async throws {
        let key = String(decoding: try SigningKey.generate(.es256).secretJWK().bytes, as: UTF8.self)
        let good = try write("good", key)
        let cases: [(String, String)] = [
            (directory.file("none"), "does not exist"), (directory.path, "is a directory"),
            (try write("empty", ""), "is not PEM"), (try write("brace", "{"), "not a JSON object"),
            (try write("oct", #"{"kty":"oct","k":"AAAA"}"#), "is not supported"),
            (
                try write("weak", #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#),
                "the key has 17 bits; RSA keys have 2048 to 8192"
            ),
        ]
        for (path, says) in cases {
            for command in ["show", "jwks"] {
                let (code, output, errors) = await run("keys", command, path)
                #expect(code == .failed)
                #expect(output.isEmpty)
                #expect(errors.contains(path) && errors.contains(says), "\(errors)")
            }
        }
        let twice = await run("keys", "jwks", good, good)
        #expect(twice.code == .failed)
        #expect(twice.errors.contains("have the same name"))
    }

    @Test(
        "report problems of the command line with exit code 2",
        arguments: [
            (["keys"], "needs one of: generate, show, jwks"),
            (["keys", "generate", "--out=x"], "--alg is required"),
            (["keys", "generate", "--alg=ES256"], "--out is required"),
            (["keys", "generate", "--alg=HS256", "--out=x"], "must be ES256"),
            (["keys", "generate", "--alg=none", "--out=x"], "not none"),
            (["keys", "generate", "--alg=RS256", "--out=x", "--bits=1024"], "2048 to 4096"),
            (["keys", "generate", "--alg=ES256", "--out=x", "--bits=2048"], "is only for PS256"),
            (["keys", "generate", "--alg=ES256", "--out=x", "--kid=a\u{7}"], "control character"),
            (
                ["keys", "generate", "--alg=ES256", "--out=x", "--kid=a", "--form=pem"],
                "cannot be stored"
            ),
            (["keys", "generate", "--alg=ES256", "--out=x", "y"], "options begin with --"),
            (["keys", "show"], "FILE is required"),
            (["keys", "show", "a", "b"], "unexpected argument b"),
            (["keys", "show", "-a"], "options begin with --"),
            (["keys", "show", "--file=a"], "is not an option"),
            (["keys", "jwks"], "FILE is required"),
        ] as [([String], String)]
    )
    func usage(_ words: [String], says: String) async {
        let terminal = TestTerminal()
        #expect(await CommandLineInterface.run(words, on: terminal) == .usage)
        #expect(terminal.errors.contains(says), "\(terminal.errors)")
        #expect(terminal.output.isEmpty)
    }
}
