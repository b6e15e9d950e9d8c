import Access
import Commands
import Cryptography
import Engine
import Foundation
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@testable import App

@Suite("The commands on the audit")
struct AuditCommandTests {
    private let directory: TemporaryDirectory
    private let config: String

    init() throws {
        directory = try TemporaryDirectory()
        config = directory.file("beckon.json5")
        try #"{ store: { sqlite: { path: "beckon.db" } } }"#.write(
            toFile: config,
            atomically: true,
            encoding: .utf8
        )
    }

    private func run(_ words: String...) async -> (code: ExitCode, output: String, errors: String) {
        let terminal = TestTerminal()
        let code = await CommandLineInterface.run(words + ["--config", config], on: terminal)
        return (code, terminal.output, terminal.errors)
    }

    /// Fills the audit of a service, which keeps running during `body`.
    private func withService(
        entries: Int,
        _ body: (any AccessStore) async throws -> Void
    ) async throws {
        let store = try SQLLoginStore(
            StoreOptions(path: directory.file("beckon.db"), role: .service, clock: SystemClock())
        )
        let now = Timestamp(milliseconds: 1_930_000_000_000)
        for number in 0..<entries {
            let event = AuditEvent("token.issued", at: now, ["n": .integer(number)])
            #expect(try await store.access.commit([.audit(event)]) == nil)
        }
        do {
            try await body(store.access)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private func change(_ sql: String) throws {
        let answer = try ChildProcess.run(
            ["sqlite3", "-batch", directory.file("beckon.db"), sql],
            errors: .withOutput
        )
        #expect(answer.isSuccess)
    }

    @Test("verify says how many entries there are, and the hash to note")
    func whole() async throws {
        try await withService(entries: 12) { store in
            let head = try #require(try await store.audit(after: 11, limit: 1).first)
            let text = "first\t1\nlast\t12\nhead\t\(Base64URL.encode(head.hash))"
            let verified = await run("audit", "verify")
            #expect(verified.code == .ok && verified.errors == "")
            #expect(verified.output == "entries\t12\n" + text)
            _ = try await store.sweepAudit(before: .distantFuture, limit: 5)
            let swept = await run("audit", "verify").output
            #expect(swept == "entries\t7\n" + text.replacing("first\t1\n", with: "first\t6\n"))
        }
    }

    @Test(
        "verify fails and names the first entry that is wrong",
        arguments: [
            ("UPDATE audit SET entry = x'7B7D' WHERE number = 7", "entry 7 is unreadable"),
            ("UPDATE audit SET hash = zeroblob(32) WHERE number = 7", "entry 7 was changed"),
            ("DELETE FROM audit WHERE number IN (7, 9)", "entry 7 is missing"),
            ("DELETE FROM audit WHERE number > 7", "entry 8 is missing, and all after it"),
            (
                """
                UPDATE audit SET number = 99 WHERE number = 7;
                UPDATE audit SET number = 7 WHERE number = 8;
                UPDATE audit SET number = 8 WHERE number = 99;
                """, "entry 7 is out of order"
            ),
        ]
    )
    func broken(_ sql: String, _ words: String) async throws {
        try await withService(entries: 12) { _ in
            try change(sql)
            let verified = await run("audit", "verify")
            #expect(verified.code == .failed)
            #expect(verified.output == "")
            #expect(verified.errors.contains("the audit is not whole: \(words)"))
        }
    }

    @Test("verify checks the signatures of signed heads with the given keys")
    func signed() async throws {
        let key = try SigningKey.generate(.es256, id: "audit-1")
        func keys(_ key: SigningKey, _ name: String) throws -> String {
            let path = directory.file(name)
            let set = JWKSet([key.verificationKey]).json.bytes
            try Data(set).write(to: URL(fileURLWithPath: path))
            return "--keys=\(path)"
        }
        let right = try keys(key, "right.jwks")
        let wrong = try keys(try SigningKey.generate(.es256, id: "audit-1"), "wrong.jwks")
        try await withService(entries: 3) { store in
            #expect(await run("audit", "verify", right).output.hasSuffix("\nsigned\t0"))
            try await store.sealAudit { mark in
                try? AuditSeal.event(over: mark, at: .distantFuture, key: key)
            }
            #expect(await run("audit", "verify", right).output.hasSuffix("\nsigned\t4"))
            let refused = await run("audit", "verify", wrong)
            #expect(refused.code == .failed)
            #expect(refused.errors.contains("the signature in entry 4 is wrong"))
            #expect(await run("audit", "verify").code == .ok)
            let missing = await run("audit", "verify", "--keys=/no/such/file")
            #expect(missing.code == .failed && missing.errors.contains("/no/such/file"))
        }
    }

    @Test("export prints each entry on a line, which can be verified alone")
    func export() async throws {
        try await withService(entries: 1_203) { _ in
            let lines = await run("audit", "export").output.split(separator: "\n")
            #expect(lines.count == 1_203)
            var previous = AuditChain.start
            for (index, line) in lines.enumerated() {
                let value = try JSONValue(Array(line.utf8))
                #expect(value["number"]?.integer == index + 1)
                #expect(value["event"]?.string == "token.issued")
                let hash = try #require(value["hash"]?.string.flatMap { Base64URL.decode($0) })
                let entry = line.split(separator: #","hash""#, maxSplits: 1)[0] + "}"
                #expect(AuditChain.hash(after: previous, Array(entry.utf8)) == hash)
                previous = hash
            }
            func numbers(_ words: String...) async throws -> [Int?] {
                let words = ["audit", "export"] + words + ["--config", config]
                let terminal = TestTerminal()
                #expect(await CommandLineInterface.run(words, on: terminal) == .ok)
                return try terminal.output.split(separator: "\n").map {
                    try JSONValue(Array($0.utf8))["number"]?.integer
                }
            }
            #expect(try await numbers("--after=1200") == [1201, 1202, 1203])
            #expect(try await numbers("--until=2") == [1, 2])
            #expect(try await numbers("--after=999", "--until=1002") == [1000, 1001, 1002])
            #expect(try await numbers("--after=1203") == [])
            #expect(await run("audit", "export", "--after=-1").code == .usage)
            #expect(await run("audit", "export", "--until=x").code == .usage)
            try change("UPDATE audit SET entry = x'0A22' WHERE number = 2")
            let damaged = await run("audit", "export", "--after=1", "--until=2").output
            #expect(damaged.hasPrefix(#"{"number":2,"unreadable":"CiI","hash":""#))
        }
    }

    @Test("verify says that there is no store, or that it is empty", arguments: [false, true])
    func nothing(_ isThere: Bool) async throws {
        let path = directory.file("beckon.db")
        if isThere { try Data().write(to: URL(filePath: path)) }
        let verified = await run("audit", "verify")
        #expect(verified.code == .failed)
        #expect(verified.output == "")
        #expect(
            verified.errors.contains("the store \(path) \(isThere ? "is empty" : "does not exist")")
        )
    }

    @Test("has what commands did to users, each together with its change")
    func users() async throws {
        for words in [
            ["users", "add"], ["users", "add"], ["users", "add", "--language=fr"],
            ["users", "disable"], ["users", "disable"], ["users", "enable"], ["users", "remove"],
        ] {
            let done = await CommandLineInterface.run(
                words + ["--user=anna", "--config", config],
                on: TestTerminal()
            )
            #expect(done == .ok)
        }
        let exported = await run("audit", "export").output
        let lines = try exported.split(separator: "\n").map { try JSONValue(Array($0.utf8)) }
        #expect(
            lines.map { $0["event"]?.string } == [
                "user.created", "user.changed", "user.disabled", "user.enabled", "user.removed",
            ]
        )
        #expect(lines.allSatisfy { $0["details"]?["by"]?.string == "command line" })
        #expect(lines.allSatisfy { $0["details"]?["user"]?.string == "anna" })
    }
}
