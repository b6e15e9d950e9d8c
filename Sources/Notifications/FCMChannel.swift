import Configuration
import Consents
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Threads

/// Sends prompts to apps through Firebase Cloud Messaging (HTTP v1), which also reaches Apple's devices.
///
/// A message has a reference and neutral text only. The access token comes from the service account's
/// signed assertion (RFC 7523) and is kept until shortly before it ends.
final class FCMChannel: NotificationChannel {
    struct Settings: Sendable {
        var account: ServiceAccount
        /// The base URL of FCM.
        var url: String
        var destination: Destination
        var timeLimit: Duration
    }

    private static let responseLimit = 64 << 10

    let id: ChannelID
    let retries = RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0.2)
    var isEnabled: Bool { true }
    private let settings: Settings
    private let brand: String
    private let fan: AddressFan
    private let client: any OutboundHTTP
    private let clock: any WallClock
    private let token = Locked<(text: String, until: Timestamp)?>(nil)

    init(
        id: ChannelID,
        settings: Settings,
        brand: String,
        addresses: any ChannelAddresses,
        client: any OutboundHTTP,
        clock: any WallClock
    ) {
        self.id = id
        self.settings = settings
        self.brand = brand
        fan = AddressFan(channel: id, addresses: addresses)
        self.client = client
        self.clock = clock
    }

    /// Whether the user's record has a token of an app.
    func reaches(_ user: User) -> Bool { user.isFound(by: id) }

    var usesDevices: Bool { true }

    func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        await send(
            PromptText(prompt, brand: brand, details: false),
            about: .login(prompt.key),
            to: prompt.user,
            until: prompt.ends
        )
    }

    func tell(_ notice: Notice) async -> DeliveryAnswer {
        await send(
            PromptText(notice, details: false),
            about: notice.subject,
            to: notice.user,
            until: clock.now() + .seconds(86_400)
        )
    }

    var onlineChecks: [OnlineCheck] {
        [
            OnlineCheck("token") {
                switch await self.accessToken() {
                case .success: .works("an access token")
                case .failure(let failure): .fails(failure.reason)
                }
            }
        ]
    }

    private func send(
        _ text: PromptText,
        about subject: Notice.Subject,
        to user: User,
        until end: Timestamp
    ) async -> DeliveryAnswer {
        let seconds = (end.milliseconds - clock.now().milliseconds) / 1000
        guard seconds > 0 else { return .later("the prompt has expired", after: nil) }
        let token: String
        switch await accessToken() {
        case .success(let text): token = text
        case .failure(let failure): return failure.answer
        }
        let topic = WebPushChannel.topic(of: subject)
        return await fan.send(to: user) { address in
            let message = JSONValue.members([
                "message": .members([
                    "token": .string(address),
                    "notification": .members([
                        "title": .string(text.title), "body": .string(text.text),
                    ]),
                    "data": .members(["reference": .text(subject.reference)]),
                    "android": .members([
                        "priority": .string("HIGH"), "ttl": .string("\(seconds)s"),
                        "collapse_key": .string(topic),
                    ]),
                    "apns": .members([
                        "headers": .members([
                            "apns-priority": .string("10"), "apns-collapse-id": .string(topic),
                            "apns-expiration": .string("\(end.milliseconds / 1000)"),
                        ])
                    ]),
                ])
            ])
            return await self.post(message.bytes, token)
        }
    }

    private func post(_ body: [UInt8], _ token: String) async -> DeliveryAnswer {
        let request = OutboundRequest(
            .post,
            "\(settings.url)/v1/projects/\(settings.account.project)/messages:send",
            fields: [
                Field("Authorization", "Bearer \(token)"),
                Field("Content-Type", "application/json"),
            ],
            body: body,
            destination: settings.destination,
            timeLimit: settings.timeLimit,
            responseLimit: Self.responseLimit
        )
        do throws(OutboundError) {
            return answer(to: try await client.send(request), for: token)
        } catch {
            if case .forbiddenAddress = error { return .refused(error.reason) }
            return .later(error.reason, after: nil)
        }
    }

    private func answer(to response: OutboundResponse, for used: String) -> DeliveryAnswer {
        let error = (try? JSONValue(response.body))?["error"]
        let code = error?["details"]?.array?.lazy.compactMap { $0["errorCode"]?.string }.first
        let reason =
            "status \(response.status)" + (code.map { " \(ConsoleChannel.harmless($0))" } ?? "")
        switch (response.status, code) {
        case (200..<300, _): return .delivered
        // The app was removed, or has another token by now.
        case (404, "UNREGISTERED"): return .gone(reason)
        case (401, _):
            token.withLock { if $0?.text.utf8.elementsEqual(used.utf8) == true { $0 = nil } }
            return .later(reason, after: nil)
        case (408, _), (425, _), (429, _), (500..<600, _):
            let now = clock.now().milliseconds / 1000
            return .later(reason, after: response.retryAfter(secondsSince1970: now))
        default: return .refused(reason)
        }
    }

    // MARK: Access token

    private struct NoToken: Error {
        let reason: String
        let answer: DeliveryAnswer
        init(_ reason: String, after: Duration? = nil) {
            self.reason = reason
            answer = .later("no access token: \(reason)", after: after)
        }
    }

    private func accessToken() async -> Result<String, NoToken> {
        let now = clock.now()
        if let token = token.withLock({ $0 }), now < token.until { return .success(token.text) }
        let response: OutboundResponse
        do throws(OutboundError) {
            guard let request = settings.account.request(at: now, settings) else {
                return .failure(NoToken("the assertion cannot be signed"))
            }
            response = try await client.send(request)
        } catch {
            return .failure(NoToken(error.reason))
        }
        guard response.status == 200, let answer = try? JSONValue(response.body),
            let text = answer["access_token"]?.string, ServiceAccount.isToken(text)
        else {
            let wait = response.retryAfter(secondsSince1970: now.milliseconds / 1000)
            return .failure(NoToken("status \(response.status)", after: wait))
        }
        // Renewed a minute early, so that it does not end on its way.
        let life = min(max(answer["expires_in"]?.integer ?? 0, 0), 86_400) - 60
        if life > 0 { token.withLock { $0 = (text, now + .seconds(life)) } }
        return .success(text)
    }
}

