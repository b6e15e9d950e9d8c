import Configuration
import HTTP
import Identity
import Logins
import TestSupport
import Testing

@Suite("The accounts over HTTP")
struct HTTPAccountsTests {
    private static let template = "https://bank.test/v1/users/{user}/accounts"
    /// The least that is an account.
    private static let plain =
        #""id":"1","name":"A","display":"D","kind":"current","purposes":["sharing"]"#

    private func id(_ text: String = "alice") throws -> UserID { try #require(UserID(text)) }

    private func accounts(
        _ server: ScriptedServer,
        token: Secret? = nil
    ) throws -> HTTPAccounts {
        let settings = UserLookup.Settings(
            template: Self.template,
            token: token,
            destination: Destination(certificate: "c.pem", key: "k.pem"),
            timeLimit: .seconds(2)
        )
        return HTTPAccounts(try #require(settings), client: server)
    }

    private func answering(_ body: String, status: Int = 200) -> ScriptedServer {
        ScriptedServer { _, _ in
            .success(OutboundResponse(status: status, body: Array(body.utf8)))
        }
    }

    /// Why a body is not taken; nil when it is.
    private func refusal(of body: String, status: Int = 200) async throws -> String? {
        let accounts = try accounts(answering(body, status: status))
        let user = try id()
        do throws(DirectoryError) {
            _ = try await accounts.accounts(of: user)
            return nil
        } catch {
            switch error {
            case .unavailable(let reason): return reason
            }
        }
    }

    private static func list(_ accounts: String...) -> String {
        "{\"accounts\":[" + accounts.map { "{\($0)}" }.joined(separator: ",") + "]}"
    }

    @Test("are requested with one GET, with the user as one path segment")
    func request() async throws {
        let server = answering(Self.list())
        let user = try id("a/b?c#d é")
        #expect(try await accounts(server, token: Secret("t-1")).accounts(of: user) == [])
        let request = try #require(server.requests.first)
        #expect(request.method == .get)
        #expect(request.url == "https://bank.test/v1/users/a%2Fb%3Fc%23d%20%C3%A9/accounts")
        #expect(request.fields.first("authorization") == "Bearer t-1")
        #expect(request.fields.first("accept") == "application/json")
        #expect(request.destination.certificate == "c.pem")
        #expect(request.destination.key == "k.pem")
        #expect(request.timeLimit == .seconds(2))
        #expect(request.responseLimit == 1 << 20)
    }

    @Test(
        "of a dot segment are none, without a request",
        arguments: [".", ".."]
    )
    func dotSegments(user: String) async throws {
        let server = answering(Self.list(Self.plain))
        #expect(try await accounts(server).accounts(of: id(user)) == [])
        #expect(server.requests.isEmpty)
    }

    @Test("of a user unknown to the bank are none", arguments: [404, 410])
    func nobody(status: Int) async throws {
        let server = answering("<html>", status: status)
        #expect(try await accounts(server).accounts(of: id()) == [])
    }

    @Test("are read in their order, with all members")
    func everything() async throws {
        let body = Self.list(
            """
            "id":"22289","name":"Everyday","display":"•••• 5698","kind":"savings","currency":"GBP",
            "purposes":["payments","sharing"],"later":{"a":[1]},"resource_type":"ACCOUNT",
            "customer_id":"c-1","number":{"scheme":"UK.OBIE.IBAN","identification":"GB29 NWBK",
            "secondary":"7/1","ispb":null}
            """,
            """
            "id":"9","name":"Conta","display":"8392","kind":"current","currency":null,
            "purposes":[],"resource_type":null,"customer_id":null,
            "number":{"ispb":"12345678","issuer":"1774","identification":"094088392",
            "account_type":"CACC","scheme":null}
            """,
            """
            "id":"10","name":"Carteira","display":"0071","kind":"other","purposes":["payments"],
            "number":{"ispb":"00000000","identification":"071","account_type":"TRAN"}
            """
        )
        let expected = [
            BankAccount(
                id: "22289",
                name: "Everyday",
                display: "•••• 5698",
                kind: .savings,
                currency: "GBP",
                purposes: [.sharing, .payments],
                number: .init(
                    scheme: "UK.OBIE.IBAN",
                    identification: "GB29 NWBK",
                    secondary: "7/1"
                ),
                resourceType: "ACCOUNT",
                customerID: "c-1"
            ),
            BankAccount(
                id: "9",
                name: "Conta",
                display: "8392",
                kind: .current,
                purposes: [],
                number: .init(
                    identification: "094088392",
                    ispb: "12345678",
                    issuer: "1774",
                    accountType: "CACC"
                )
            ),
            BankAccount(
                id: "10",
                name: "Carteira",
                display: "0071",
                kind: .other,
                purposes: [.payments],
                number: .init(identification: "071", ispb: "00000000", accountType: "TRAN")
            ),
        ]
        #expect(try await accounts(answering(body)).accounts(of: id()) == expected)
    }

    @Test(
        "without a name go by their number, whatever characters read as no name",
        arguments: Unreadable.texts.map { #""name":"\#($0)","# } + [#""name":null,"#, ""]
    )
    func unnamed(_ name: String) async throws {
        let body = Self.list(Self.plain.replacing(#""name":"A","#, with: name))
        #expect(try await accounts(answering(body)).accounts(of: id()).map(\.name) == ["D"])
    }

    @Test(
        "are read without what a list has in place of a value",
        arguments: [
            (#""purposes":["","sharing",null]"#, #""purposes":["sharing"]"#),
            (#""purposes":null"#, #""purposes":[]"#), (#""purposes":"""#, #""purposes":[]"#),
            (#""purposes":["sharing"],"numbers":null"#, #""purposes":["sharing"]"#),
            (
                #""numbers":[null,"",{"scheme":"","identification":""},{"scheme":"A","identification":"1"}]"#,
                #""numbers":[{"scheme":"A","identification":"1"}]"#
            ),
            (#""numbers":[{"ispb":"","issuer":null}]"#, #""numbers":[]"#),
            (#""number":{"scheme":"","identification":"","secondary":""}"#, #""numbers":[]"#),
        ]
    )
    func unsetElements(written: String, meant: String) async throws {
        func read(_ member: String) async throws -> [BankAccount] {
            let other = Self.plain.replacing(#","purposes":["sharing"]"#, with: "")
            let plain = member.contains("purposes") ? other : Self.plain
            let body = "{\"accounts\":[null,{\(plain),\(member)}]}"
            return try await accounts(answering(body)).accounts(of: id())
        }
        let found = try await read(written)
        #expect(found.count == 1)
        #expect(found == (try await read(meant)))
    }

    @Test(
        "are none where the list is null or empty",
        arguments: ["null", "\"\"", "[]", "[null,\"\"]"]
    )
    func emptyList(written: String) async throws {
        #expect(try await accounts(answering("{\"accounts\":\(written)}")).accounts(of: id()) == [])
    }

    /// A member of the plain account replaced or added, and what must be said of it.
    static let members: [(String, String, String)] = [
        (#""id":"1""#, #""x":"1""#, "accounts[0].id is missing"),
        (#""id":"1""#, #""id":null"#, "accounts[0].id is missing"),
        (#""id":"1""#, #""id":1"#, "accounts[0].id must be a string"),
        (#""id":"1""#, #""id":"""#, "accounts[0].id is missing"),
        (#""id":"1""#, #""id":"a\u0000b""#, "accounts[0].id must not contain control characters"),
        (#""id":"1""#, #""id":"1","id":"2""#, "the answer is not JSON with each member once"),
        (#""name":"A""#, #""name":["A"]"#, "accounts[0].name must be a string"),
        (#""display":"D""#, #""display":" \u3000""#, "accounts[0].display must not be blank"),
        (#""name":"A""#, #""name":"A\nB""#, "accounts[0].name must not contain control characters"),
        (#""name":"A""#, #""name":"A\u007F""#, "accounts[0].name must not contain control"),
        (#""name":"A""#, #""name":"A\u0085""#, "accounts[0].name must not contain control"),
        (#""name":"A""#, #""name":"A\u2028""#, "accounts[0].name must not contain control"),
        (#""name":"A""#, #""name":"\#(String(repeating: "a", count: 129))""#, "1 to 128"),
        (#""display":"D""#, #""display":{}"#, "accounts[0].display must be a string"),
        (#""display":"D""#, #""display":"\#(String(repeating: "é", count: 65))""#, "1 to 64"),
        (#""kind":"current""#, #""kind":"Current""#, "accounts[0].kind must be one of current,"),
        (#""kind":"current""#, #""kind":0"#, "accounts[0].kind must be one of current,"),
        (#""purposes":["sharing"]"#, #""x":null"#, "accounts[0].purposes is missing"),
        (#"["sharing"]"#, #""sharing""#, "accounts[0].purposes must be an array"),
        (#"["sharing"]"#, #"["all"]"#, "accounts[0].purposes[0] must be one of sharing, payments"),
        (#"["sharing"]"#, #"["sharing",1]"#, "accounts[0].purposes[1] must be one of"),
        (#"["sharing"]"#, #"["sharing","sharing"]"#, "accounts[0].purposes[1] is repeated"),
        (#"["sharing"]"#, #"["a","b","c"]"#, "accounts[0].purposes must have at most 2 elements"),
    ]

    /// A member added to the plain account, and what must be said of it.
    static let additions: [(String, String)] = [
        (#""currency":"gbp""#, "accounts[0].currency must be three capital letters"),
        (#""currency":"GBPX""#, "accounts[0].currency must be three capital letters"),
        (#""currency":"Ƞ1""#, "accounts[0].currency must be three capital letters"),
        (#""currency":826"#, "accounts[0].currency must be three capital letters"),
        (#""resource_type":true"#, "accounts[0].resource_type must be a string"),
        (#""customer_id":7"#, "accounts[0].customer_id must be a string"),
        (#""customer_id":"a\tb""#, "accounts[0].customer_id must not contain control characters"),
        (#""number":"123""#, "accounts[0].number must be an object"),
        (#""numbers":{}"#, "accounts[0].numbers must be an array"),
        (#""numbers":["1"]"#, "accounts[0].numbers[0] must be an object"),
        (#""numbers":[{"scheme":"A"}]"#, "accounts[0].numbers[0].identification is missing"),
        (#""number":{}"#, "accounts[0].number.scheme is missing"),
        (#""number":{"scheme":"A"}"#, "accounts[0].number.identification is missing"),
        (#""number":{"scheme":"A","identification":1}"#, "number.identification must be a string"),
        (
            #""number":{"scheme":"A","identification":"1","issuer":"1"}"#,
            "accounts[0].number.issuer requires ispb"
        ),
        (
            #""number":{"scheme":"A","identification":"1","account_type":"CACC"}"#,
            "accounts[0].number.account_type requires ispb"
        ),
        (
            #""number":{"scheme":"A","identification":"1","secondary":7}"#,
            "accounts[0].number.secondary must be a string"
        ),
        (brazilian(#""scheme":"A""#), "accounts[0].number.scheme cannot be combined with ispb"),
        (brazilian(#""secondary":"A""#), "number.secondary cannot be combined with ispb"),
        (brazilian(ispb: "1234567"), "accounts[0].number.ispb must be a string of 8 digits"),
        (brazilian(ispb: "1234567a"), "accounts[0].number.ispb must be a string of 8 digits"),
        (brazilian(ispb: "１２３４５６７８"), "accounts[0].number.ispb must be a string of 8"),
        (brazilian(issuer: "12345"), "accounts[0].number.issuer must be a string of 1 to 4 digits"),
        (brazilian(issuer: ""), "accounts[0].number.issuer is missing"),
        (brazilian(type: "cacc"), "accounts[0].number.account_type must be one of CACC, SLRY,"),
        (brazilian(number: "12"), "accounts[0].number.identification must be a string of 3 to 20"),
        (brazilian(number: "123-4"), "accounts[0].number.identification must be a string of 3 to"),
        (
            #""number":{"ispb":"12345678","identification":"123","account_type":"SVGS"}"#,
            "accounts[0].number.issuer is missing"
        ),
    ]

    private static func brazilian(
        _ more: String = #""x":1"#,
        ispb: String = "12345678",
        issuer: String = "1",
        number: String = "123",
        type: String = "CACC"
    ) -> String {
        """
        "number":{"ispb":"\(ispb)","issuer":"\(issuer)","identification":"\(number)",\
        "account_type":"\(type)",\(more)}
        """
    }

    @Test("that break a rule are refused with the member and the rule", arguments: members)
    func hostileMember(old: String, new: String, says: String) async throws {
        try #require(Self.plain.contains(old))
        let reason = try await refusal(of: Self.list(Self.plain.replacing(old, with: new)))
        #expect(reason?.contains(says) ?? false, "\(reason ?? "taken")")
    }

    @Test("that break a rule with an optional member are refused", arguments: additions)
    func hostileAddition(member: String, says: String) async throws {
        let reason = try await refusal(of: Self.list("\(Self.plain),\(member)"))
        #expect(reason?.contains(says) ?? false, "\(reason ?? "taken")")
    }

    @Test(
        "must be one object",
        arguments: [
            ("", "not JSON"), ("accounts", "not JSON"), ("[]", "the answer must be an object"),
            ("null", "the answer must be an object"), ("{}", "accounts is missing"),
            ("{\"accounts\":{}}", "accounts must be an array"),
            ("{\"accounts\":[[]]}", "accounts[0] must be an object"),
            ("{\"accounts\":[{}]}", "accounts[0].display is missing"),
            ("{\"accounts\":[]", "not JSON"), ("{\"accounts\":[]}x", "not JSON"),
            ("{\"accounts\":[],\"accounts\":[]}", "each member once"),
            (String(repeating: "[", count: 100_000), "not JSON"),
            ("\u{FEFF}{\"accounts\":[]}", "not JSON"),
        ]
    )
    func hostileAnswer(body: String, says: String) async throws {
        let reason = try await refusal(of: body)
        #expect(reason?.contains(says) ?? false, "\(reason ?? "taken")")
    }

    @Test("are at most five hundred")
    func count() async throws {
        func body(_ count: Int) -> String {
            let accounts = (0..<count).map { position in
                "{" + Self.plain.replacing("\"1\"", with: "\"\(position)\"") + "}"
            }
            return "{\"accounts\":[" + accounts.joined(separator: ",") + "]}"
        }
        #expect(try await accounts(answering(body(500))).accounts(of: id()).count == 500)
        #expect(try await refusal(of: body(501)) == "accounts must have at most 500 elements")
    }

    @Test("have ids that are compared as bytes")
    func twins() async throws {
        let twice = Self.list(Self.plain, Self.plain)
        let reason = try await refusal(of: twice)
        #expect(reason == "accounts[1].id is already used by an earlier account")
        // One letter composed, the other decomposed: two ids.
        let letters = Self.list(
            Self.plain.replacing("\"1\"", with: "\"\\u00e9\""),
            Self.plain.replacing("\"1\"", with: "\"e\\u0301\"")
        )
        #expect(try await refusal(of: letters) == nil)
    }

    @Test(
        "are unavailable after any other response",
        arguments: [201, 204, 301, 401, 429, 503]
    )
    func status(status: Int) async throws {
        #expect(
            try await refusal(of: Self.list(Self.plain), status: status) == "status \(status)"
        )
    }

    @Test(
        "are unavailable when the bank cannot be reached",
        arguments: [
            OutboundError.notSent("why"), .ambiguous("why"), .unusableAnswer("why"),
            .forbiddenAddress("why"), .invalid("why"),
        ]
    )
    func unreached(error: OutboundError) async throws {
        let accounts = try accounts(ScriptedServer { _, _ in .failure(error) })
        let user = try id()
        await #expect(throws: DirectoryError.unavailable(error.reason)) {
            try await accounts.accounts(of: user)
        }
    }

    @Test("are never part of an error, nor is the user")
    func personal() async throws {
        let secret = "hunter-4711"
        let bodies = [
            Self.list(Self.plain + ",\"\(secret)\":1,\"\(secret)\":2"), "{\"\(secret)\"",
            Self.list(Self.plain.replacing("\"current\"", with: "\"\(secret)\"")),
            Self.list(Self.plain.replacing("\"A\"", with: "\"\(secret)\\u0007\"")),
            Self.list(Self.plain + ",\"currency\":\"\(secret)\""),
            Self.list(Self.plain + "," + Self.brazilian(ispb: secret)),
        ]
        for body in bodies {
            let accounts = try accounts(answering(body))
            let user = try id(secret)
            let error = await #expect(throws: DirectoryError.self) {
                try await accounts.accounts(of: user)
            }
            #expect(!"\(String(describing: error))".contains(secret))
        }
    }
}
