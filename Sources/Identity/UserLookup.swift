public import HTTP
import Logins

/// One GET about a user at another service: what every directory behind HTTP has in common.
///
/// 200 carries what is known, 404 and 410 say that nobody has that name, and anything else says
/// nothing. Reasons never hold the user's name nor anything of the answer.
public struct UserLookup: Sendable {
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

    private let settings: Settings
    private let responseLimit: Int
    private let client: any OutboundHTTP
    private let token: @Sendable () -> String?

    /// An answer whose body is longer than `responseLimit` bytes is not taken. `token` gives the
    /// bearer token to send (RFC 6750 §2.1) and is asked each time; nil sends none.
    init(
        _ settings: Settings,
        responseLimit: Int,
        client: any OutboundHTTP,
        token: @escaping @Sendable () -> String?
    ) {
        self.settings = settings
        self.responseLimit = responseLimit
        self.client = client
        self.token = token
    }

    /// The body of the answer about a user; nil when nobody has that name.
    func body(about id: UserID) async throws(DirectoryError) -> [UInt8]? {
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
        case 200: return response.body
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
            responseLimit: responseLimit
        )
    }

    private static func reason(of error: OutboundError) -> String {
        switch error {
        case .notSent(let text), .ambiguous(let text), .unusableAnswer(let text),
            .forbiddenAddress(let text), .invalid(let text):
            text
        }
    }
}
