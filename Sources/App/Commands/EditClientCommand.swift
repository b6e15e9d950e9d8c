import Access
import Commands
import HTTP
import Logins

/// `beckon clients change`: changes what a client may do.
struct EditClient: StoreAction {
    static let name = "clients change"
    static let summary = "Change a client's name, scopes, grants, addresses or redirect URIs."
    static let details = """
        What is not named stays as it is. A list replaces the one before; an empty one (--redirect-uri=)
        removes it. The change takes effect with the client's next request.
        """
    static let options: [CommandOption] = [
        .clientID,
        .text("name", "NAME", "The name shown to administrators and users."),
        .text("scope", "SCOPES", "Allowed scopes, comma-separated."),
        .text("grant", "GRANTS", "Allowed grants, comma-separated."),
        .text("source-address", "RANGES", "Allowed addresses, comma-separated."),
        .text("redirect-uri", "URIS", "Exact redirect URIs, comma-separated."),
        .text(
            "dpop",
            "SETTING",
            "Whether the client proves a key (DPoP) instead of having a certificate.",
            choices: answers
        ),
        .text(
            "first-party",
            "SETTING",
            "Whether it is an app of your own: users need not agree to its access.",
            choices: answers
        ),
    ]
    private static let answers = ["yes", "no"]

    private let id: APIClientID
    private let displayName: String?
    private let scopes: Set<AccessScope>?
    private let grants: Set<GrantType>?
    private let addresses: [AddressRange]?
    private let redirects: [String]?
    private let usesProofKey: Bool?
    private let isFirstParty: Bool?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        id = try arguments.clientID()
        displayName = arguments.text("name")
        scopes = try arguments.scopes()
        grants = try arguments.grants()
        addresses = try arguments.isEmpty("source-address") ? [] : arguments.addresses()
        redirects = arguments.text("redirect-uri").map { $0.isEmpty ? [] : AddClient.list($0) }
        usesProofKey = try arguments.answer("dpop")
        isFirstParty = try arguments.answer("first-party")
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let note = try await stores.change(id, settings) { (client) throws(APIClientProblem) in
            try client.with(
                name: displayName,
                grants: grants,
                scopes: scopes,
                sourceAddresses: addresses,
                redirectURIs: redirects,
                usesProofKey: usesProofKey,
                isFirstParty: isFirstParty
            )
        }
        terminal.output("changed \(id)" + note)
    }
}

extension ParsedArguments {
    fileprivate func isEmpty(_ name: String) -> Bool { text(name)?.isEmpty ?? false }

    /// Yes or no; nil if it was not given.
    fileprivate func answer(_ name: String) throws(CommandFailure) -> Bool? {
        try parsed(name, "must be yes or no") { text in
            switch text {
            case "yes": true
            case "no": false
            default: nil
            }
        }
    }
}
