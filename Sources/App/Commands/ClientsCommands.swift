import Access
import Commands
import Configuration
import Cryptography
import HTTP
import JOSE
import JSON
import Logins

/// `beckon clients add`: registers a client of Beckon's own interfaces.
struct AddClient: StoreAction {
    static let name = "clients add"
    static let summary = "Register a client of the token endpoint."
    static let createsStore = true
    static let details = """
        Prints the client's identifier. Beckon gets the public key only: a file with a private key is
        refused. Make a key with `beckon keys generate` and its public part with `beckon keys show`.

        A delegated client acts for one user at a time, after the user's consent. It can call only
        from the addresses in --source-address.
        """
    static let options: [CommandOption] =
        [
            .text("id", "IDENTIFIER", "The client's identifier. Default: a random one."),
            .text(
                "type",
                "TYPE",
                "The type, which cannot be changed.",
                required: true,
                choices: APIClient.Kind.allCases.map(\.rawValue)
            ),
            .text("name", "NAME", "The name shown to administrators.", required: true),
            .text(
                "auth",
                "METHOD",
                "How the client authenticates.",
                default: "private_key_jwt",
                choices: APIClientAuthentication.names
            ),
            .text("key", "FILE", "A public key: PEM, certificate (PEM) or JWK."),
            .text("kid", "NAME", "The key's name. Default: of the JWK, else the thumbprint."),
        ]
        + Self.certificateNames.map { key in
            .text("certificate-\(key)", "VALUE", "For tls_client_auth: the certificate's \(key).")
        } + [
            .text("secret-hash", "HASH", "For client_secret_*: printed by beckon hash-secret."),
            .text("scope", "SCOPES", "Allowed scopes, comma-separated.", required: true),
            .text(
                "grant",
                "GRANTS",
                "Allowed grants, comma-separated. Default: by type and scopes."
            ),
            .text("source-address", "RANGES", "Allowed addresses, comma-separated."),
            .text("redirect-uri", "URIS", "Exact redirect URIs, comma-separated."),
            .flag("dpop", "Let the client prove a key (DPoP) instead of having a certificate."),
            .flag("first-party", "An app of your own: users need not agree to its access."),
        ]
    private static let certificateNames = ["subject", "dns", "uri", "ip", "email", "thumbprint"]

