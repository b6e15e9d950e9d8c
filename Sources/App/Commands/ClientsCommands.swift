import Access
import Commands
import Configuration
import Cryptography
import Glibc
import HTTP
import JOSE
import JSON
import Logins
import Texts

/// `beckon clients add`: registers a client of Beckon's own interfaces.
struct AddClient: RemoteAction {
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
        let client = try client(at: now)
        var waits: ClientProposal?
        do {
            _ = try await stores.clientDesk(settings).add(client, by: .account, at: now)
        } catch {
            guard case .waits(let proposal) = error else { throw CommandFailure(error, client.id) }
            waits = proposal
        }
        tell(client, waits.map(\.note) ?? "", terminal)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let client = try client(at: SystemTime.now())
        let answer = try await api.send(.post, ["clients"], body: client.request)
        tell(client, answer.note, terminal)
    }

    private func tell(_ client: APIClient, _ note: String, _ terminal: any Terminal) {
        if kind == .delegated, addresses.isEmpty {
            terminal.error("beckon: without --source-address the client can call from nowhere")
        }
        terminal.output("added \(client.id)" + note)
    }

    private func client(at now: Timestamp) throws(CommandFailure) -> APIClient {
        do throws(APIClientProblem) {
            guard let id = APIClientID(id) else {
                throw APIClientProblem(member: "id", rule: "must have 1 to 512 characters")
            }
            return try APIClient(
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
    }

    private func registered(at now: Timestamp) throws(APIClientProblem) -> [APIClientKey] {
        guard let key else { return [] }
        return [try APIClientKey(registering: try PublicKeyFile.read(key), id: kid, at: now)]
    }
}

/// `beckon clients list`: the clients, one per line.
struct ListClients: RemoteAction {
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
                        : Self.line(stored.row)
                )
                separator = ","
            }
            guard found.count == Self.page else { break }
            last = found.last?.client.id
        }
        if writesJSON { terminal.output(separator == "[" ? "[]" : "]") }
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        var separator = "["
        let query = Form(known: [
            ("type", filter.kind?.rawValue), ("status", filter.status?.rawValue), ("limit", "500"),
        ])
        try await api.each("clients", ["clients"], query: query.fields) { row in
            terminal.output(
                writesJSON
                    ? separator + String(decoding: row.bytes, as: UTF8.self) : Self.line(row)
            )
            separator = ","
            return true
        }
        if writesJSON { terminal.output(separator == "[" ? "[]" : "]") }
    }

    private static func line(_ row: JSONValue) -> String {
        func text(_ name: String) -> String { LoginText.harmless(row[name]?.string ?? "") }
        let keys = (row["keys"]?.array ?? []).map { key in
            LoginText.harmless(key["kid"]?.string ?? "") + " " + (key["thumbprint"]?.string ?? "")
        }
        return [
            text("client_id"), text("type"), text("status"), text("created_at"), text("name"),
            keys.isEmpty ? "-" : keys.joined(separator: ","),
        ].joined(separator: "\t")
    }
}

/// `beckon clients show`: everything about a client but key material and secrets.
struct ShowClient: RemoteAction {
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
        show(stored.view, terminal)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        show(try await api.send(.get, ["clients", id.value]).value, terminal)
    }

    private func show(_ view: JSONValue, _ terminal: any Terminal) {
        guard !writesJSON else {
            terminal.output(KeyFile.text(view))
            return
        }
        for member in view.object?.members ?? [] where !member.value.isNull {
            let values = member.value.array ?? [member.value]
            for (index, value) in values.enumerated() {
                let text = value.string.map(LoginText.harmless) ?? KeyFile.text(value)
                terminal.output((index == 0 ? member.name : "").padded(to: 28) + text)
            }
        }
    }
}

/// `beckon clients suspend`, `resume` and `revoke`.
struct ChangeClient<Change: ClientChange>: RemoteAction {
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
        let note = try await stores.change(id, settings, Change.change)
        terminal.output("\(Change.done) \(id)" + note)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let answer = try await Change.change(id, api)
        terminal.output("\(Change.done) \(id)" + answer.note)
    }
}

