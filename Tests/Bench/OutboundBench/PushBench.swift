import Cryptography
import Glibc
import HTTP
import JOSE
import JSON
import Logins
import Notifications
import Telemetry
import TestSupport

/// How many Web Push messages one core encrypts and addresses, whose service answers at once: the
/// channel without the network.
enum PushBench {
    /// Takes every message.
    private struct Service: OutboundHTTP {
        func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
            OutboundResponse(status: 201)
        }
    }

    /// One browser for everybody.
    private struct OneBrowser: ChannelAddresses {
        let subscription: String

        func addresses(of: User, through: ChannelID) async throws(StoreError) -> [String] {
            [subscription]
        }

        func end(_ address: String, of: User, through: ChannelID) async throws(StoreError) {}
    }

    /// Messages for each second of processor time, and how many key agreements on P-256 with a new key
    /// a second of it allows: no message can do with less than one.
    static func run(seconds: Double) async throws -> (messages: Double, agreements: Double) {
        let browser = try PrivateKey.generate(.p256)
        let clock = ManualClock()
        guard case .p256(let x, let y) = browser.publicKey.numbers,
            let vapid = VAPID(
                try SigningKey(PrivateKey.generate(.p256)),
                contact: "mailto:ops@bank.example"
            ),
            let id = ChannelID("browser")
        else { throw KeyError.malformed }
        let subscription = JSONValue.members([
            "endpoint": .string("https://push.example/a"),
            "keys": .members([
                "p256dh": .string(Base64URL.encode([4] + x + y)),
                "auth": .string(Base64URL.encode(Random.bytes(16))),
            ]),
        ])
        let channel = WebPushChannel(
            id: id,
            settings: WebPushChannel.Settings(vapid: vapid),
            brand: "Bank",
            subscriptions: OneBrowser(
                subscription: String(decoding: subscription.bytes, as: UTF8.self)
            ),
            client: Service(),
            clock: clock,
            log: .silent
        )
        let login = PendingLogin.Fixture().make()
        let prompt = Prompt(
            number: LoginNumber(1),
            key: login.key,
            user: User(id: login.details.user, isActive: true),
            clientName: "Kiosk 12",
            scopes: ["openid"],
            bindingMessage: "Kiosk 12 / 84-20-17",
            received: clock.now(),
            ends: clock.now() + .minutes(2),
            link: "https://login.bank.example/approve/1",
            ticket: "1"
        )
        let messages = try await rate(seconds) {
            guard await channel.ask(prompt) == .delivered else { throw KeyError.malformed }
        }
        let agreements = try await rate(seconds) {
            _ = try PrivateKey.generate(.p256).sharedSecret(with: browser.publicKey)
        }
        return (messages, agreements)
    }

    /// Calls for each second of this thread's processor time.
    private static func rate(
        _ seconds: Double,
        _ call: () async throws -> Void
    ) async throws -> Double {
        for _ in 0..<100 { try await call() }
        let start = spent()
        var count = 0.0
        while spent() - start < seconds {
            for _ in 0..<50 { try await call() }
            count += 50
        }
        return count / (spent() - start)
    }

    /// Seconds of processor time of this process so far.
    private static func spent() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
