import Configuration
import Foundation
import HTTP
import JSON
import Logins
import TestSupport
import Testing
import Threads

@testable import Notifications

/// Keeps requests, and answers each with the same.
private final class Gateway: OutboundHTTP {
    let requests = Locked<[OutboundRequest]>([])
    let answer: Result<OutboundResponse, OutboundError>

    init(_ answer: Result<OutboundResponse, OutboundError>) { self.answer = answer }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        requests.withLock { $0.append(request) }
        return try answer.get()
    }
}

@Suite("The gateway channel")
struct GatewayChannelTests {
    private let channelID: ChannelID
    /// Everything that ends a string, a pair or a line somewhere.
    private static let address = "+44\"\\&=%/{to}'<ü"

    init() throws { channelID = try name("sms") }

    private func statuses() -> StatusMap {
        var map = StatusMap()
        for (text, meaning) in [
            ("2xx", StatusMap.Meaning.delivered), ("207", .refused), ("4xx", .refused),
            ("429", .later), ("5xx", .later),
        ] {
            let isNew = map.add(text, meaning)
            #expect(isNew)
        }
        return map
    }

    private func send(
        _ body: String,
        _ content: MessageTemplate.Content,
        details: Bool = false,
        link: Bool = false,
        answer: Result<OutboundResponse, OutboundError> = .success(OutboundResponse(status: 202)),
        fields: [(name: String, text: String, secret: Secret?)] = []
    ) async throws -> (answer: DeliveryAnswer, request: OutboundRequest) {
        let gateway = Gateway(answer)
        let channel = GatewayChannel(
            id: channelID,
            settings: GatewayChannel.Settings(
                method: .put,
                url: "https://sms.example/messages",
                fields: fields,
                body: try MessageTemplate(body, content),
                statuses: statuses(),
                details: details,
                link: link,
                destination: Destination(allowsInternalAddresses: false),
                timeLimit: .seconds(3)
            ),
            brand: "Bank & Söhne",
            client: gateway,
            clock: ManualClock()
        )
        let whole = try makePrompt()
        let prompt = Prompt(
            number: whole.number,
            key: whole.key,
            user: User(
                id: whole.user.id,
                isActive: true,
                addresses: [channelID: Self.address]
            ),
            clientName: whole.clientName,
            scopes: whole.scopes,
            bindingMessage: whole.bindingMessage,
            received: whole.received,
            ends: whole.ends,
            link: whole.link,
            ticket: whole.ticket
        )
        let answer = await channel.ask(prompt)
        return (answer, try #require(gateway.requests.withLock { $0.first }))
    }

    @Test("escapes every value in JSON so that it stays within its string")
    func json() async throws {
        let sent = try await send("{\"a\": {\"to\": \"{to}\"}, \"text\": \"x {text}\"}", .json)
        #expect(sent.answer == .delivered)
        let body = try JSONValue(sent.request.body)
        #expect(body["a"]?["to"]?.string == Self.address)
        #expect(body["text"]?.string?.hasPrefix("x Open Bank & Söhne") == true)
        #expect(sent.request.method == .put)
        #expect(!sent.request.destination.allowsInternalAddresses)
        #expect(sent.request.fields.first("content-type") == "application/json")
    }

    @Test("encodes every value in a form so that it stays within its pair")
    func form() async throws {
        let sent = try await send("to={to}&text={text}&from=Bank", .form)
        let pairs = String(decoding: sent.request.body, as: UTF8.self).split(separator: "&")
            .map { $0.split(separator: "=").map(String.init) }
        try #require(pairs.map(\.count) == [2, 2, 2])
        #expect(pairs.map { $0[0] } == ["to", "text", "from"])
        #expect(pairs[0][1].removingPercentEncoding == Self.address)
        #expect(pairs[1][1].hasPrefix("Open+Bank+%26+S%C3%B6hne+"))
    }

    @Test("replaces a name in a value no second time")
    func once() async throws {
        let sent = try await send("{to}", .plain)
        #expect(String(decoding: sent.request.body, as: UTF8.self) == Self.address)
    }

    // rule: N9
    @Test(
        "says nothing of what is asked: no client, message, scope or link, unless set",
        arguments: [(false, false), (true, true)]
    )
    func contents(_ details: Bool, _ link: Bool) async throws {
        let all = "{title}|{text}|{reference}|{language}|{id}|{expires_at}|{link}"
        let sent = try await send(all, .plain, details: details, link: link)
        let text = String(decoding: sent.request.body, as: UTF8.self)
        #expect(text.contains("Shop") == details)
        #expect(text.contains("TICKET") == link)
        for secret in ["Pay 10", "payments", "openid", "login.with.dots"] {
            #expect(!text.contains(secret))
        }
        #expect(text.contains("|2026-11-20T12:02:00.500Z|"))
    }

    @Test("sends secrets in headers")
    func headers() async throws {
        let sent = try await send(
            "{to}",
            .plain,
            fields: [("Authorization", "Bearer ", Secret("s3cret")), ("X-From", "Bank", nil)]
        )
        #expect(sent.request.fields.first("authorization") == "Bearer s3cret")
        #expect(sent.request.fields.first("x-from") == "Bank")
    }

    @Test(
        "takes a status as the map says, a listed one before its class",
        arguments: [
            (200, DeliveryAnswer.Kind.delivered), (207, .refused), (302, .later), (404, .refused),
            (429, .later), (503, .later),
        ]
    )
    func statuses(_ status: Int, _ kind: DeliveryAnswer.Kind) async throws {
        let response = OutboundResponse(status: status, fields: [Field("Retry-After", "7")])
        let answer = try await send("{to}", .plain, answer: .success(response)).answer
        #expect(answer.kind == kind)
        if case .later(_, let pause) = answer { #expect(pause == .seconds(7)) }
    }

    @Test("refuses internal addresses for good, and repeats what is in doubt")
    func failures() async throws {
        let forbidden = OutboundError.forbiddenAddress("127.0.0.1")
        #expect(try await send("{to}", .plain, answer: .failure(forbidden)).answer.kind == .refused)
        for error in [OutboundError.notSent("x"), .ambiguous("x"), .unusableAnswer("x")] {
            #expect(try await send("{to}", .plain, answer: .failure(error)).answer.kind == .later)
        }
    }

    @Test(
        "refuses a template with an unknown name, or in which a value would stand outside a string",
        arguments: [
            ("{nonsense}", MessageTemplate.Content.plain), ("{\"to\": {to}}", .json),
            ("{\"to\": \"{to}\"", .json), ("to={to} text", .form), ("to={to}{", .form),
        ]
    )
    func templates(_ text: String, _ content: MessageTemplate.Content) {
        #expect(throws: MessageTemplate.Problem.self) { try MessageTemplate(text, content) }
    }
}
