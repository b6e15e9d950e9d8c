import Commands
import Engine
import Foundation
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@testable import App

@Suite("Commands on the store")
struct StoreCommandTests {
    private let stage: CommandStage
    /// Commands read the machine's clock, and a slow machine must not end the logins that they find.
    private static let lifetime = Duration.minutes(60)

    init() throws { stage = try CommandStage() }

    private func run(_ words: String...) async -> CommandStage.Printed {
        await run(words)
    }

    private func run(_ words: [String]) async -> CommandStage.Printed {
        await stage.run(words)
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
        "refuse a path without a store instead of creating one",
        arguments: [
            ["users", "list"], ["users", "remove", "--user=ann"], ["logins", "list"],
            ["logins", "show", "--number=1"], ["logins", "abandon", "--number=1"],
        ]
    )
    func noStore(words: [String]) async {
        let path = stage.directory.file("beckon.db")
        let (code, output, errors) = await run(words)
        #expect(code == .failed)
        #expect(output.isEmpty)
        #expect(errors.contains("\(path) does not exist"), "\(errors)")
        #expect(access(path, F_OK) != 0)
        #expect(await run("users", "add", "--user=ann").code == .ok)
        #expect(await run("users", "list").output.hasPrefix("ann"))
    }

    @Test("keep documents, and say whether there are any, never which")
    func documents() async {
        #expect(await run("migrate").code == .ok)
        let add = ["users", "add", "--user=ann"]
        #expect(await run(add + ["--document=111.444.777-35,12.345.678/0001-95"]).code == .ok)
        // The example of a CNPJ with letters (Receita Federal).
        #expect(await run(add + ["--document=12.ABC.345/01DE-35"]).code == .ok)
        #expect(await run(add + ["--language=pt-BR"]).code == .ok)
        let listed = await run("users", "list", "--json").output
        #expect(
            listed.filter { $0 != "\n" }
                == #"[{"user":"ann","active":true,"language":"pt-BR","has_documents":true}]"#
        )
        #expect(await run("users", "list").output == "ann\tactive\tall\tpt-BR\t-")
        #expect(await run(add + ["--document=-"]).code == .ok)
        #expect(await run("users", "list", "--json").output.contains(#""has_documents":false"#))
        for wrong in [
            "1", "11144477735,", "111444777350", "1114447773X", "11144477734",
            "11144477745", "12.345.678/0001-96", "12.ABC.345/01DE-36",
        ] {
            let refused = await run(add + ["--document=\(wrong)"])
            #expect(refused.code == .usage)
            #expect(refused.errors.contains("--document must be CPF"))
        }
        #expect(await run("users", "remove", "--user=ann").code == .ok)
        #expect(await run("users", "list", "--json").output == "[]")
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
        let header = "number\tphase\toutcome\treceived\tattempts\treason"
        let all = await run("logins", "list").output.split(separator: "\n")
        #expect(all.first.map(String.init) == header)
        let list = Array(all.dropFirst())
        #expect(list.count == 2)
        #expect(list[0].hasPrefix("\(numbers[0])\tstranded\tfailed"))
        #expect(list[0].hasSuffix("refused: no such\u{FFFD}scope"))
        let shown = await run("logins", "show", "--number=\(numbers[0])").output
        #expect(shown.contains("one"))
        #expect(shown.contains("ann"))

