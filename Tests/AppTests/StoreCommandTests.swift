import Commands
import Engine
import Foundation
import Logins
import SQLiteStore
import TestSupport
import Testing

@testable import App

@Suite("Commands on the store")
struct StoreCommandTests {
    private let directory: TemporaryDirectory
    private let config: String

    init() throws {
        directory = try TemporaryDirectory()
        config = directory.file("beckon.json5")
        try ConfigurationFixtures.minimal().write(
            toFile: config,
            atomically: true,
            encoding: .utf8
        )
    }

    private func run(
        _ words: String...
    ) async -> (code: ExitCode, output: String, errors: String) {
        let terminal = TestTerminal()
        let words = words + ["--config", config]
        let code = await CommandLineInterface.run(words, on: terminal)
        return (code, terminal.output, terminal.errors)
    }

    @Test("add, list, disable, enable and remove users")
    func users() async {
        #expect(await run("migrate").code == .ok)
        #expect(await run("migrate").output.contains("already"))
        #expect(await run("users", "list").output == "")
        #expect(
            await run("users", "add", "--user=ann", "--language=pt-BR", "--time-zone=UTC").code
                == .ok
        )
        #expect(await run("users", "add", "--user=ben", "--channels=console").code == .ok)
        #expect(
            await run("users", "list").output
                == "ann\tactive\tall\tpt-BR\tUTC\nben\tactive\tconsole\t-\t-"
        )
        #expect(await run("users", "disable", "--user=ann").code == .ok)
        #expect(await run("users", "list").output.hasPrefix("ann\tdisabled"))
        #expect(await run("users", "enable", "--user=ann").code == .ok)
        #expect(await run("users", "list").output.hasPrefix("ann\tactive"))
        #expect(await run("users", "remove", "--user=ann").code == .ok)
        #expect(await run("users", "list").output.hasPrefix("ben"))
        for verb in ["disable", "enable", "remove"] {
            let missing = await run("users", verb, "--user=ann")
            #expect(missing.code == .failed)
            #expect(missing.errors.contains("there is no user ann"))
        }
    }

    @Test(
        "refuse an unknown time zone",
        arguments: ["/UTC", "../zoneinfo/UTC", "Mars/Olympus_Mons", "America", "UTC\n"]
    )
    func unknownTimeZone(_ name: String) async throws {
        try #require(access("/usr/share/zoneinfo/UTC", F_OK) == 0, "the machine knows time zones")
        #expect(await run("migrate").code == .ok)
        let refused = await run("users", "add", "--user=ann", "--time-zone=\(name)")
        #expect(refused.code == .usage)
        #expect(refused.errors.contains("--time-zone must be a name"))
        #expect(await run("users", "list").output == "")
    }

    @Test("refuse a channel that is not configured")
    func unknownChannel() async {
        #expect(await run("migrate").code == .ok)
        let (code, _, errors) = await run("users", "add", "--user=ann", "--channels=sms")
        #expect(code == .usage)
        #expect(errors.contains("sms is not a channel; there is console"))
    }

    @Test("list, show, retry and abandon stranded logins")
    func stranded() async throws {
        #expect(await run("migrate").code == .ok)
        let numbers = try await strand(["one", "two"])
        let list = await run("logins", "list").output.split(separator: "\n")
        #expect(list.count == 2)
        #expect(list[0].hasPrefix("\(numbers[0])\tstranded\tfailed"))
        #expect(list[0].hasSuffix("refused: no such\u{FFFD}scope"))
        let shown = await run("logins", "show", "--number=\(numbers[0])").output
        #expect(shown.contains("one"))
        #expect(shown.contains("ann"))

        #expect(await run("logins", "retry", "--number=\(numbers[0])").code == .ok)
        #expect(await run("logins", "abandon", "--number=\(numbers[1])").code == .ok)
        #expect(await run("logins", "list").output == "")
        #expect(await run("logins", "list", "--phase=reporting").output.hasPrefix("\(numbers[0])"))
        #expect(await run("logins", "list", "--phase=settled").output.hasPrefix("\(numbers[1])"))
        let again = await run("logins", "retry", "--number=\(numbers[1])")
        #expect(again.code == .failed)
        #expect(again.errors.contains("is not stranded"))
        #expect(
            await run("logins", "show", "--number=999").errors.contains("there is no login 999")
        )
    }

    @Test("show the digests of a decision, and do not retry while another login has the consent")
    func sameConsent() async throws {
        #expect(await run("migrate").code == .ok)
        let now = SystemTime.now()
        var fixture = PendingLogin.Fixture()
        fixture.receivedAt = now
        fixture.consent = .named("C1")
        var login = fixture.make()
        let answer = Decision.answer(.approve, to: .fixture, at: now)
        let events: [PendingLogin.Event] = [
            .prepared(.fixture, [.fixture(at: now)]), .decided(answer, .fixture),
            .reportRefused("no"),
        ]
        for event in events { try login.apply(event, at: now) }
        fixture.id = "login-2"
        let options = StoreOptions(
            path: directory.file("beckon.db"),
            role: .service,
            clock: SystemClock()
        )
        let store = try SQLiteLoginStore(options)
        guard case .inserted(let stored) = try await store.insert(login, limits: .none),
            case .inserted = try await store.insert(fixture.make(), limits: .none)
        else { throw StoreError.closed }
        await store.close()
        let number = "--number=\(stored.number.rawValue)"
        let shown = await run("logins", "show", number).output
        for bytes in [Question.fixture.digest.bytes, try #require(answer.challenge)] {
            #expect(shown.contains(bytes.map { String(format: "%02x", $0) }.joined()))
        }
        let retry = await run("logins", "retry", number)
        #expect(retry.code == .failed)
        #expect(retry.errors.contains("another login for the consent of login"))
        #expect(await run("logins", "abandon", number).code == .ok)
    }

    @Test("suggest to abandon a login whose time for reporting is over")
    func tooLate() async throws {
        #expect(await run("migrate").code == .ok)
        let number = try #require(try await strand(["late"], since: .minutes(10)).first)
        let retry = await run("logins", "retry", "--number=\(number)")
        #expect(retry.code == .failed)
        #expect(retry.errors.contains("the time for reporting login \(number) is over"))
        #expect(retry.errors.contains("logins abandon --number=\(number)"))
        #expect(await run("logins", "retry", "--help").output.contains("logins abandon"))
        #expect(await run("logins", "abandon", "--number=\(number)").code == .ok)
        #expect(await run("logins", "list").output == "")
    }

    @Test("create a missing store")
    func newStore() async {
        #expect(await run("users", "add", "--user=ann").code == .ok)
        #expect(await run("users", "list").output == "ann\tactive\tall\t-\t-")
    }

    @Test("refuse a file that is not a store")
    func badStore() async throws {
        try "not a database, but a text that is long enough to be read as one".write(
            toFile: directory.file("beckon.db"),
            atomically: true,
            encoding: .utf8
        )
        let (code, _, errors) = await run("users", "list")
        #expect(code != .ok)
        #expect(errors.contains("the store"), "\(errors)")
    }

    /// Puts logins into the store whose reports the server refused so long ago, and returns their
    /// numbers.
    private func strand(_ ids: [String], since age: Duration = .zero) async throws -> [Int64] {
        let options = StoreOptions(
            path: directory.file("beckon.db"),
            role: .service,
            clock: SystemClock()
        )
        let store = try SQLiteLoginStore(options)
        let now = SystemTime.now() - age
        var numbers: [Int64] = []
        for id in ids {
            let login = PendingLogin.arrived(id, tenant: nil, at: now, .init(user: .named("ann")))
            guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
                Issue.record("the login is new")
                continue
            }
            numbers.append(stored.number.rawValue)
            _ = try await store.update(stored.number) {
                (login: inout PendingLogin) throws(PendingLogin.Refusal) in
                try login.apply(.unusable(.userUnknown), at: now)
                try login.apply(.reportRefused("no such\u{1B}scope"), at: now)
            }
        }
        await store.close()
        return numbers
    }
}
