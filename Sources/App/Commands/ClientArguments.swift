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

extension ClientProposal {
    /// The end of a line about a change that is not made yet.
    var note: String {
        "; waits for a second administrator: beckon clients confirm --change=\(id)"
    }
}

extension AdminClient.Answer {
    /// The end of a line about a change that is not made yet.
    var note: String {
        guard let id = value["id"]?.string, value["expires_at"] != nil else { return "" }
        return "; waits for a second administrator: beckon clients confirm --change="
            + LoginText.harmless(id)
    }
}

extension APIClient {
    /// The body that creates the client.
    var request: JSONValue {
        let own = ["status", "created_at", "keys"]
        let members = (document.object?.members ?? []).filter { !own.contains($0.name) }
        let keys = JSONObject.Member(name: "keys", value: .array(keys.map(\.request)))
        return .object(JSONObject(members + [keys]))
    }
}

extension APIClientKey {
    /// The body that registers the key.
    var request: JSONValue { .members(["kid": .string(id), "jwk": key.jwk]) }
}

extension AuditAuthor {
    /// The account that runs the command.
    static var account: AuditAuthor { .commandLine(account: getuid()) }
}

extension Stores {
    func clientDesk(_ settings: OperatorSettings) -> ClientDesk {
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
    init(_ problem: APIClientProblem) { self.init(.failed, "\(problem)") }

    init(_ refusal: ClientDesk.Refusal, _ id: APIClientID) {
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
