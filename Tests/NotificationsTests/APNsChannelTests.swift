import Cryptography
import Foundation
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Threads

@testable import Notifications

/// Keeps requests, and answers all of them alike.
private final class Apple: OutboundHTTP {
    let requests = Locked<[OutboundRequest]>([])
    private let answer: OutboundResponse

    init(_ answer: OutboundResponse) { self.answer = answer }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        requests.withLock { $0.append(request) }
        return answer
    }
}

/// The addresses of one user.
private final class Tokens: ChannelAddresses {
    let texts: Locked<[String]>
    init(_ texts: [String]) { self.texts = Locked(texts) }

    func addresses(of: User, through: ChannelID) async throws(StoreError) -> [String] {
        texts.withLock { $0 }
    }

    func end(_ address: String, of: User, through: ChannelID) async throws(StoreError) {
        texts.withLock { $0.removeAll { $0 == address } }
    }
}

@Suite("The APNs channel")
struct APNsChannelTests {
    private let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_000))
    private let key: PrivateKey

    init() throws { key = try PrivateKey.generate(.p256) }

    private func channel(_ tokens: Tokens, _ apple: Apple) throws -> APNsChannel {
        var destination = Destination(allowsInternalAddresses: false)
        destination.usesHTTP2 = true
        return APNsChannel(
            id: try name("ios"),
            settings: APNsChannel.Settings(
                key: try SigningKey(key, id: "ABC123DEFG"),
                team: "DEF123GHIJ",
                topic: "com.bank.app",
                url: "https://apple.example",
                destination: destination,
                timeLimit: .seconds(5)
            ),
            brand: "Bank",
            addresses: tokens,
            client: apple,
            clock: clock
        )
    }

    // rule: N13
    @Test("sends a neutral alert over HTTP/2 that ends with the prompt and replaces its repeat")
    func request() async throws {
        let apple = Apple(OutboundResponse(status: 200))
        let channel = try channel(Tokens(["00ffA1"]), apple)
        #expect(await channel.ask(try makePrompt()) == .delivered)
        let request = try #require(apple.requests.withLock { $0.first })
        #expect(request.url == "https://apple.example/3/device/00ffA1")
        #expect(request.destination.usesHTTP2)
        #expect(request.fields.first("apns-topic") == "com.bank.app")
        #expect(request.fields.first("apns-push-type") == "alert")
        #expect(request.fields.first("apns-expiration") == "1795176120")
        #expect(request.fields.first("apns-collapse-id")?.utf8.count == 32)
        let text = String(decoding: request.body, as: UTF8.self)
        for secret in ["Shop", "Pay 10", "payments", "TICKET", "login.with.dots", "alice"] {
            #expect(!text.contains(secret))
        }
    }

    @Test("signs a provider token for the team, and makes a new one after 20 to 60 minutes")
    func token() async throws {
        let apple = Apple(OutboundResponse(status: 500))
        let channel = try channel(Tokens(["00ff"]), apple)
        var tokens: [String] = []
        for _ in 0..<2 {
            _ = await channel.tell(try makeNotice())
            clock.advance(by: .seconds(20 * 60 - 1))
        }
        clock.advance(by: .seconds(20 * 60))
        _ = await channel.tell(try makeNotice())
        tokens = apple.requests.withLock { requests in
            requests.compactMap { $0.fields.first("authorization") }
        }
        try #require(tokens.count == 3)
        #expect(tokens[0] == tokens[1])
        #expect(tokens[0] != tokens[2])
        let jws = try JWS.verify(
            String(tokens[0].dropFirst("bearer ".count)),
            keys: JWKSet([VerificationKey(key.publicKey)]),
            allowed: [.es256]
        )
        #expect(
            String(decoding: jws.payload, as: UTF8.self)
                == #"{"iss":"DEF123GHIJ","iat":1795176000}"#
        )
    }

    @Test(
        "ends at 410 that device token only, and waits or refuses at other statuses",
        arguments: [
            (410, "Unregistered", DeliveryAnswer.Kind.gone, false),
            (400, "BadDeviceToken", .refused, true), (403, "InvalidProviderToken", .refused, true),
            (403, "ExpiredProviderToken", .later, true), (413, "PayloadTooLarge", .refused, true),
            (429, "TooManyRequests", .later, true), (503, "Shutdown", .later, true),
        ]
    )
    func statuses(
        _ status: Int,
        _ reason: String,
        _ kind: DeliveryAnswer.Kind,
        _ stays: Bool
    ) async throws {
        let tokens = Tokens(["00ff"])
        let body = Array("{\"reason\":\"\(reason)\"}".utf8)
        let apple = Apple(OutboundResponse(status: status, body: body))
        #expect(await (try channel(tokens, apple)).ask(try makePrompt()).kind == kind)
        #expect(tokens.texts.withLock { $0.isEmpty } != stays)
    }

    @Test("sends nothing to what is no device token", arguments: ["", "xyz", "../../1", "00/ff"])
    func addresses(_ text: String) async throws {
        let apple = Apple(OutboundResponse(status: 200))
        #expect(await (try channel(Tokens([text]), apple)).ask(try makePrompt()).kind == .refused)
        #expect(apple.requests.withLock { $0.isEmpty })
    }

    private func makeNotice() throws -> Notice {
        let prompt = try makePrompt()
        return Notice(
            subject: .login(prompt.key),
            user: prompt.user,
            content: .decided(by: try name("robot"), .approve, client: "Shop"),
            at: prompt.received,
            reference: "R",
            title: "Title",
            text: "Text"
        )
    }
}