    private let id: String
    private let kind: APIClient.Kind
    private let displayName: String
    private let authentication: APIClientAuthentication
    private let key: String?
    private let kid: String?
    private let grants: Set<GrantType>
    private let scopes: Set<AccessScope>
    private let addresses: [AddressRange]
    private let redirects: [String]
    private let usesProofKey: Bool
    private let isFirstParty: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        let kinds = APIClient.Kind.allCases.map(\.rawValue)
        let name = try arguments.choice("type", default: "", among: kinds)
        kind = APIClient.Kind(rawValue: name) ?? .user
        id = arguments.text("id", default: ClientDesk.newID(kind))
        displayName = arguments.text("name", default: "")
        authentication = try Self.authentication(arguments)
        key = arguments.text("key")
        kid = arguments.text("kid")
        scopes = try arguments.scopes() ?? []
        grants = try arguments.grants() ?? ClientDesk.defaultGrants(kind, scopes)
        addresses = try arguments.addresses() ?? []
        redirects = arguments.text("redirect-uri").map(Self.list) ?? []
        usesProofKey = arguments.has("dpop")
        isFirstParty = arguments.has("first-party")
    }

    private static func authentication(
        _ arguments: ParsedArguments
    ) throws(CommandFailure) -> APIClientAuthentication {
        let method = try arguments.choice(
            "auth",
            default: "private_key_jwt",
            among: APIClientAuthentication.names
        )
        let given = certificateNames.compactMap { key in
            arguments.text("certificate-\(key)").map { (key, JSONValue.string($0)) }
        }
        guard given.isEmpty || method == "tls_client_auth" else {
            throw CommandFailure(.usage, "--certificate-\(given[0].0) is for tls_client_auth")
        }
        let members = given.map { JSONObject.Member(name: $0.0, value: $0.1) }
        let document = JSONValue.members([
            "token_endpoint_auth_method": .string(method),
            "certificate": .object(JSONObject(members)),
            "secret_hash": .text(arguments.text("secret-hash")),
        ])
        do { return try APIClientAuthentication(document: document) } catch {
            switch error.member {
            case "certificate":
                let options = certificateNames.map { "--certificate-\($0)" }
                throw CommandFailure(
                    .usage,
                    "tls_client_auth needs exactly one of \(options.joined(separator: ", ")), with "
                        + "a valid value"
                )
            case "secret_hash":
                throw CommandFailure(.usage, "\(method) needs --secret-hash of beckon hash-secret")
            default: throw CommandFailure(.usage, "\(error)")
            }
        }
    }

    static func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let now = SystemTime.now()
        let client: APIClient
        do throws(APIClientProblem) {
            guard let id = APIClientID(id) else {
                throw APIClientProblem(member: "id", rule: "must have 1 to 512 characters")
            }
            client = try APIClient(
                id: id,
                kind: kind,
                name: displayName,
                createdAt: now,
                authentication: authentication,
                keys: try registered(at: now),
                grants: grants,
                scopes: scopes,
                sourceAddresses: addresses,
                redirectURIs: redirects,
                usesProofKey: usesProofKey,
                isFirstParty: isFirstParty
            )
        } catch {
            throw CommandFailure(error)
        }
        do {
            _ = try await ClientDesk(store: stores.access).add(client, by: .commandLine, at: now)
        } catch {
            throw CommandFailure(error, client.id)
        }
        if kind == .delegated, addresses.isEmpty {
            terminal.error("beckon: without --source-address the client can call from nowhere")
        }
        terminal.output("added \(client.id)")
    }

    private func registered(at now: Timestamp) throws(APIClientProblem) -> [APIClientKey] {
        guard let key else { return [] }
        return [try APIClientKey(registering: try PublicKeyFile.read(key), id: kid, at: now)]
    }
}

/// `beckon clients list`: the clients, one per line.
struct ListClients: StoreAction {
    static let name = "clients list"
    static let summary = "List the clients of the token endpoint."
    static let details = """
        Tab-separated, one client per line: identifier, type, status, creation date, name, keys by
        name and thumbprint. --json prints an array with one object per client.
        """
    static let options: [CommandOption] = [
        .text("type", "TYPE", "Only this type.", choices: APIClient.Kind.allCases.map(\.rawValue)),
        .text(
            "status",
            "STATUS",
            "Only this status.",
            choices: APIClient.Status.allCases.map(\.rawValue)
        ),
        .flag("json", "Print JSON."),
    ]
    /// Clients read at a time.
    private static let page = 500

    private let filter: ClientFilter
    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        let kinds = APIClient.Kind.allCases.map(\.rawValue)
        let states = APIClient.Status.allCases.map(\.rawValue)
        filter = ClientFilter(
            kind: .init(rawValue: try arguments.choice("type", default: "", among: kinds)),
            status: .init(rawValue: try arguments.choice("status", default: "", among: states))
        )
        writesJSON = arguments.has("json")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        var last: APIClientID?
        var separator = "["
        while true {
            let found = try await stores.access.clients(filter, after: last, limit: Self.page)
            for stored in found {
                terminal.output(
                    writesJSON
                        ? separator + String(decoding: stored.row.bytes, as: UTF8.self)
                        : Self.line(stored.client)
                )
                separator = ","
            }
            guard found.count == Self.page else { break }
            last = found.last?.client.id
        }
        if writesJSON { terminal.output(separator == "[" ? "[]" : "]") }
    }

    private static func line(_ client: APIClient) -> String {
        let keys = client.keys.map { LoginText.harmless($0.id) + " " + $0.thumbprint }
        return [
            client.id.value, client.kind.rawValue, client.status.rawValue,
            RFC3339.format(milliseconds: client.createdAt.milliseconds),
            LoginText.harmless(client.name), keys.isEmpty ? "-" : keys.joined(separator: ","),
        ].joined(separator: "\t")
    }
}