/// Google's file of a service account.
struct ServiceAccount: Sendable {
    let project: String
    private let email: String
    private let key: SigningKey
    private let tokenURL: String

    /// Nil unless the file has everything that is needed.
    init?(_ text: String) {
        guard let file = try? JSONValue(Array(text.utf8)),
            let project = file["project_id"]?.string, Self.isName(project),
            let email = file["client_email"]?.string, !email.isEmpty,
            let tokenURL = file["token_uri"]?.string, let address = HTTPAddress(tokenURL),
            address.userInformation == nil, address.fragment == nil,
            let pem = file["private_key"]?.string,
            let key = try? SigningKey(
                PrivateKey(pem: pem),
                algorithm: .rs256,
                id: file["private_key_id"]?.string
            )
        else { return nil }
        self.project = project
        self.email = email
        self.tokenURL = tokenURL
        self.key = key
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || "-_.:".utf8.contains($0)
            }
    }

    /// Visible ASCII, as a header field takes it.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Whether the token endpoint is one that a destination without internal addresses may have.
    var usesTLS: Bool { HTTPAddress(tokenURL)?.isSecure == true }

    /// Asks for an access token with an assertion of one hour (RFC 7523 §2.1).
    fileprivate func request(at now: Timestamp, _ settings: FCMChannel.Settings) -> OutboundRequest?
    {
        let seconds = now.milliseconds / 1000
        let claims = JSONValue.members([
            "iss": .string(email),
            "scope": .string("https://www.googleapis.com/auth/firebase.messaging"),
            "aud": .string(tokenURL), "iat": .integer(seconds), "exp": .integer(seconds + 3600),
        ])
        let type = JSONObject([JSONObject.Member(name: "typ", value: .string("JWT"))])
        guard let assertion = try? JWS.sign(payload: claims.bytes, header: type, key: key) else {
            return nil
        }
        let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
        return OutboundRequest(
            .post,
            tokenURL,
            fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
            body: Array("\(grant)&assertion=\(assertion)".utf8),
            destination: settings.destination,
            timeLimit: settings.timeLimit,
            responseLimit: 64 << 10
        )
    }
}

extension ChannelKind {
    /// Apps, through Firebase Cloud Messaging.
    public static let fcm = ChannelKind(
        name: "fcm",
        about: "apps, through Firebase Cloud Messaging; users need tokens as address",
        example: "android"
    ) { section in
        guard let settings = FCMChannel.Settings(section) else { return nil }
        return { id, context in
            FCMChannel(
                id: id,
                settings: settings,
                brand: context.brand,
                addresses: context.addresses,
                client: context.client,
                clock: context.clock
            )
        }
    }
}

extension FCMChannel.Settings {
    init?(_ section: Section) {
        let allowsInternal = section.flag(
            "allow_internal",
            default: false,
            "Allow loopback and private addresses, and plain http, for tests."
        )
        let secret = section.secret(
            "service_account",
            example: "{ file: \"secrets/firebase.json\" }",
            required: true,
            "Google's JSON file of a service account that may send messages."
        )
        let url =
            section.url(
                "url",
                internalSwitch: ("allow_internal", allowsInternal),
                example: "https://fcm.googleapis.com",
                "The base URL of FCM. Default: https://fcm.googleapis.com."
            ) ?? "https://fcm.googleapis.com"
        let destination = section.destination(allowsInternal: allowsInternal)
        let timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one call."
        )
        guard let secret else { return nil }
        guard let account = secret.withText({ ServiceAccount($0) }) else {
            section.problem(
                "service_account",
                "must be JSON with project_id, client_email, token_uri and an RSA private_key"
            )
            return nil
        }
        if !account.usesTLS, !allowsInternal {
            section.problem("service_account", "has a token_uri that is not https")
        }
        self.init(
            account: account,
            url: url,
            destination: destination,
            timeLimit: timeLimit
        )
    }
}
