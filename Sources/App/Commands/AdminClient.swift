import Commands
import Configuration
import Cryptography
import HTTP
import JOSE
import JSON
import Logins

/// A command that can also be performed by a service elsewhere, through its admin API.
protocol RemoteAction: StoreAction {
    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws
}

/// The admin API of a service, as the commands use it with `--server`: with an access token from the
/// service's token endpoint (`client_credentials`), or one from a file.
struct AdminClient: Sendable {
    static let options: [CommandOption] = [
        .text("server", "URL", "Use the admin API at this address, not the store."),
        .text("client-id", "IDENTIFIER", "The client that gets the access token."),
        .text("client-cert", "FILE", "The client's certificate (PEM), shown with every call."),
        .text("client-key", "FILE", "The private key of --client-cert (PEM)."),
        .text(
            "assertion-key",
            "FILE",
            "Private key (JWK or PEM) of assertions. Default: none."
        ),
        .text("assertion-kid", "KID", "Its kid. Default: the JWK's, or the key's thumbprint."),
        .text("token-file", "FILE", "A file with an access token, instead of asking for one."),
        .text("ca", "FILE", "Authorities (PEM) of the server. Default: the system's."),
    ]

    /// The path of the admin API.
    private static let base = "/admin/v1"

    private let server: String
    private let client: String?
    private let assertionKey: String?
    private let assertionKeyID: String?
    private let tokenFile: String?
    private let destination: Destination
    private let http: any OutboundHTTP

    /// Nil if the command line names no server.
    init?(_ arguments: ParsedArguments, http: any OutboundHTTP) throws(CommandFailure) {
        guard let server = arguments.text("server") else {
            for option in Self.options where arguments.text(option.name) != nil {
                throw CommandFailure(.usage, "--\(option.name) needs --server")
            }
            return nil
        }
        guard arguments.text("config") == nil else {
            throw CommandFailure(.usage, "--config cannot be combined with --server")
        }
        guard let address = HTTPAddress(server), address.query == nil, address.fragment == nil,
            address.userInformation == nil
        else {
            throw CommandFailure(
                .usage,
                "--server must be an address such as https://login.bank.example"
            )
        }
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
        client = arguments.text("client-id")
        assertionKey = arguments.text("assertion-key")
        assertionKeyID = arguments.text("assertion-kid")
        tokenFile = arguments.text("token-file")
        guard (client == nil) != (tokenFile == nil) else {
            throw CommandFailure(.usage, "--server needs --client-id or --token-file")
        }
        let (certificate, key) = (arguments.text("client-cert"), arguments.text("client-key"))
        guard (certificate == nil) == (key == nil) else {
            throw CommandFailure(.usage, "--client-cert and --client-key belong together")
        }
        destination = Destination(
            authorities: arguments.text("ca"),
            certificate: certificate,
            key: key
        )
        self.http = http
    }

    // MARK: Calls

    /// A session with an access token.
    func signedIn() async throws(CommandFailure) -> Session {
        Session(api: self, token: try await token())
    }

    /// Calls of one command.
    struct Session: Sendable {
        fileprivate let api: AdminClient
        fileprivate let token: String

        /// What the API answers to a request. `segments` are parts of the path below `/admin/v1`.
        func send(
            _ method: Method,
            _ segments: [String],
            query: [Field] = [],
            body: JSONValue? = nil,
            fields: [Field] = []
        ) async throws(CommandFailure) -> Answer {
            let path = segments.map { "/" + (PercentEncoding.encodeSegment($0) ?? "%2E") }.joined()
            let text = String(decoding: Form(query).bytes, as: UTF8.self)
            var all = [Field("Authorization", "Bearer " + token)] + fields
            if body != nil { all.append(Field("Content-Type", "application/json")) }
            let response = try await api.exchange(
                OutboundRequest(
                    method,
                    api.server + AdminClient.base + path + (text.isEmpty ? "" : "?" + text),
                    fields: all,
                    body: body?.bytes ?? [],
                    destination: api.destination,
                    timeLimit: .seconds(30),
                    responseLimit: 16 << 20
                )
            )
            let value = (try? JSONValue(response.body)) ?? .null
            guard (200...299).contains(response.status) else {
                throw AdminClient.failure(response.status, value)
            }
            return Answer(value: value, tag: response.fields.first("etag"))
        }

        /// What is at a path; nil if there is nothing.
        func find(_ segments: [String]) async throws(CommandFailure) -> Answer? {
            do throws(CommandFailure) { return try await send(.get, segments) } catch {
                guard error.message.hasPrefix("the server answers 404") else { throw error }
                return nil
            }
        }