/// What `ChangeClient` does.
protocol ClientChange: Sendable {
    static var verb: String { get }
    static var summary: String { get }
    /// The first word of the output.
    static var done: String { get }
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient
    /// The same through the admin API.
    static func change(
        _ client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer
}

extension ClientChange {
    fileprivate static func set(
        _ status: APIClient.Status,
        of client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer {
        try await api.send(
            .patch,
            ["clients", client.value],
            body: .members(["status": .string(status.rawValue)]),
            fields: [Field("If-Match", "*")]
        )
    }
}

enum SuspendClient: ClientChange {
    static let verb = "suspend"
    static let summary = "Suspend a client, from its next request on."
    static let done = "suspended"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.suspended(true)
    }
    static func change(
        _ client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer {
        try await set(.suspended, of: client, api)
    }
}

enum ResumeClient: ClientChange {
    static let verb = "resume"
    static let summary = "Resume a suspended client."
    static let done = "resumed"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.suspended(false)
    }
    static func change(
        _ client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer {
        try await set(.active, of: client, api)
    }
}

enum RevokeClient: ClientChange {
    static let verb = "revoke"
    static let summary = "Revoke a client for good, from its next request on."
    static let done = "revoked"
    static func change(_ client: APIClient) throws(APIClientProblem) -> APIClient {
        try client.revoked()
    }
    static func change(
        _ client: APIClientID,
        _ api: AdminClient.Session
    ) async throws(CommandFailure) -> AdminClient.Answer {
        try await api.send(.post, ["clients", client.value, "revoke"])
    }
}

/// `beckon clients keys add`: registers one more key of a client.
struct AddClientKey: RemoteAction {
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
        let added = try added(at: now)
        let note = try await stores.change(id, settings) { (client) throws(APIClientProblem) in
            try client.adding(added, overlap: overlap, at: now)
        }
        terminal.output("added key \(LoginText.harmless(added.id)) to \(id)" + note)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let added = try added(at: SystemTime.now())
        let overlap = JSONObject.Member(
            name: "overlap_seconds",
            value: .integer(overlap.components.seconds)
        )
        let body = (added.request.object?.members ?? []) + [overlap]
        let answer = try await api.send(
            .post,
            ["clients", id.value, "keys"],
            body: .object(JSONObject(body))
        )
        terminal.output("added key \(LoginText.harmless(added.id)) to \(id)" + answer.note)
    }

    private func added(at now: Timestamp) throws(CommandFailure) -> APIClientKey {
        do throws(APIClientProblem) {
            return try APIClientKey(registering: try PublicKeyFile.read(key), id: kid, at: now)
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// `beckon clients keys remove`: ends a key of a client.
struct RemoveClientKey: RemoteAction {
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
        let note = try await stores.change(id, settings) { (client) throws(APIClientProblem) in
            guard let changed = try client.removing(key: kid) else {
                throw APIClientProblem(member: "kid", rule: "must be a key of the client")
            }
            return changed
        }
        terminal.output("removed key \(LoginText.harmless(kid)) of \(id)" + note)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let answer = try await api.send(.delete, ["clients", id.value, "keys", kid])
        terminal.output("removed key \(LoginText.harmless(kid)) of \(id)" + answer.note)
    }
}

/// `beckon clients changes`: the changes that wait for a second administrator.
struct ListClientChanges: RemoteAction {
    static let name = "clients changes"
    static let summary = "List changes of clients that wait for a second administrator."
    static let details = """
        Tab-separated, one change per line: identifier, create or change, client, who asked for it, when,
        until when it can be confirmed. --json prints an array with the client as it will be. There are
        such changes if the configuration has trust.four_eyes.
        """
    static let options: [CommandOption] = [.flag("json", "Print JSON.")]
    /// Changes read at a time.
    private static let page = 500

    private let writesJSON: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) { writesJSON = arguments.has("json") }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        var all: [ClientProposal] = []
        while true {
            let found = try await stores.access.proposals(after: all.last?.id, limit: Self.page)
            all += found
            guard found.count == Self.page else { break }
        }
        show(all.map(\.view), terminal)
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        var all: [JSONValue] = []
        try await api.each("client_changes", ["client-changes"]) { change in
            all.append(change)
            return true
        }
        show(all, terminal)
    }

    private func show(_ all: [JSONValue], _ terminal: any Terminal) {
        guard !writesJSON else {
            terminal.output(KeyFile.text(.array(all)))
            return
        }
        let names = ["id", "kind", "client_id", "requested_by", "requested_at", "expires_at"]
        for change in all {
            let columns = names.map { LoginText.harmless(change[$0]?.string ?? "") }
            terminal.output(columns.joined(separator: "\t"))
        }
    }
}

/// `beckon clients confirm` and `refuse`: decides a change that another administrator asked for.
struct DecideClientChange<Decision: ClientDecision>: RemoteAction {
    static var name: String { "clients " + Decision.verb }
    static var summary: String { Decision.summary }
    static var details: String {
        """
        It must run under another account than the command that asked for the change; both accounts are
        in the audit. A change that came through the admin API can be decided by any account.
        """
    }
    static var options: [CommandOption] {
        [.text("change", "IDENTIFIER", "The change, as listed.", required: true)]
    }

