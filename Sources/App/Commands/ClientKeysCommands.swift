import Access
import Commands
import Configuration
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Texts

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
