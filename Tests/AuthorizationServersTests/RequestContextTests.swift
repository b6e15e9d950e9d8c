import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

// FAPI-CIBA §5.3.
@Suite("From where a request comes", .timeLimit(.minutes(3)))
struct RequestContextTests {
    private static func start(_ context: String) -> String {
        #"{"login_id":"L1","user_identifier":"u","login_state":"s","request_context":\#(context)}"#
    }

    private static let huge = String(repeating: "é", count: 2_000)

    static let rows: [(context: String, address: String?, agent: String?, place: String?)] = [
        (#"{"ip_address":"192.0.2.9"}"#, "192.0.2.9", nil, nil),
        (#"{"ip_address":"2001:DB8::0:1","location":"Lyon"}"#, "2001:db8::1", nil, "Lyon"),
        // IPv4 mapped into IPv6, as programs with one socket for both write it.
        (#"{"ip_address":"::ffff:192.0.2.7"}"#, "192.0.2.7", nil, nil),
        (#"{"ip_address":"0:0:0:0:0:FFFF:C000:0207"}"#, "192.0.2.7", nil, nil),
        (#"{"ip_address":"fe80::1%eth0"}"#, nil, nil, nil),
        (#"{"user_agent":"A/1","other":{"a":[1,{}]}}"#, nil, "A/1", nil),
        ("null", nil, nil, nil), ("{}", nil, nil, nil), ("[]", nil, nil, nil),
        (#""192.0.2.9""#, nil, nil, nil), ("17", nil, nil, nil),
        (#"{"ip_address":"192.0.2.9.example"}"#, nil, nil, nil),
        (#"{"ip_address":17,"user_agent":["a"],"location":{"city":"Lyon"}}"#, nil, nil, nil),
        (#"{"user_agent":"","location":"\u200b"}"#, nil, nil, nil),
        // As it is: it is shown as text.
        (#"{"location":"<b>Lyon</b>\u202e"}"#, nil, nil, "<b>Lyon</b>\u{202E}"),
        (#"{"location":"\#(huge)"}"#, nil, nil, String(repeating: "é", count: 128)),
        (
            #"{"location":"Lyon","x":\#(String(repeating: "[", count: 60))"#
                + String(repeating: "]", count: 60) + "}", nil, nil, "Lyon"
        ),
    ]

    // rule: F7
    @Test(
        "is kept with the login as far as it is usable, whatever else is in it",
        arguments: rows.indices,
        [CloudentityInbound.Decoding.lenient, .strict]
    )
    func kept(index: Int, decoding: CloudentityInbound.Decoding) async throws {
        let row = Self.rows[index]
        let stage = try InboundStage()
        try await stage.run({
            $0.decoding = decoding
            $0.requestContext = RequestContextRule()
        }) { calls in
            #expect(try await calls.start(Self.start(row.context)).status == 200)
            let login = try #require(try await calls.login())
            #expect(login.phase.name == .preparing)
            let expected = RequestContext(
                address: row.address,
                agent: row.agent,
                place: row.place
            )
            #expect(login.details.context == expected)
        }
    }

    // rule: F7
    @Test("is not read unless the configuration says so, and its members have the configured names")
    func configured() async throws {
        let body = Self.start(#"{"ip":"192.0.2.9","location":"Lyon"}"#)
        let stage = try InboundStage()
        try await stage.run { calls in
            _ = try await calls.start(body)
            let details = try #require(try await calls.login()?.details)
            #expect(details.context == nil)
            // It stays what it was before: an unknown member, for operators.
            #expect(details.unknownMembers?.contains("Lyon") == true)
        }
        let other = try InboundStage()
        try await other.run({
            $0.requestContext = RequestContextRule(address: "ip", agent: "ua", place: "city")
        }) { calls in
            _ = try await calls.start(body)
            let context = try await calls.login()?.details.context
            #expect(context == RequestContext(address: "192.0.2.9", agent: nil, place: nil))
        }
    }
}