        /// Calls `body` with each element of a list, page by page, until it returns false.
        func each(
            _ name: String,
            _ segments: [String],
            query: [Field] = [],
            _ body: (JSONValue) throws(CommandFailure) -> Bool
        ) async throws(CommandFailure) {
            var query = query
            while true {
                let page = try await send(.get, segments, query: query).value
                for element in page[name]?.array ?? [] {
                    guard try body(element) else { return }
                }
                guard let next = page["next"]?.string else { return }
                query = query.filter { $0.name != "cursor" } + [Field("cursor", next)]
            }
        }
    }

    /// An answer that is no error.
    struct Answer: Sendable {
        let value: JSONValue
        /// Its ETag.
        let tag: String?
    }

    private static func failure(_ status: Int, _ value: JSONValue) -> CommandFailure {
        let text =
            value["detail"]?.string ?? value["title"]?.string
            ?? value["error_description"]?.string ?? value["error"]?.string
        let reference = value["reference"]?.string.map { " (reference \($0))" } ?? ""
        let words = LoginText.harmless(text ?? "no reason") + LoginText.harmless(reference)
        return CommandFailure(
            status == 503 ? .unavailable : .failed,
            "the server answers \(status): \(words)"
        )
    }

    private func exchange(
        _ request: OutboundRequest
    ) async throws(CommandFailure) -> OutboundResponse {
        do { return try await http.send(request) } catch {
            throw CommandFailure(.unavailable, "no answer from \(server): \(error.reason)")
        }
    }

    // MARK: The token

    private func token() async throws(CommandFailure) -> String {
        if let tokenFile {
            let text = try Self.text(tokenFile)
            let words = text.split(whereSeparator: \.isWhitespace)
            guard words.count == 1 else {
                throw CommandFailure(.failed, "\(tokenFile) must have one access token")
            }
            return String(words[0])
        }
        var form = [Field("grant_type", "client_credentials"), Field("client_id", client ?? "")]
        if let assertionKey { form += try await assertion(assertionKey) }
        let response = try await exchange(
            OutboundRequest(
                .post,
                server + "/oauth2/token",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: Form(form).bytes,
                destination: destination,
                timeLimit: .seconds(30)
            )
        )
        let value = (try? JSONValue(response.body)) ?? .null
        guard response.status == 200, let token = value["access_token"]?.string else {
            throw Self.failure(response.status, value)
        }
        return token
    }

    /// RFC 7523 §2.2. The audience is the issuer that the server names.
    private func assertion(_ path: String) async throws(CommandFailure) -> [Field] {
        let response = try await exchange(
            OutboundRequest(
                .get,
                server + "/.well-known/oauth-authorization-server",
                destination: destination
            )
        )
        guard let issuer = (try? JSONValue(response.body))?["issuer"]?.string else {
            throw CommandFailure(.failed, "\(server) has no token endpoint")
        }
        let now = SystemTime.now().milliseconds / 1000
        var claims = JWT.Claims()
        claims.issuer = client
        claims.subject = client
        claims.audience = [issuer]
        claims.id = Base64URL.encode(Random.bytes(16))
        claims.issuedAt = JWT.NumericDate(seconds: now)
        claims.expiresAt = JWT.NumericDate(seconds: now + 60)
        let text = try Self.text(path)
        do throws(JOSEError) {
            var key = try SigningKey(text: text, id: assertionKeyID)
            // RS256 is refused but for delegated clients and keys that say so (FAPI 2.0 §5.4).
            if key.algorithm == .rs256, text.hasPrefix("-----") {
                key = try SigningKey(text: text, algorithm: .ps256, id: assertionKeyID)
            }
            let signed = try JWT.sign(claims, key: key)
            return [
                Field(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                ),
                Field("client_assertion", signed),
            ]
        } catch {
            throw CommandFailure(.failed, "\(path): \(error)")
        }
    }

    private static func text(_ path: String) throws(CommandFailure) -> String {
        switch Environment.real(directory: ".").read(path) {
        case .failure(let problem): throw CommandFailure(.failed, "\(path) \(problem.reason)")
        case .success(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CommandFailure(.failed, "\(path) is not text")
            }
            return text
        }
    }
}

extension Form {
    /// The fields with values.
    init(known fields: [(String, String?)]) {
        self.init(fields.compactMap { name, value in value.map { Field(name, $0) } })
    }
}
