import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import Endpoints

@Suite("Choosing accounts and scopes")
struct ChoiceTests {
    private static func inputs(_ page: String) -> [String] {
        page.split(separator: "<input ").dropFirst().map { String($0.prefix { $0 != ">" }) }
            .filter { !$0.contains("name=\"shown\"") }
    }

    private static func sample(_ name: String) throws -> SampleQuestion {
        try require(SampleQuestion.named(name))
    }

    @Test(
        "A question offers the accounts and scopes of the consent without preselecting any",
        arguments: [
            (
                "uk-account-access",
                [
                    #"type="checkbox" name="account" value="acc-1""#,
                    #"type="checkbox" name="account" value="acc-2""#,
                    #"type="checkbox" name="account" value="acc-3""#,
                ]
            ),
            (
                "cdr",
                [
                    #"type="checkbox" name="account" value="au-1""#,
                    #"type="checkbox" name="account" value="au-2""#,
                ]
            ),
            (
                "uk-domestic-payment",
                [
                    #"type="radio" name="account" value="acc-1" required="""#,
                    #"type="radio" name="account" value="acc-2" required="""#,
                ]
            ),
            (
                "uk-scheduled-payment",
                [#"type="radio" name="account" value="acc-1" required="" checked="""#]
            ),
            ("uk-standing-order", []),
            (
                "uk-building-society",
                [
                    #"type="radio" name="account" value="acc-1" required="""#,
                    #"type="radio" name="account" value="acc-2" required="""#,
                ]
            ),
            (
                "scopes",
                [
                    #"type="hidden" name="scope" value="openid""#,
                    #"type="checkbox" name="scope" value="profile" checked="""#,
                    #"type="checkbox" name="scope" value="offline_access" checked="""#,
                    #"type="hidden" name="scope" value="internal""#,
                ]
            ),
        ]
    )
    func offered(name: String, inputs: [String]) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample(name))
            #expect(Self.inputs(await stage.get(prompt.page).text) == inputs)
        }
    }

    @Test("Accounts of the consent that is replaced are named as such")
    func shared() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample("cdr"))
            let page = await stage.get(prompt.page).text
            let options = page.split(separator: "<label class=\"option\">").dropFirst()
                .map { $0.prefix { $0 != "/" } + ($0.contains("Shared so far") ? "shared" : "") }
            #expect(options.count == 2)
            let isReplaced = options.map { $0.contains("\"au-2\"") }
            #expect(options.map { $0.hasSuffix("shared") } == isReplaced)
        }
    }

    @Test(
        "The account that a consent names is shown once, also where the user chooses one",
        arguments: ["uk-standing-order", "uk-building-society"]
    )
    func payer(name: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample(name))
            let page = await stage.get(prompt.page).text
            #expect(page.split(separator: "Anna Lindqvist").count == 2)
            // One heading says from which account is paid.
            let headings = page.contains("id=\"payer\"") != page.contains("id=\"accounts\"")
            #expect(headings, "\(page)")
        }
    }

    @Test("A page that cannot approve offers no choice")
    func declineOnly() async throws {
        try await Stage.with(tap: false) { stage in
            let prompt = try await stage.prompt(try Self.sample("uk-account-access"))
            #expect(Self.inputs(await stage.get(prompt.page).text).isEmpty)
        }
    }

    @Test(
        "A valid choice is granted exactly",
        arguments: [
            (
                "uk-account-access", "&account=acc-3&account=acc-1", ["acc-1", "acc-3"],
                ["openid", "accounts"]
            ),
            ("uk-domestic-payment", "&account=acc-2", ["acc-2"], ["openid", "payments"]),
            ("uk-standing-order", "", ["acc-1"], ["payments"]),
            ("uk-building-society", "&account=acc-2", ["acc-2"], ["payments"]),
            ("scopes", "&scope=openid&scope=profile", [], ["openid", "profile", "internal"]),
            ("scopes", "&scope=openid", [], ["openid", "internal"]),
            ("hostile", "&account=b%26b%3D1%3B%2B+%25", ["b&b=1;+ %"], ["payments"]),
        ]
    )
    func fits(name: String, choice: String, accounts: [String], scopes: [String]) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample(name))
            let answer = await stage.choose("approve", prompt.ticket, also: choice)
            #expect(answer.status == 303, "\(answer.text)")
            let stored = try require(try await stage.store.login(prompt.number))
            let decision = try require(stored.login.phase.outcome?.decision)
            #expect(decision.grant.accounts == accounts && decision.grant.scopes == scopes)
        }
    }

    @Test(
        "An invalid choice shows the page again with the error and the choice, and changes nothing",
        arguments: [
            ("uk-account-access", "", "Choose an account.", []),
            (
                "uk-account-access", "&account=acc-1&account=foreign",
                "Choose from the accounts", ["acc-1"]
            ),
            ("uk-account-access", "&account=acc-1&account=acc-1", "each once", ["acc-1"]),
            (
                "uk-domestic-payment", "&account=acc-1&account=acc-2",
                "Choose one account only.", ["acc-1", "acc-2"]
            ),
            ("uk-domestic-payment", "", "Choose an account.", []),
            ("uk-building-society", "", "Choose an account.", []),
            ("uk-standing-order", "&account=acc-9", "only be made from the account shown here", []),
            (
                "scopes", "&scope=openid&account=x",
                "You can’t choose an account for this request.", ["openid"]
            ),
            (
                "scopes", "&scope=openid&scope=more", "Choose from the permissions listed here",
                ["openid"]
            ),
            ("scopes", "&scope=profile", "Required permissions can’t be removed.", ["profile"]),
            ("scopes", "", "Required permissions can’t be removed.", []),
        ]
    )
    func unfit(name: String, choice: String, text: String, chosen: [String]) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample(name))
            let answer = await stage.choose("approve", prompt.ticket, also: choice)
            #expect(answer.status == 422)
            #expect(answer.text.contains("<title>Check your choice</title>"))
            #expect(answer.text.contains("role=\"alert\" tabindex=\"-1\" autofocus"))
            // In the summary, and at the group of boxes where there is one. The script's own text is
            // an attribute.
            let shown = answer.text.replacing("data-missing=\"\(text)\"", with: "")
            let mentions = shown.split(separator: text, omittingEmptySubsequences: false).count - 1
            let hasGroup = answer.text.contains("-error\"")
            #expect(mentions == (hasGroup ? 2 : 1))
            let checked = Self.inputs(answer.text).filter { $0.hasSuffix("checked=\"\"") }
                .compactMap { $0.split(separator: "\"").dropFirst(5).first.map(String.init) }
            #expect(checked == chosen.filter { $0 != "openid" })
            let stored = try require(try await stage.store.login(prompt.number))
            #expect(stored.login.phase.name == .waiting)
        }
    }

    @Test("An approval from the page must name the digest of the current consent")
    func shown() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample("uk-standing-order"))
            let other = try await stage.prompt(try Self.sample("scopes"))
            func digest(_ page: String) async throws -> Substring {
                let mark = "name=\"shown\" value=\""
                let parts = await stage.get(page).text.split(separator: mark)
                return try require(parts.dropFirst().first).prefix(43)
            }
            let theirs = "&shown=\(try await digest(other.page))"
            let refused = await stage.choose("approve", prompt.ticket, also: theirs)
            #expect(refused.status == 422)
            #expect(
                refused.text.contains("The request has changed. Read it again before you answer.")
            )
            let broken = await stage.choose("approve", prompt.ticket, also: "&shown=x")
            #expect(broken.status == 400)
            let silent = await stage.send(
                .post,
                prompt.page,
                [Field("Content-Type", "application/x-www-form-urlencoded")],
                "decision=approve"
            )
            #expect(silent.status == 422, "a page from before an upgrade")
            let waiting = try require(try await stage.store.login(prompt.number))
            #expect(waiting.login.phase.name == .waiting)
            let ours = "&shown=\(try await digest(prompt.page))"
            #expect(await stage.choose("approve", prompt.ticket, also: ours).status == 303)
        }
    }

    @Test("Declining requires no choice", arguments: ["deny", "fraud"])
    func declining(choice: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample("uk-account-access"))
            #expect(await stage.choose(choice, prompt.ticket).status == 303)
        }
    }

    @Test(
        "A form with a repeated field is refused, except for accounts and scopes",
        arguments: [
            "decision=deny&decision=approve", "decision=deny&x=1&x=2",
            "decision=approve&account=%zz",
        ]
    )
    func doubled(body: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample("uk-account-access"))
            let type = Field("Content-Type", "application/x-www-form-urlencoded")
            #expect(await stage.send(.post, prompt.page, [type], body).status == 400)
        }
    }

    // MARK: The device interface

    @Test("The login document has the consent, the accounts and the digest")
    func document() async throws {
        try await Stage.with { stage in
            let sample = try Self.sample("cdr")
            let prompt = try await stage.prompt(sample)
            let answer = await stage.get(prompt.device, [prompt.bearer])
            let login = try require(try JSONValue(answer.body).object)
            let consent = try require(login["consent"]?.object)
            #expect(consent["kind"]?.string == "cdr")
            #expect(consent["account_choice"]?.string == "several")
            let facts = try require(consent["facts"]?.array).compactMap(\.object)
            #expect(facts.count == sample.consent.facts.count)
            #expect(
                facts[0]["label"]?.string == "permissions" && facts[0]["type"]?.string == "codes"
            )
            #expect(facts[0]["list"]?.string == "cdr_scope")
            #expect(facts[2]["moment"]?.string == "2031-06-23T16:53:20.000Z")
            let accounts = try require(consent["accounts"]?.array).compactMap(\.object)
            #expect(accounts.map { $0["id"]?.string } == ["au-1", "au-2"])
            #expect(accounts.map { $0["preselected"] } == [.bool(false), .bool(true)])
            // SHA-256 in base 64 for URLs is 43 characters.
            #expect(consent["digest"]?.string?.count == 43)
            let scopes = try require(login["scopes"]?.array).compactMap(\.object)
            #expect(scopes.map { $0["optional"] } == [.bool(false), .bool(false), .bool(false)])
        }
    }

    @Test(
        "The login document says how many accounts to choose",
        arguments: [
            ("scopes", "none"), ("uk-account-access", "several"), ("uk-domestic-payment", "one"),
            ("uk-standing-order", "fixed"), ("uk-building-society", "one"),
        ]
    )
    func accountChoice(name: String, choice: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample(name))
            let answer = await stage.get(prompt.device, [prompt.bearer])
            let consent = try require(try JSONValue(answer.body).object)["consent"]
            #expect(consent?["account_choice"]?.string == choice)
        }
    }

    @Test("The page and the document show how accounts with one number differ")
    func secondary() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample("uk-building-society"))
            #expect(await stage.get(prompt.page).text.contains("4711/0"))
            let answer = await stage.get(prompt.device, [prompt.bearer])
            #expect(answer.text.contains(#""secondary":"4711/0""#))
        }
    }

    @Test(
        "A choice from an app is granted, or the invalid member is named",
        arguments: [
            (#"{"decision":"approve","accounts":["acc-2"]}"#, 200, ""),
            (
                #"{"decision":"approve","accounts":["acc-2"],"scopes":["openid","accounts"]}"#, 200,
                ""
            ),
            (#"{"decision":"approve"}"#, 422, "accounts: "),
            (#"{"decision":"approve","accounts":["x"]}"#, 422, "accounts: "),
            (#"{"decision":"approve","accounts":["acc-1"],"scopes":["openid"]}"#, 422, "scopes: "),
            (#"{"decision":"approve","accounts":"acc-1"}"#, 400, "accounts: "),
            (#"{"decision":"approve","accounts":["acc-1",2]}"#, 400, "accounts[1]: "),
            (#"{"decision":"approve","accounts":null}"#, 422, "accounts: "),
            (#"{"decision":"approve","account":["acc-1"]}"#, 400, "account: "),
        ]
    )
    func device(body: String, status: Int, detail: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample("uk-account-access"))
            let type = Field("Content-Type", "application/json")
            let digest = try require(await stage.digest(prompt.ticket))
            let isApproval = body.contains("approve")
            let whole =
                isApproval ? "\(body.dropLast()),\"digest\":\"\(digest)\"}" : body
            let answer = await stage.send(
                .post,
                prompt.device + "/decision",
                [type, prompt.bearer],
                whole
            )
            #expect(answer.status == status, "\(answer.text)")
            if status != 200 {
                let problem = try require(try JSONValue(answer.body).object)
                #expect(problem["detail"]?.string?.hasPrefix(detail) == true)
            }
        }
    }

    @Test(
        "An approval from an app must name the digest of the current consent",
        arguments: [
            ("uk-standing-order", nil, 400), ("uk-standing-order", "", 200),
            ("uk-standing-order", String(repeating: "A", count: 43), 422),
            ("uk-standing-order", "x", 400), ("scopes", nil, 400), ("scopes", "", 200),
            ("scopes", String(repeating: "A", count: 43), 422),
        ] as [(String, String?, Int)]
    )
    func shownToApp(name: String, digest: String?, status: Int) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample(name))
            let own = try require(await stage.digest(prompt.ticket))
            let member = digest.map { #","digest":"\#($0.isEmpty ? own : $0)""# } ?? ""
            let answer = await stage.send(
                .post,
                prompt.device + "/decision",
                [Field("Content-Type", "application/json"), prompt.bearer],
                #"{"decision":"approve"\#(member)}"#
            )
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    @Test(
        "An app can always decline, whatever else its body says",
        arguments: ["deny", "cancel", "fraud"],
        [
            #""accounts":null"#, #""accounts":["acc-1"]"#, #""scopes":[]"#, #""scopes":7"#,
            #""digest":null"#, #""digest":"x""#,
            #""digest":"\#(String(repeating: "A", count: 43))""#,
        ]
    )
    func decline(decision: String, member: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(try Self.sample("uk-account-access"))
            let answer = await stage.send(
                .post,
                prompt.device + "/decision",
                [Field("Content-Type", "application/json"), prompt.bearer],
                #"{"decision":"\#(decision)",\#(member)}"#
            )
            #expect(answer.status == 200, "\(answer.text)")
        }
    }
}
