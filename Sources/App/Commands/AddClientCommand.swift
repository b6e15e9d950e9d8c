import Access
import Commands
import Configuration
import Cryptography
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
