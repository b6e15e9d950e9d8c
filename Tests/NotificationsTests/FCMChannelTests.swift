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

/// Google's token endpoint and FCM, which checks the assertion with the account's public key.
private final class Google: OutboundHTTP {
    let requests = Locked<[OutboundRequest]>([])
    private let keys: JWKSet
    private let answers: @Sendable (String) -> OutboundResponse

    init(_ key: PublicKey, _ answers: @escaping @Sendable (String) -> OutboundResponse) {
        keys = JWKSet([VerificationKey(key)])
        self.answers = answers
    }

    var tokenRequests: Int {
        requests.withLock { $0.filter { $0.url == "https://oauth2.example/token" }.count }
    }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        let number = requests.withLock { requests in
            requests.append(request)
            return requests.count
        }
        if request.url == "https://oauth2.example/token" {
            let form = String(decoding: request.body, as: UTF8.self)
            guard let assertion = form.components(separatedBy: "&assertion=").last,
                let jws = try? JWS.verify(assertion, keys: keys, allowed: [.rs256]),
                let claims = try? JSONValue(jws.payload),
                claims["aud"]?.string == "https://oauth2.example/token",
                claims["iss"]?.string == "push@bank.example",
                claims["scope"]?.string == "https://www.googleapis.com/auth/firebase.messaging"
            else { return OutboundResponse(status: 400) }
            let body = "{\"access_token\":\"token-\(number)\",\"expires_in\":3600}"
            return OutboundResponse(status: 200, body: Array(body.utf8))
        }
        let token = (try? JSONValue(request.body))?["message"]?["token"]?.string
        return answers(token ?? "")
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

@Suite("The FCM channel")
struct FCMChannelTests {
    private let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_000))

    private func account(_ key: PrivateKey) throws -> ServiceAccount {
        let file = JSONValue.members([
            "project_id": .string("bank-1"), "client_email": .string("push@bank.example"),
            "token_uri": .string("https://oauth2.example/token"),
            "private_key": .string(try key.secretPEM()),
        ])
        return try #require(ServiceAccount(String(decoding: file.bytes, as: UTF8.self)))
    }

    private func stage(
        _ tokens: Tokens,
        _ answers: @escaping @Sendable (String) -> OutboundResponse
    ) throws -> (channel: FCMChannel, google: Google) {
        let key = try PrivateKey.generate(.rsa(bits: 2048))
        let google = Google(key.publicKey, answers)
        let channel = FCMChannel(
            id: try name("android"),
            settings: FCMChannel.Settings(
                account: try account(key),
                url: "https://fcm.example",
                destination: Destination(allowsInternalAddresses: false),
                timeLimit: .seconds(5)
            ),
            brand: "Bank",
            addresses: tokens,
            client: google,
            clock: clock
        )
        return (channel, google)
    }

    // rule: N13
    @Test("sends a neutral message with an access token that is asked for once an hour")
    func delivery() async throws {
        let (channel, google) = try stage(Tokens(["app-1"])) { _ in OutboundResponse(status: 200) }
        #expect(await channel.ask(try makePrompt()) == .delivered)
        #expect(await channel.ask(try makePrompt()) == .delivered)
        #expect(google.tokenRequests == 1)
        let request = try #require(google.requests.withLock { $0.last })
        #expect(request.url == "https://fcm.example/v1/projects/bank-1/messages:send")
        #expect(request.fields.first("authorization") == "Bearer token-1")
        let message = try JSONValue(request.body)["message"]
        #expect(message?["token"]?.string == "app-1")
        #expect(message?["android"]?["ttl"]?.string == "120s")
        #expect(message?["android"]?["priority"]?.string == "HIGH")
        let text = String(decoding: request.body, as: UTF8.self)
        for secret in ["Shop", "Pay 10", "payments", "TICKET", "login.with.dots", "alice"] {
            #expect(!text.contains(secret))
        }
        clock.advance(by: .seconds(3_600))
        #expect(await channel.ask(try makePrompt()).kind == .later)
    }

    @Test(
        "ends a token that is not registered any more, and asks for another access token at 401",
        arguments: [
            (404, "UNREGISTERED", DeliveryAnswer.Kind.gone, false, 1),
            (404, "OTHER", .refused, true, 1), (400, "INVALID_ARGUMENT", .refused, true, 1),
            (401, "", .later, true, 2), (429, "QUOTA_EXCEEDED", .later, true, 1),
            (503, "UNAVAILABLE", .later, true, 1),
        ]
    )
    func statuses(
        _ status: Int,
        _ code: String,
        _ kind: DeliveryAnswer.Kind,
        _ stays: Bool,
        _ tokenRequests: Int
    ) async throws {
        let tokens = Tokens(["app-1"])
        let (channel, google) = try stage(tokens) { _ in
            let body = "{\"error\":{\"details\":[{\"errorCode\":\"\(code)\"}]}}"
            return OutboundResponse(status: status, body: Array(body.utf8))
        }
        #expect(await channel.ask(try makePrompt()).kind == kind)
        #expect(tokens.texts.withLock { $0.isEmpty } != stays)
        tokens.texts.withLock { $0 = ["app-2"] }
        _ = await channel.ask(try makePrompt())
        #expect(google.tokenRequests == tokenRequests)
    }

    @Test(
        "takes a service account only with everything in it",
        arguments: ["", "{}", "[]", "{\"project_id\":\"a\",\"client_email\":\"b\"}"]
    )
    func accounts(_ text: String) {
        #expect(ServiceAccount(text) == nil)
    }
}