    private let change: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        change = arguments.text("change", default: "")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        do throws(ClientDesk.Refusal) {
            let client = try await Decision.decide(change, stores.clientDesk(settings))
            terminal.output("\(Decision.done) \(LoginText.harmless(change)) of \(client)")
        } catch {
            switch error {
            case .missing:
                throw CommandFailure(
                    .failed,
                    "there is no change \(LoginText.harmless(change)); see beckon clients changes"
                )
            case .store(let error): throw CommandFailure(error)
            default: throw CommandFailure(.failed, "\(error)")
            }
        }
    }

    func run(_ api: AdminClient.Session, _ terminal: any Terminal) async throws {
        let answer = try await api.send(.post, ["client-changes", change, Decision.verb]).value
        let client = LoginText.harmless(answer["client_id"]?.string ?? "")
        terminal.output("\(Decision.done) \(LoginText.harmless(change)) of \(client)")
    }
}

/// What `DecideClientChange` does.
protocol ClientDecision: Sendable {
    static var verb: String { get }
    static var summary: String { get }
    /// The first word of the output.
    static var done: String { get }
    /// Returns the client.
    static func decide(
        _ change: String,
        _ desk: ClientDesk
    ) async throws(ClientDesk.Refusal) -> APIClientID
}

enum ConfirmClientChange: ClientDecision {
    static let verb = "confirm"
    static let summary = "Confirm a change of a client that somebody else asked for."
    static let done = "confirmed"
    static func decide(
        _ change: String,
        _ desk: ClientDesk
    ) async throws(ClientDesk.Refusal) -> APIClientID {
        try await desk.confirm(change, by: .account, at: SystemTime.now()).client.id
    }
}

enum RefuseClientChange: ClientDecision {
    static let verb = "refuse"
    static let summary = "Refuse a change of a client that somebody else asked for."
    static let done = "refused"
    static func decide(
        _ change: String,
        _ desk: ClientDesk
    ) async throws(ClientDesk.Refusal) -> APIClientID {
        try await desk.refuse(change, by: .account, at: SystemTime.now()).client.id
    }
}

extension ClientProposal {
    /// The end of a line about a change that is not made yet.
    fileprivate var note: String {
        "; waits for a second administrator: beckon clients confirm --change=\(id)"
    }
}

extension AdminClient.Answer {
    /// The end of a line about a change that is not made yet.
    fileprivate var note: String {
        guard let id = value["id"]?.string, value["expires_at"] != nil else { return "" }
        return "; waits for a second administrator: beckon clients confirm --change="
            + LoginText.harmless(id)
    }
}

extension APIClient {
    /// The body that creates the client.
    fileprivate var request: JSONValue {
        let own = ["status", "created_at", "keys"]
        let members = (document.object?.members ?? []).filter { !own.contains($0.name) }
        let keys = JSONObject.Member(name: "keys", value: .array(keys.map(\.request)))
        return .object(JSONObject(members + [keys]))
    }
}

extension APIClientKey {
    /// The body that registers the key.
    fileprivate var request: JSONValue { .members(["kid": .string(id), "jwk": key.jwk]) }
}

extension AuditAuthor {
    /// The account that runs the command.
    static var account: AuditAuthor { .commandLine(account: getuid()) }
}

extension Stores {
    fileprivate func clientDesk(_ settings: OperatorSettings) -> ClientDesk {
        ClientDesk(store: access, fourEyes: settings.fourEyes)
    }

    /// Returns what has to be said besides.
    func change(
        _ id: APIClientID,
        _ settings: OperatorSettings,
        _ edit: (APIClient) throws(APIClientProblem) -> APIClient
    ) async throws(CommandFailure) -> String {
        do {
            _ = try await clientDesk(settings).change(
                id,
                version: nil,
                by: .account,
                at: SystemTime.now(),
                edit
            )
            return ""
        } catch {
            guard case .waits(let proposal) = error else { throw CommandFailure(error, id) }
            return proposal.note
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
            let grants = words.compactMap { GrantType(exactly: $0) }
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
        case .waits, .busy, .ownProposal, .expired: self.init(.failed, "\(refusal)")
        case .store(let error): self.init(error)
        }
    }
}
