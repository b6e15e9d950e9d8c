public import Access
public import Configuration
public import HTTP
public import JOSE
import Logins
public import OAuthClient
import Texts

/// The identity provider at which people sign in to one application, and our registration there.
public struct IdentityProviderSettings: Sendable {
    /// Where the endpoints of the provider are.
    public enum Place: Hashable, Sendable {
        /// In the metadata at a URL, which name one of these issuers.
        case discovered(url: String, issuers: [String])
        case explicit(Endpoints)
    }

    /// The endpoints of a provider.
    public struct Endpoints: Hashable, Sendable {
        public var issuer: String
        public var authorization: String
        public var token: String
        public var keys: String
        /// Whether each authorization response must name the issuer (RFC 9207).
        public var answersWithIssuer = false

        public init(issuer: String, authorization: String, token: String, keys: String) {
            self.issuer = issuer
            self.authorization = authorization
            self.token = token
            self.keys = keys
        }
    }

    public var application: SignInApplication
    public var place: Place
    public var clientID: String
    public var authentication: ClientAuthenticationSettings
    public var destination: Destination
    public var timeLimit: Duration
    public var tokenRequest: TokenEncoding
    /// Full names of the custom claims. That of the user is only required for the inbox.
    public var userClaim: String
    public var accountClaim: String
    /// The only account (tenant) whose people may sign in; nil for all.
    public var account: String?
    public var algorithms: Set<SignatureAlgorithm>
    public var leeway: Duration
    public var allowsVerifiedAsText: Bool
    public var extraAudiences: Set<String>
    /// Where people go when they sign out.
    public var logoutURL: String
    /// The verified address of who becomes the console's administrator; nil for the inbox.
    public var controllerEmail: String?
    public var sessions: SessionLimits
    /// What people must accept before a session begins; nil for nothing.
    public var terms: Terms?

    /// Where the group is in the configuration.
    public var path: String { "sign_in.\(application.rawValue)" }

    /// The issuer, or what it begins with, for diagnoses.
    var issuer: String {
        switch place {
        case .discovered(_, let issuers): issuers[0]
        case .explicit(let endpoints): endpoints.issuer
        }
    }

    /// The checks of an ID token of the provider that names this issuer.
    public func check(issuer: String) -> IDTokenCheck {
        IDTokenCheck(
            issuer: issuer,
            clientID: clientID,
            algorithms: algorithms,
            leeway: leeway,
            allowsVerifiedAsText: allowsVerifiedAsText,
            extraAudiences: extraAudiences,
            customClaims: application == .inbox ? [userClaim, accountClaim] : [accountClaim]
        )
    }