/// `beckon clients show`: everything about a client but key material and secrets.
struct ShowClient: StoreAction {
    static let name = "clients show"
    static let summary = "Show a client, without key material and secrets."
    static let options: [CommandOption] = [.clientID, .flag("json", "Print JSON.")]

    private let id: APIClientID
    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        id = try arguments.clientID()
        writesJSON = arguments.has("json")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        guard let stored = try await stores.access.client(id) else {
            throw CommandFailure(.failed, "there is no client \(id)")
        }
        guard !writesJSON else {
            terminal.output(KeyFile.text(stored.view))
            return
        }
        for member in stored.view.object?.members ?? [] where !member.value.isNull {
            let values = member.value.array ?? [member.value]
            for (index, value) in values.enumerated() {
                let text = value.string.map(LoginText.harmless) ?? KeyFile.text(value)
                terminal.output((index == 0 ? member.name : "").padded(to: 28) + text)
            }
        }
    }
}

/// `beckon clients suspend`, `resume` and `revoke`.
struct ChangeClient<Change: ClientChange>: StoreAction {
    static var name: String { "clients " + Change.verb }
    static var summary: String { Change.summary }
    static var options: [CommandOption] { [.clientID] }

    private let id: APIClientID

    init(_ arguments: ParsedArguments) throws(CommandFailure) { id = try arguments.clientID() }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        try await stores.change(id, Change.change)
        terminal.output("\(Change.done) \(id)")
    }
}

/// What `ChangeClient` does.
protocol ClientChange: Sendable {
    static var verb: String { get }
    static var summary: String { get }
    /// The first word of the output.
    static var done: String { get }
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient
}

enum SuspendClient: ClientChange {
    static let verb = "suspend"
    static let summary = "Suspend a client, from its next request on."
    static let done = "suspended"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.suspended(true)
    }
}

enum ResumeClient: ClientChange {
    static let verb = "resume"
    static let summary = "Resume a suspended client."
    static let done = "resumed"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.suspended(false)
    }
}

enum RevokeClient: ClientChange {
    static let verb = "revoke"
    static let summary = "Revoke a client for good, from its next request on."
    static let done = "revoked"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.revoked()
    }
}

/// `beckon clients keys add`: registers one more key of a client.
struct AddClientKey: StoreAction {
    static let name = "clients keys add"
    static let summary = "Add a public key to a client. The older keys end after an overlap."
    static let options: [CommandOption] = [
        .clientID,
        .text(
            "key",
            "FILE",
            "A public key: PEM, certificate (PEM) or JWK.",
            required: true
        ),
        .text("kid", "NAME", "The key's name. Default: of the JWK, else the thumbprint."),
        .text("overlap-days", "DAYS", "How long the older keys stay valid.", default: "7"),
    ]

    private let id: APIClientID
    private let key: String
    private let kid: String?
    private let overlap: Duration

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        id = try arguments.clientID()
        key = arguments.text("key", default: "")
        kid = arguments.text("kid")
        overlap = .seconds(86_400 * (try arguments.number("overlap-days", default: 7, 0...90)))
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let now = SystemTime.now()
        let added: APIClientKey
        do throws(APIClientProblem) {
            added = try APIClientKey(registering: try PublicKeyFile.read(key), id: kid, at: now)
        } catch {
            throw CommandFailure(error)
        }
        try await stores.change(id) { (client) throws(APIClientProblem) in
            try client.adding(added, overlap: overlap, at: now)
        }
        terminal.output("added key \(LoginText.harmless(added.id)) to \(id)")
    }
}

