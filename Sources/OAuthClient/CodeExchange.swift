public import HTTP
import JSON
public import Logins
import Texts

/// The token request of the authorization code grant (RFC 6749 §4.1.3 with RFC 7636 §4.5), which
/// turns the code of a person's sign-in into an ID token (OpenID Connect Core 1.0 §3.1.3).
public struct CodeExchange: Sendable {
    /// Why there is no ID token. Nothing of it is secret but `cause`, which may name hosts.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// HTTP status of the answer; nil if there was none.
        public let status: Int?
        /// The word in `error`, if it is one.
        public let error: String?
        /// Text of `error_description`.
        public let errorDescription: String?
        /// For the log and the audit.
        public let cause: String

        public var description: String { cause }
    }

    private let settings: ClientSettings
    private let encoding: TokenEncoding
    private let http: any OutboundHTTP
    private let clock: any WallClock

    public init(
        _ settings: ClientSettings,
        encoding: TokenEncoding,
        http: any OutboundHTTP,
        clock: any WallClock
    ) {
        self.settings = settings
        self.encoding = encoding
        self.http = http
        self.clock = clock
    }

    /// The ID token, not verified. A code is sent once: it may be used up even if there is no answer.
    public func idToken(
        for code: String,
        redirectURI: String,
        verifier: String,
        from endpoint: String,
        of issuer: String
    ) async throws(Failure) -> String {
        var request = TokenRequest(
            settings: settings,
            credentials: settings.credentials(),
            issuer: issuer,
            trace: nil
        )
        request.encoding = encoding
        request.grant = [
            Field("grant_type", "authorization_code"), Field("code", code),
            Field("redirect_uri", redirectURI), Field("code_verifier", verifier),
        ]
        let message: OutboundRequest
        do { message = try request.request(to: endpoint, at: clock.now()) } catch {
            throw Self.failure("token endpoint: \(error.reason)")
        }
        let answer: OutboundResponse
        do { answer = try await http.send(message) } catch {
            throw Self.failure("token endpoint: \(error.reason)")
        }
        let body = (try? JSONValue(answer.body))?.withoutUnset
        guard answer.status == 200 else {
            throw Failure(
                status: answer.status,
                error: body?["error"]?.string.flatMap(OAuthErrorWord.init)?.text,
                errorDescription: body?["error_description"]?.string,
                cause: "token endpoint: \(answer.status)"
            )
        }
        guard let token = body?["id_token"]?.string, !token.isEmpty else {
            throw Failure(
                status: 200,
                error: nil,
                errorDescription: nil,
                cause: "token endpoint: its answer has no id_token"
            )
        }
        return token
    }

    private static func failure(_ cause: String) -> Failure {
        Failure(status: nil, error: nil, errorDescription: nil, cause: cause)
    }
}

/// The value of `error` (RFC 6749 §4.1.2.1, §5.2): a word that may be shown and logged.
public struct OAuthErrorWord: Hashable, Sendable {
    public let text: String

    /// Nil for anything but 1 to 64 letters, digits and `_ - .`.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 64,
            text.utf8.allSatisfy({
                $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || "_-.".utf8.contains($0)
            })
        else { return nil }
        self.text = text
    }
}
