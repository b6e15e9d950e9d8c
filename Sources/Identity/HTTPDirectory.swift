public import HTTP
import JSON
public import Logins

/// Users that another service knows, one GET each.
///
/// 200 with `{"active": true, "channels": ["push"], "language": "de"}` (the last two may be absent or
/// null) is a user, 404 and 410 say that there is none, and anything else says nothing.
public struct HTTPDirectory: UserDirectory {
    public struct Settings: Sendable {
        /// `https://directory.example/users/{user}`; the user stands there percent-encoded.
        public let template: String
        public var destination: Destination
        public var timeLimit: Duration

        static let placeholder = "{user}"

        /// Nil when the template does not have `{user}` exactly once.
        public init?(
            template: String,
            destination: Destination = Destination(),
            timeLimit: Duration = .seconds(5)
        ) {
            guard
                template.split(separator: Self.placeholder, omittingEmptySubsequences: false)
                    .count == 2
            else { return nil }
            self.template = template
            self.destination = destination
            self.timeLimit = timeLimit
        }
    }

    /// More than a user needs.
    private static let responseLimit = 64 << 10

    private let settings: Settings
    private let client: any OutboundHTTP
    private let token: @Sendable () -> String?

    /// `token` gives the bearer token to send and is asked each time; nil sends none.
    public init(
        _ settings: Settings,
        client: any OutboundHTTP,
        token: @escaping @Sendable () -> String? = { nil }
    ) {
        self.settings = settings
        self.client = client
        self.token = token
    }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        // Dot segments are removed on the way even if escaped (RFC 3986 §6.2.2): another resource
        // than a user would be asked for.
        guard id.value != ".", id.value != ".." else { return nil }
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await client.send(request(for: id))
        } catch {
            throw .unavailable(Self.reason(of: error))
        }
        switch response.status {
        case 200: return try Self.user(id, response.body)
        case 404, 410: return nil
        default: throw .unavailable("status \(response.status)")
        }
    }

    private func request(for id: UserID) -> OutboundRequest {
        let parts = settings.template.split(
            separator: Settings.placeholder,
            omittingEmptySubsequences: false
        )
        let url = parts.joined(separator: PercentEncoding.encodeSegment(id.value))
        var fields = [Field("Accept", "application/json")]
        if let token = token() { fields.append(Field("Authorization", "Bearer \(token)")) }
        return OutboundRequest(
            .get,
            url,
            fields: fields,
            destination: settings.destination,
            timeLimit: settings.timeLimit,
            responseLimit: Self.responseLimit
        )
    }

    private static func user(_ id: UserID, _ body: [UInt8]) throws(DirectoryError) -> User {
        let answer: JSONValue
        do throws(JSONError) {
            answer = try JSONValue(body)
        } catch {
            throw .unavailable("the answer is not JSON")
        }
        guard let isActive = answer["active"]?.bool else {
            throw .unavailable("the answer has no active")
        }
        return User(
            id: id,
            isActive: isActive,
            channels: try channels(answer["channels"]),
            language: answer["language"]?.string.flatMap(language)
        )
    }

    private static func channels(_ value: JSONValue?) throws(DirectoryError) -> Set<ChannelID>? {
        guard let value, !value.isNull else { return nil }
        guard let names = value.array else { throw .unavailable("channels is not an array") }
        var channels: Set<ChannelID> = []
        for name in names {
            guard let channel = name.string.flatMap(ChannelID.init) else {
                throw .unavailable("channels has something that is not a name")
            }
            channels.insert(channel)
        }
        return channels
    }

    /// What cannot be a language tag (RFC 5646 §2.1) is no reason to lose the user.
    private static func language(_ text: String) -> String? {
        let isTag =
            (2...35).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        return isTag ? text : nil
    }

    private static func reason(of error: OutboundError) -> String {
        switch error {
        case .notSent(let text), .ambiguous(let text), .unusableAnswer(let text),
            .forbiddenAddress(let text), .invalid(let text):
            text
        }
    }
}
