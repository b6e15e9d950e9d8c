import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import Lab

@Suite("The demo's phone as a device")
struct PhoneDeviceTests {
    private func send(_ router: Router, _ path: String, _ body: String) async throws -> Response {
        try #require(
            await router.answer(
                .example(
                    .post,
                    Phone.path + "/device" + path,
                    fields: [Field("Content-Type", "application/json")],
                    body: Array(body.utf8)
                )
            )
        )
    }

    @Test("is enrolled with a code, shows a login, and signs what it has shown")
    func answers() async throws {
        let question = ReferenceDeviceTests.question(
            [.init(requestedName: "openid")],
            accounts: ["a", "b"].map(ReferenceDeviceTests.account),
            choice: .several(preselected: [])
        )
        let document = ReferenceDeviceTests.document(of: question, choice: "several") {
            $0["number_matching"] = .members([
                "mode": .string("choose"), "numbers": .texts(["111111", "222222", "333333"]),
            ])
        }
        let server = ScriptedServer { request, _ in
            if request.url.hasSuffix("/enrolments") {
                let isRight = String(decoding: request.body, as: UTF8.self).contains("GOOD")
                let body = isRight ? #"{"user":"an…na"}"# : #"{"detail":"no such code"}"#
                return .success(
                    OutboundResponse(status: isRight ? 201 : 404, body: Array(body.utf8))
                )
            }
            let body =
                request.method == .get
                ? document.bytes : Array(#"{"outcome":"approved","acr":"strong"}"#.utf8)
            return .success(OutboundResponse(status: 200, body: body))
        }
        let phone = PhoneDevice(service: "https://bank.example", http: server)
        let router = Router(PhoneDevice.routes { phone })
        func isEnrolled() async throws -> Bool? {
            let answer = try #require(await router.answer(.example(.get, "/demo/phone/device")))
            return try JSONValue(answer.body)["enrolled"]?.bool
        }
        #expect(try await isEnrolled() == false)
        #expect(try await send(router, "/login", #"{"login_id":"x"}"#).status == 409)
        let wrong = try await send(router, "", #"{"code":"BAD"}"#)
        #expect(wrong.status == 409)
        #expect(
            try JSONValue(wrong.body)["error"]?.string == "the service answers 404: no such code"
        )
        #expect(try await isEnrolled() == false)
        #expect(try await send(router, "", #"{"code":"GOOD","pin":"2468"}"#).status == 200)
        #expect(try await isEnrolled() == true)
        let enrolment = try JSONValue(try #require(server.requests.last).body)
        #expect(enrolment["pin"]?.string == "2468")

        let shown = try await send(router, "/login", #"{"login_id":"login/1 é"}"#)
        let lines = try #require(try JSONValue(shown.body)["lines"]?.strings)
        #expect(lines == (try ShownLogin(document).lines))
        let needs = try JSONValue(shown.body)
        #expect(needs["methods"]?.strings == ["device_key"])
        #expect(needs["number_matching"]?.string == "choose")
        #expect(needs["numbers"]?.strings == ["111111", "222222", "333333"])
        let decided = try await send(
            router,
            "/decision",
            #"{"login_id":"login/1 é","decision":"approve","pin":"","code":"222222"}"#
        )
        #expect(try JSONValue(decided.body)["outcome"]?.string == "approved")
        let sent = try JSONValue(try #require(server.requests.last).body)
        #expect(sent["accounts"]?.strings == ["a"])
        // An empty field of the page is none.
        #expect(sent["pin"] == nil && sent["code"]?.string == "222222")
        #expect(sent["digest"]?.string == (try ShownLogin(document).digest))
        #expect(try await send(router, "/decision", #"{"decision":"maybe"}"#).status == 409)
    }

    @Test("is not there in a demo without one, and takes no form of another site")
    func absent() async throws {
        let router = Router(PhoneDevice.routes { nil })
        #expect(try await send(router, "", #"{"code":"GOOD"}"#).status == 404)
        let form = Request.example(
            .post,
            "/demo/phone/device",
            fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
            body: Array("code=GOOD".utf8)
        )
        #expect(try #require(await router.answer(form)).status == 415)
    }
}
