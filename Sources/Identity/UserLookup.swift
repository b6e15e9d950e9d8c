public import Configuration
public import HTTP
import Logins

/// One GET about a user to another service: the common part of every directory behind HTTP.
///
/// 200 has the answer, 404 and 410 mean that there is no such user, and anything else is an error.
/// Errors never contain the user's identifier or any part of the answer.
public struct UserLookup: Sendable {
    /// Which service, and how it is called.
    public struct Settings: Sendable {
        /// `https://directory.example/users/{user}`, where the percent-encoded identifier goes.
        public let template: String
        /// Sent as bearer token (RFC 6750 §2.1); nil sends none.
        public let token: Secret?
        /// How the service is reached and trusted.
        public let destination: Destination
        /// Of one call.
        public let timeLimit: Duration

        static let placeholder = "{user}"

        /// Nil when the template does not contain `{user}` exactly once.
        public init?(
            template: String,
            token: Secret? = nil,
            destination: Destination = Destination(),
            timeLimit: Duration = .seconds(5)
        ) {
            guard
                template.split(separator: Self.placeholder, omittingEmptySubsequences: false)
                    .count == 2
            else { return nil }
            self.template = template
            self.token = token
            self.destination = destination
            self.timeLimit = timeLimit
        }

        /// Declares and reads the keys of a section; nil when it is absent or has problems.
        ///
        /// - Parameters:
        ///   - section: the group; the caller may read more of its keys.
        ///   - example: a template.
        ///   - variable: the example's environment variable with the token.
        ///   - timeLimit: the default.
        init?(_ section: Section, example: String, token variable: String, timeLimit: Duration) {
            let template = section.userURL(
                "url",
                example: example,
                "{user} stands for the percent-encoded user identifier."
            )
            let token = section.secret(
                "token",
                example: "{ env: \"\(variable)\" }",
                "Sent as bearer token. Use a token, a client certificate, or both."
            )
            let destination = section.destination()
            let timeLimit = section.duration(
                "time_limit",
                default: timeLimit,
                .milliseconds(50)...(.seconds(10)),
                "Timeout of one call."
            )
            guard section.isPresent else { return nil }
            self.init(
                template: template,
                token: token,
                destination: destination,
                timeLimit: timeLimit
            )
        }
    }

    private let settings: Settings
    private let responseLimit: Int
    private let client: any OutboundHTTP

    /// Bodies longer than `responseLimit` bytes are an error.
    init(_ settings: Settings, responseLimit: Int, client: any OutboundHTTP) {
        self.settings = settings
        self.responseLimit = responseLimit
        self.client = client
    }

    /// The body of the answer about a user; nil when there is no such user.
    func body(about id: UserID) async throws(DirectoryError) -> [UInt8]? {
        // Dot segments are removed on the way even if escaped (RFC 3986 §6.2.2), so the request
        // would be for another resource.
        guard id.value != ".", id.value != ".." else { return nil }
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await client.send(request(for: id))
        } catch {
            throw .unavailable(error.reason)
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
        if let token = settings.token {
            fields.append(Field("Authorization", token.withText { "Bearer \($0)" }))
        }
        return OutboundRequest(
            .get,
            url,
            fields: fields,
            destination: settings.destination,
            timeLimit: settings.timeLimit,
            responseLimit: responseLimit
        )
    }
}
