import Cryptography
import HTTP
import JSON
import Lab
import Testing

@Suite("A backchannel request", .timeLimit(.minutes(3)))
struct BackchannelTests {
    /// One way to be wrong, and what is answered (OpenID CIBA Core §7.2, §13).
    struct Wrong: Sendable, CustomTestStringConvertible {
        let what: String
        var change: [String: String] = [:]
        var without: [String] = []
        var client: SimulatedClient? = Stage.poller
        var headers: [Field] = []
        var status = 400
        let error: String

        var testDescription: String { what }
    }

    static func token(_ claims: String) -> String {
        ["{\"alg\":\"none\"}", claims, ""].map { Base64URL.encode(Array($0.utf8)) }
            .joined(separator: ".")
    }

    static let wrongSecret = SimulatedClient(id: "kiosk", secret: "guess", name: "K")
    static let coded = ["user_code": "1234"]

    static let cases: [Wrong] = [
        Wrong(what: "no client", client: nil, status: 401, error: "invalid_client"),
        Wrong(what: "wrong secret", client: wrongSecret, status: 401, error: "invalid_client"),
        Wrong(
            what: "secret twice",
            headers: [
                Field("Authorization", "Basic " + Base64.encode(Array("kiosk:kiosk-secret".utf8)))
            ],
            status: 401,
            error: "invalid_client"
        ),
        Wrong(what: "no CIBA client", client: Stage.outsider, error: "unauthorized_client"),
        Wrong(what: "signed request", change: ["request": "a.b.c"], error: "invalid_request"),
        Wrong(what: "no scope", without: ["scope"], error: "invalid_request"),
        Wrong(what: "no openid", change: ["scope": "profile"], error: "invalid_scope"),
        Wrong(what: "scope too far", change: ["scope": "openid admin"], error: "invalid_scope"),
        Wrong(
            what: "dynamic scope without a value",
            change: ["scope": "openid consent:"],
            error: "invalid_scope"
        ),
        Wrong(what: "no hint", without: ["login_hint"], error: "invalid_request"),
        Wrong(what: "two hints", change: ["id_token_hint": "x"], error: "invalid_request"),
        Wrong(what: "no ping token", client: Stage.pinged, error: "invalid_request"),
        Wrong(
            what: "ping token with a space",
            change: ["client_notification_token": "a b"],
            client: Stage.pinged,
            error: "invalid_request"
        ),
        Wrong(
            what: "ping token too long",
            change: ["client_notification_token": String(repeating: "a", count: 1025)],
            client: Stage.pinged,
            error: "invalid_request"
        ),
        Wrong(
            what: "details that are no array",
            change: ["authorization_details": #"{"type":"a"}"#],
            error: "invalid_authorization_details"
        ),
        Wrong(
            what: "details without a type",
            change: ["authorization_details": "[{}]"],
            error: "invalid_authorization_details"
        ),
        Wrong(what: "expiry 0", change: ["requested_expiry": "0"], error: "invalid_request"),
        Wrong(what: "expiry text", change: ["requested_expiry": "1m"], error: "invalid_request"),
        Wrong(
            what: "long message",
            change: ["binding_message": String(repeating: "x", count: 65)],
            error: "invalid_binding_message"
        ),
        Wrong(
            what: "message with a line feed",
            change: ["binding_message": "a\nb"],
            error: "invalid_binding_message"
        ),
        Wrong(
            what: "message that turns around",
            change: ["binding_message": "pay \u{202E}001"],
            error: "invalid_binding_message"
        ),
        Wrong(
            what: "expired hint token",
            change: ["login_hint_token": token("{\"sub\":\"u\",\"exp\":1}")],
            without: ["login_hint"],
            error: "expired_login_hint_token"
        ),
        Wrong(
            what: "hint token that names nobody",
            change: ["login_hint_token": token("{\"iss\":\"x\"}")],
            without: ["login_hint"],
            error: "unknown_user_id"
        ),
        Wrong(
            what: "foreign ID token",
            change: ["id_token_hint": token("{\"sub\":\"u\",\"aud\":\"kiosk\"}")],
            without: ["login_hint"],
            error: "unknown_user_id"
        ),
        Wrong(what: "no user code", client: Stage.coded, error: "missing_user_code"),
        Wrong(
            what: "wrong user code",
            change: coded,
            client: Stage.coded,
            error: "invalid_user_code"
        ),
    ]

    @Test("is refused with the code of the standard", arguments: cases)
    func refused(wrong: Wrong) async throws {
        try await Stage.with { stage in
            var fields = ["scope": "openid", "login_hint": "customer-4711"]
            for name in wrong.without { fields[name] = nil }
            let answer = try await stage.post(
                "/backchannel/authentication",
                fields.merging(wrong.change) { $1 },
                as: wrong.client,
                headers: wrong.headers
            )
            #expect(answer.status == wrong.status)
            #expect(answer.error == wrong.error)
            #expect(answer.fields.first("cache-control") == "no-store")
            let challenge = answer.fields.first("www-authenticate")
            #expect((challenge != nil) == (wrong.status == 401 && !wrong.headers.isEmpty))
            #expect(stage.service.starts.isEmpty)
        }
    }

    @Test(
        "is refused by the first check that fails",
        arguments: [
            (["scope": "profile", "request": "a.b.c"], "invalid_request"),
            (["scope": "profile", "id_token_hint": "x"], "invalid_scope"),
            (["id_token_hint": "x", "binding_message": "a\nb"], "invalid_request"),
            (["requested_expiry": "0", "binding_message": "a\nb"], "invalid_request"),
        ]
    )
    func order(change: [String: String], error: String) async throws {
        try await Stage.with { stage in
            let fields = ["scope": "openid", "login_hint": "u"].merging(change) { $1 }
            let answer = try await stage.post("/backchannel/authentication", fields)
            #expect(answer.error == error)
        }
    }

    @Test("is refused when a parameter is repeated or the body is not a form")
    func forms() async throws {
        try await Stage.with { stage in
            let url = "http://acp.test/bank/retail/backchannel/authentication"
            let form = "application/x-www-form-urlencoded"
            let secret = "client_id=kiosk&client_secret=kiosk-secret"
            for (type, body) in [
                (form, "scope=openid&login_hint=a&login_hint=b&\(secret)"),
                ("application/json", "scope=openid&login_hint=a&\(secret)"),
            ] {
                let answer = try await stage.send(
                    OutboundRequest(
                        .post,
                        url,
                        fields: [Field("Content-Type", type)],
                        body: Array(body.utf8)
                    )
                )
                #expect(answer.status == 400)
                #expect(answer.error == "invalid_request")
            }
            let get = try await stage.send(OutboundRequest(.get, url))
            #expect(get.status == 405)
        }
    }

    @Test(
        "ends with unknown_user_id unless the service confirms the user",
        arguments: [(false, 200), (false, 404), (true, 503)]
    )
    func unknown(isKnown: Bool, status: Int) async throws {
        try await Stage.with { stage in
            stage.service.know(isKnown, status: status)
            let answer = try await stage.post(
                "/backchannel/authentication",
                ["scope": "openid", "login_hint": "nobody"]
            )
            #expect(answer.status == 400)
            #expect(answer.error == "unknown_user_id")
            #expect(stage.service.starts.isEmpty)
        }
    }

    @Test(
        "takes the user from a hint token",
        arguments: [
            ("{\"sub\":\"s\",\"email\":\"e\"}", "s"), ("{\"email\":\"e\"}", "e"),
            ("{\"phone_number\":\"+44\"}", "+44"), ("{\"ephemeral_sub\":\"x\"}", "x"),
        ]
    )
    func hintTokens(claims: String, user: String) async throws {
        try await Stage.with { stage in
            let answer = try await stage.post(
                "/backchannel/authentication",
                ["scope": "openid", "login_hint_token": Self.token(claims)]
            )
            #expect(answer.status == 200)
            #expect(stage.service.starts.first?["user_identifier"]?.string == user)
        }
    }

    @Test("takes the user from an ID token that was given to the same client")
    func idTokenHint() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin("customer-1")
            _ = try await stage.service.accept(try #require(stage.service.starts.first))
            let token = try #require(try await stage.redeem(id).body["id_token"]?.string)
            let fields = ["scope": "openid", "id_token_hint": token]
            let answer = try await stage.post("/backchannel/authentication", fields)
            #expect(answer.status == 200)
            #expect(stage.service.starts.last?["user_identifier"]?.string == "customer-1")
            let other = try await stage.post(
                "/backchannel/authentication",
                fields.merging(["user_code": "4711"]) { $1 },
                as: Stage.coded
            )
            #expect(other.error == "unknown_user_id")
        }
    }
}