/// `beckon clients keys remove`: ends a key of a client.
struct RemoveClientKey: StoreAction {
    static let name = "clients keys remove"
    static let summary = "Remove a key of a client."
    static let details = "Access tokens that the client got with it stay valid until they expire."
    static let options: [CommandOption] = [
        .clientID, .text("kid", "NAME", "The key's name, as listed.", required: true),
    ]

    private let id: APIClientID
    private let kid: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        id = try arguments.clientID()
        kid = arguments.text("kid", default: "")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        try await stores.change(id) { (client) throws(APIClientProblem) in
            guard let changed = try client.removing(key: kid) else {
                throw APIClientProblem(member: "kid", rule: "must be a key of the client")
            }
            return changed
        }
        terminal.output("removed key \(LoginText.harmless(kid)) of \(id)")
    }
}

extension Stores {
    func change(
        _ id: APIClientID,
        _ edit: (APIClient) throws(APIClientProblem) -> APIClient
    ) async throws(CommandFailure) {
        let desk = ClientDesk(store: access)
        do {
            _ = try await desk.change(
                id,
                version: nil,
                by: .commandLine,
                at: SystemTime.now(),
                edit
            )
        } catch {
            throw CommandFailure(error, id)
        }
    }
}

/// Files with public keys of clients.
enum PublicKeyFile {
    /// - Throws: `APIClientProblem` for a file that cannot be read, and for one with a private key.
    static func read(_ path: String) throws(APIClientProblem) -> VerificationKey {
        switch Environment.real(directory: ".").read(path) {
        case .failure(let problem):
            throw APIClientProblem(member: "key", rule: "\(path) \(problem.reason)")
        case .success(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw APIClientProblem(member: "key", rule: "\(path) is neither PEM nor JWK")
            }
            return try PublicKeyText.read(text)
        }
    }
}

extension CommandOption {
    static let clientID = text(
        "id",
        "IDENTIFIER",
        "The client's identifier.",
        required: true
    )
}

extension ParsedArguments {
    func clientID() throws(CommandFailure) -> APIClientID {
        guard let id = APIClientID(text("id", default: "")) else {
            throw CommandFailure(
                .usage,
                "--id must have 1 to 512 characters and no control characters"
            )
        }
        return id
    }

    func grants() throws(CommandFailure) -> Set<GrantType>? {
        let names = GrantType.allCases.map(\.rawValue).joined(separator: ", ")
        return try parsed("grant", "must be a list of \(names)") { text in
            let words = AddClient.list(text)
            let grants = words.compactMap { GrantType(rawValue: $0) }
            return grants.count == words.count ? Set(grants) : nil
        }
    }

    func scopes() throws(CommandFailure) -> Set<AccessScope>? {
        let names = AccessScope.allCases.map(\.rawValue).joined(separator: ", ")
        return try parsed("scope", "must be a list of \(names)") { text in
            AccessScope.list(String(text.map { $0 == "," ? " " : $0 }))
        }
    }

    func addresses() throws(CommandFailure) -> [AddressRange]? {
        try parsed(
            "source-address",
            "must be addresses and ranges such as 203.0.113.0/28, comma-separated"
        ) { text in
            let parts = AddClient.list(text)
            let ranges = parts.compactMap { AddressRange($0) }
            return ranges.count == parts.count ? ranges : nil
        }
    }
}

extension CommandFailure {
    /// What is wrong with a client.
    fileprivate init(_ problem: APIClientProblem) { self.init(.failed, "\(problem)") }

    fileprivate init(_ refusal: ClientDesk.Refusal, _ id: APIClientID) {
        switch refusal {
        case .problem(let problem): self.init(problem)
        case .exists: self.init(.failed, "there is a client \(id) already")
        case .missing: self.init(.failed, "there is no client \(id)")
        case .changed, .used:
            self.init(.busy, "client \(id) was changed in the meantime; try again")
        case .revoked: self.init(.failed, "client \(id) is revoked, which is final")
        case .store(let error): self.init(error)
        }
    }
}