        #expect(await run("logins", "retry", "--number=\(numbers[0])").code == .ok)
        #expect(await run("logins", "abandon", "--number=\(numbers[1])").code == .ok)
        #expect(await run("logins", "list").output == header)
        for (phase, number) in [("reporting", numbers[0]), ("settled", numbers[1])] {
            let list = await run("logins", "list", "--phase=\(phase)").output
            #expect(list.hasPrefix("\(header)\n\(number)\t\(phase)\t"))
        }
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
        fixture.lifetime = Self.lifetime
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
            path: stage.directory.file("beckon.db"),
            role: .service,
            clock: SystemClock()
        )
        let store = try SQLLoginStore(options)
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
        let number = try #require(
            try await strand(["late"], since: Self.lifetime + .minutes(5)).first
        )
        let retry = await run("logins", "retry", "--number=\(number)")
        #expect(retry.code == .failed)
        #expect(retry.errors.contains("the time for reporting login \(number) is over"))
        #expect(retry.errors.contains("logins abandon --number=\(number)"))
        #expect(await run("logins", "retry", "--help").output.contains("logins abandon"))
        #expect(await run("logins", "abandon", "--number=\(number)").code == .ok)
        #expect(await run("logins", "list", "--json").output == "[]")
    }

    @Test("keep the history of an abandoned login and log who gave up what")
    func abandoned() async throws {
        #expect(await run("migrate").code == .ok)
        let number = try #require(try await strand(["one"]).first)
        let before = await run("logins", "show", "--number=\(number)").output
        let attempts = before.split(separator: "\n").drop { !$0.hasPrefix("attempts") }
        #expect(attempts.count == 3, "\(before)")
        let abandoned = await run("logins", "abandon", "--number=\(number)")
        #expect(abandoned.output == "login \(number) is abandoned")
        let line = try JSONValue(Array(abandoned.errors.utf8))
        #expect(line["event"]?.string == "login.abandoned")
        #expect(line["level"]?.string == "info")
        #expect(line["login_id"]?.string == "one")
        #expect(line["number"]?.integer == Int(number))
        let after = await run("logins", "show", "--number=\(number)").output
        #expect(after.contains("settled         abandoned, "))
        #expect(after.contains("stranded        refused: no such\u{FFFD}scope"))
        #expect(after.hasSuffix(attempts.joined(separator: "\n")))
    }

    @Test("list logins by user, identifier and phase, as text and as JSON")
    func selected() async throws {
        #expect(await run("migrate").code == .ok)
        _ = try await strand(["one", "two"])
        _ = try await strand(["three"], of: "ben")
        #expect(await run("logins", "abandon", "--number=1").code == .ok)
        for (words, expected) in [
            (["--phase=all"], [1, 2, 3]), ([], [2, 3]), (["--user=ann"], [1, 2]),
            (["--user=ben"], [3]), (["--user=nobody"], []), (["--login=one"], [1]),
            (["--login=two", "--user=ben"], []), (["--user=ann", "--phase=stranded"], [2]),
            (["--phase=all", "--limit=2"], [1, 2]), (["--phase=all", "--after=1"], [2, 3]),
        ] as [([String], [Int])] {
            let text = await run(["logins", "list"] + words).output.split(separator: "\n")
            let numbers = text.dropFirst().map { Int($0.prefix { $0 != "\t" }) }
            #expect(numbers == expected, "\(words)")
            let json = await run(["logins", "list", "--json"] + words).output
            let elements = try #require(try JSONValue(Array(json.utf8)).array)
            #expect(elements.map { $0["number"]?.integer } == expected, "\(words)")
        }
        let json = await run("logins", "list", "--json", "--login=three").output
        let three = try #require(try JSONValue(Array(json.utf8)).array?.first)
        #expect(three["login_id"]?.string == "three")
        #expect(three["phase"]?.string == "stranded")
        #expect(three["attempts"]?.integer == 2)
        #expect(three["reason"]?.string?.hasPrefix("refused: ") == true)
        #expect(three["user"] == nil, "nothing personal")
    }

    @Test("need nothing of the configuration but the store and the names of channels")
    func storeOnly() async throws {
        try """
        {
            store: { sqlite: { path: "beckon.db" } },
            channels: { app: { kind: "webhook", secret: { env: "NOT_SET_ANYWHERE" } } },
            authorization_servers: [{ secret: { file: "/no/such/file" } }],
        }
        """.write(toFile: stage.config, atomically: true, encoding: .utf8)
        #expect(await run("serve").code == .configuration)
        #expect(await run("migrate").code == .ok)
        #expect(await run("users", "add", "--user=ann", "--channels=app").code == .ok)
        #expect(await run("users", "list").output == "ann\tactive\tapp\t-\t-")
        #expect(await run("logins", "list", "--phase=all").code == .ok)
        #expect(await run("logins", "show", "--number=1").errors.contains("there is no login"))
        try "{ store: { sqlite: { pth: 1 } } }".write(
            toFile: stage.config,
            atomically: true,
            encoding: .utf8
        )
        #expect(await run("users", "list").errors.contains("store.sqlite.pth: is not a known key"))
    }

    @Test("replace a user, and keep what is not given again")
    func replaced() async throws {
        #expect(await run("migrate").code == .ok)
        for (words, output, row) in [
            (["--language=pt-BR", "--time-zone=UTC"], "added", "active\tall\tpt-BR\tUTC"),
            ([], "replaced", "active\tall\tpt-BR\tUTC"),
            (["--language=en-GB"], "replaced", "active\tall\ten-GB\tUTC"),
            (["--channels=console"], "replaced", "active\tconsole\ten-GB\tUTC"),
            (["--time-zone=Europe/Paris"], "replaced", "active\tconsole\ten-GB\tEurope/Paris"),
            (["--channels=all"], "replaced", "active\tall\ten-GB\tEurope/Paris"),
            (["--language=-", "--time-zone=-"], "replaced", "active\tall\t-\t-"),
        ] as [([String], String, String)] {
            #expect(await run(["users", "add", "--user=ann"] + words).output == "\(output) ann")
            #expect(await run("users", "list").output == "ann\t\(row)", "\(words)")
        }
        #expect(await run("users", "disable", "--user=ann").code == .ok)
        #expect(await run("users", "add", "--user=ann", "--language=fr").code == .ok)
        #expect(await run("users", "list").output == "ann\tdisabled\tall\tfr\t-")
    }

    @Test(
        "refuse a language that the pages do not have",
        arguments: ["xx", "tlh", "zz-ZZ", "english", "e", "en_", "zh-Hant"]
    )
    func unknownLanguage(_ tag: String) async {
        let refused = await run("users", "add", "--user=ann", "--language=\(tag)")
        #expect(refused.code == .usage)
        #expect(refused.errors.contains("--language must be a language of the pages: "))
    }

    @Test("create a missing store")
    func newStore() async {
        #expect(await run("users", "add", "--user=ann").code == .ok)
        #expect(await run("users", "list").output == "ann\tactive\tall\t-\t-")
    }

    @Test("refuse a file that is not a store")
    func badStore() async throws {
        try "not a database, but a text that is long enough to be read as one".write(
            toFile: stage.directory.file("beckon.db"),
            atomically: true,
            encoding: .utf8
        )
        let (code, _, errors) = await run("users", "list")
        #expect(code != .ok)
        #expect(errors.contains("is not an SQLite database"), "\(errors)")
    }

    /// Puts logins into the store whose reports the server refused so long ago, and returns their
    /// numbers.
    private func strand(
        _ ids: [String],
        of user: String = "ann",
        since age: Duration = .zero
    ) async throws -> [Int64] {
        let options = StoreOptions(
            path: stage.directory.file("beckon.db"),
            role: .service,
            clock: SystemClock()
        )
        let store = try SQLLoginStore(options)
        let now = SystemTime.now() - age
        var numbers: [Int64] = []
        for id in ids {
            let login = PendingLogin.arrived(
                id,
                tenant: nil,
                at: now,
                lifetime: Self.lifetime,
                .init(user: .named(user))
            )
            guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
                Issue.record("the login is new")
                continue
            }
            numbers.append(stored.number.rawValue)
            _ = try await store.update(stored.number) {
                (login: inout PendingLogin) throws(PendingLogin.Refusal) in
                try login.apply(.unusable(.userUnknown), at: now)
                try login.apply(.reportDelayed("busy", until: now, inDoubt: false), at: now)
                try login.apply(.reportRefused("no such\u{1B}scope"), at: now)
            }
        }
        await store.close()
        return numbers
    }
}