    /// Reads the group of an application; nil when it is absent, so that nobody can sign in.
    public init?(_ section: Section, for application: SignInApplication) {
        self.application = application
        place = Self.place(section)
        clientID = section.requiredText(
            "client_id",
            example: "beckon-\(application.rawValue)",
            "The client id of Beckon at the provider."
        )
        destination = section.destination()
        // The seed of this interface sends the secret in the body.
        authentication = ClientAuthenticationSettings(section, destination, default: .secretPost)
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(5),
            .milliseconds(100)...(.seconds(15)),
            "Timeout of one call to the provider."
        )
        tokenRequest = section.choice(
            "token_request",
            default: .form,
            "How the token request is written: form, as the standard says, or one JSON object."
        )
        (userClaim, accountClaim) = Self.claims(section)
        account = section.text(
            "account",
            example: "retail",
            "The only value of the account claim that may sign in; by default every value."
        )
        algorithms = Self.algorithms(section)
        leeway = section.duration(
            "leeway",
            default: .seconds(60),
            .zero...(.seconds(300)),
            "The accepted difference between the clocks."
        )
        allowsVerifiedAsText = section.flag(
            "email_verified_text",
            default: false,
            "Whether email_verified may be the text \"true\"; otherwise only the value true counts."
        )
        extraAudiences = Set(
            section.texts(
                "extra_audiences",
                example: ["project-1"],
                """
                Audiences that ID tokens may have beside client_id. By default others are accepted \
                only if azp is client_id.
                """
            )
        )
        logoutURL =
            section.url(
                "logout_url",
                allowsQuery: true,
                keepsSlash: true,
                example: "https://login.bank.example/logout",
                required: true,
                "Where people go when they sign out."
            ) ?? ""
        controllerEmail =
            application == .inbox
            ? nil
            : section.requiredText(
                "controller_email",
                example: "controller@bank.example",
                """
                The person with this verified e-mail address becomes the administrator at the first \
                sign-in; everybody else is a moderator.
                """
            )
        sessions = Self.sessions(section, application)
        terms = Self.terms(section)
        if algorithms.contains(.hs256),
            authentication.method != .secretPost && authentication.method != .secretBasic
        {
            section.problem(
                "algorithms",
                "must not contain HS256 without a client_secret: client_authentication is "
                    + authentication.method.rawValue
            )
        }
        section.end()
        guard section.isPresent else { return nil }
    }

    private static func place(_ section: Section) -> Place {
        let issuer = section.url(
            "issuer",
            keepsSlash: true,
            example: "https://login.bank.example",
            """
            The issuer, exactly as ID tokens have it, with or without a slash at its end. Its \
            metadata are read from /.well-known/openid-configuration below it.
            """
        )
        let discovery = section.url(
            "discovery_url",
            example: "https://login.bank.example/.well-known/openid-configuration",
            "The URL of the metadata, if it is all that you know or if they are elsewhere."
        )
        func endpoint(_ key: String, _ about: String) -> String? {
            section.url(
                key,
                allowsQuery: true,
                keepsSlash: true,
                example: "https://login.bank.example/" + key,
                about
            )
        }
        let authorization = endpoint(
            "authorization_endpoint",
            "Where people are sent. The next two keys are then required too, and no metadata are read."
        )
        let token = endpoint("token_endpoint", "Where codes are exchanged for tokens.")
        let keys = endpoint("jwks_uri", "Where the keys of ID tokens are.")
        let names = ["authorization_endpoint", "token_endpoint", "jwks_uri"]
        if names.contains(where: section.has) {
            for name in ["issuer"] + names where !section.has(name) { section.missing(name) }
            return .explicit(
                Endpoints(
                    issuer: issuer ?? "",
                    authorization: authorization ?? "",
                    token: token ?? "",
                    keys: keys ?? ""
                )
            )
        }
        if let issuer {
            return .discovered(url: discovery ?? Discovery.url(of: issuer), issuers: [issuer])
        }
        guard let discovery else {
            if !section.has("issuer"), !section.has("discovery_url") { section.missing("issuer") }
            return .discovered(url: "", issuers: [""])
        }
        guard discovery.hasSuffix(Discovery.path) else {
            section.problem(
                "issuer",
                "is missing: discovery_url does not end with \(Discovery.path)"
            )
            return .discovered(url: discovery, issuers: [""])
        }
        let base = String(discovery.dropLast(Discovery.path.utf8.count))
        return .discovered(url: discovery, issuers: [base, base + "/"])
    }

    private static func claims(_ section: Section) -> (user: String, account: String) {
        let domain = section.requiredText(
            "domain",
            example: "bank.example",
            """
            The domain in the names of custom claims: https://DOMAIN/NAME. Claims below another \
            domain are ignored.
            """
        )
        let isDomain = domain.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "-.:".utf8.contains(byte)
        }
        if !isDomain { section.problem("domain", "must be a domain such as \"bank.example\"") }
        let names = section.group("claims", "The names of the custom claims, below the domain.")
        func name(_ key: String, _ fallback: String, _ about: String) -> String {
            "https://\(domain)/" + (names.text(key, default: fallback, about) ?? fallback)
        }
        let user = name(
            "user",
            "ciba_user",
            "The user identifier that the authorization server uses."
        )
        let account = name("account", "ciba_account", "The account of the person at the bank.")
        names.end()
        return (user, account)
    }

    private static func algorithms(_ section: Section) -> Set<SignatureAlgorithm> {
        let standard = ["RS256", "PS256", "ES256", "EdDSA"]
        let names = section.texts(
            "algorithms",
            default: standard,
            "The accepted signatures of ID tokens. HS256, with the client secret, must be chosen."
        )
        let algorithms = names.compactMap { SignatureAlgorithm(exactly: $0) }
        if algorithms.isEmpty || algorithms.count < names.count {
            section.problem("algorithms", "must be some of \(Section.list(standard + ["HS256"]))")
        }
        return Set(algorithms)
    }

    private static func terms(_ section: Section) -> Terms? {
        let group = section.group(
            "terms",
            """
            Terms that people accept once for each version before a session begins. Without this \
            group nothing is shown.
            """
        )
        defer { group.end() }
        let version = group.requiredText("version", example: "2031-01", "Of the terms.")
        let node = group.node(
            "text",
            example: #"{ en: "You may use the inbox …", de: "Sie dürfen …" }"#,
            "The terms in each language; the first text is for all others."
        )
        guard group.isPresent else { return nil }
        var found: [Terms.Text] = []
        if let node, case .object(let texts) = node.value {
            for text in texts {
                guard case .string(let content) = text.node.value, !content.isEmpty,
                    User.isLanguageTag(text.name)
                else {
                    group.problem("text.\(text.name)", "must be a text, under a language tag")
                    continue
                }
                found.append(Terms.Text(language: text.name, text: content))
            }
        } else if node != nil {
            group.problem("text", "must be texts by language")
        }
        if found.isEmpty {
            group.missing("text")
            return nil
        }
        return Terms(version: version, texts: found)
    }

    private static func sessions(
        _ section: Section,
        _ application: SignInApplication
    ) -> SessionLimits {
        let group = section.group("session", "How long a session lasts.")
        defer { group.end() }
        let bounds: ClosedRange<Duration> = .seconds(60)...(.seconds(86_400))
        return SessionLimits(
            idle: group.duration("idle", default: .seconds(300), bounds, "Without a request."),
            absolute: group.duration(
                "absolute",
                default: application == .inbox ? .seconds(3600) : .seconds(28_800),
                bounds,
                "From sign-in on, whatever happens."
            )
        )
    }
}
