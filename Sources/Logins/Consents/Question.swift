/// What a person is asked, fixed when the prompt is made: the consent, the accounts they may
/// choose from, and what ties an answer to exactly this.
public struct Question: Hashable, Sendable {
    public let consent: Consent
    /// The person's accounts as their bank listed them; only these can be chosen (CB-3).
    public let accounts: [BankAccount]
    /// Of the consent's canonical form.
    public let digest: ConsentDigest
    /// Makes each question its own, so that an answer to one is no answer to another: 32 random
    /// bytes.
    public let nonce: [UInt8]

    public init(
        consent: Consent,
        accounts: [BankAccount] = [],
        digest: ConsentDigest,
        nonce: [UInt8]
    ) {
        self.consent = consent
        self.accounts = accounts
        self.digest = digest
        self.nonce = nonce
    }
}

/// SHA-256 of a consent's canonical form (RFC 8785): 32 bytes.
public struct ConsentDigest: Hashable, Sendable {
    public let bytes: [UInt8]

    /// Nil unless there are 32 bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }
}

/// What a person chose within a consent when approving it.
public struct Selection: Hashable, Sendable {
    /// The accounts, by the names their bank gave them; nil where none was named.
    public var accounts: [String]?
    /// The scopes to grant, by requested name; nil for all of them.
    public var scopes: [String]?
    /// Of the consent that the person saw when they chose; nil where nobody says.
    public var shown: ConsentDigest?

    public init(
        accounts: [String]? = nil,
        scopes: [String]? = nil,
        shown: ConsentDigest? = nil
    ) {
        self.accounts = accounts
        self.scopes = scopes
        self.shown = shown
    }

    /// Everything that is asked and no account: what a decision without details means.
    public static let everything = Selection()

    /// Why a choice does not fit the question. Nothing changes because of it.
    public enum Problem: Error, Hashable, Sendable, CaseIterable {
        /// An account has to be chosen.
        case accountMissing
        /// Exactly one account has to be chosen.
        case oneAccountOnly
        /// One of the accounts was not offered, or was named twice.
        case accountUnknown
        /// The consent names another account.
        case accountFixed
        /// This consent takes no accounts.
        case noAccountsTaken
        /// A scope was named that is not asked for, or was named twice.
        case scopeUnknown
        /// A scope was left out that is not optional.
        case scopeRequired
        /// Every scope was left out: who grants nothing declines (CB-2).
        case scopeMissing
        /// The accounts belong to different customers, and one arrangement has one.
        case differentCustomers
        /// What was shown is not what is asked now.
        case otherConsent
    }
}

/// What an approval grants: filled in from the question, never from what came with the decision
/// unchecked.
public struct Grant: Hashable, Sendable {
    /// By requested name, in the order they were asked for.
    public let scopes: [String]
    /// By the bank's names, in the order they were offered.
    public let accounts: [String]

    public init(scopes: [String] = [], accounts: [String] = []) {
        self.scopes = scopes
        self.accounts = accounts
    }

    public static let nothing = Grant()
}

extension Question {
    /// The account that is granted without being chosen: the only one that the consent can mean.
    /// Where the bank has several behind the name in the consent, one of them has to be chosen,
    /// because money leaves one account.
    public var fixedAccount: BankAccount? {
        guard case .payer(named: .some) = consent.accounts, accounts.count == 1 else { return nil }
        return accounts.first
    }

    /// What approving with a selection grants.
    ///
    /// - Throws: what is wrong with the selection.
    public func grant(for selection: Selection) throws(Selection.Problem) -> Grant {
        guard selection.shown == nil || selection.shown == digest else { throw .otherConsent }
        return try choice(selection)
    }

    private func choice(_ selection: Selection) throws(Selection.Problem) -> Grant {
        Grant(scopes: try scopes(selection.scopes), accounts: try accounts(selection.accounts))
    }

    private func scopes(_ chosen: [String]?) throws(Selection.Problem) -> [String] {
        let asked = consent.scopes
        let wanted = Set(chosen ?? asked.map(\.requestedName))
        guard wanted.count == chosen?.count ?? wanted.count,
            wanted.isSubset(of: asked.map(\.requestedName))
        else { throw .scopeUnknown }
        guard
            asked.allSatisfy({ $0.isOptional || $0.isImplicit || wanted.contains($0.requestedName) }
            )
        else { throw .scopeRequired }
        // What is implicit nobody is asked about, and so nobody can leave out. A name that was
        // asked for twice is granted once.
        var seen: Set<String> = []
        let granted = asked.filter { $0.isImplicit || wanted.contains($0.requestedName) }
            .map(\.requestedName)
            .filter { seen.insert($0).inserted }
        guard !granted.isEmpty || asked.isEmpty else { throw .scopeMissing }
        return granted
    }

    private static func customers(of chosen: [BankAccount]) -> Int {
        Set(chosen.map { $0.customerID.map { Array($0.utf8) } }).count
    }

    private func accounts(_ chosen: [String]?) throws(Selection.Problem) -> [String] {
        // Names are compared as bytes: to `String` a composed and a decomposed letter are one, and
        // an account that was not ticked would be granted with the one that was.
        let wanted = Set((chosen ?? []).map { Array($0.utf8) })
        guard wanted.count == (chosen ?? []).count else { throw .accountUnknown }
        let granted = accounts.filter { wanted.contains(Array($0.id.utf8)) }
        switch consent.accounts {
        case .none:
            guard wanted.isEmpty else { throw .noAccountsTaken }
            return []
        case .several:
            guard !wanted.isEmpty else { throw .accountMissing }
            guard granted.count == wanted.count else { throw .accountUnknown }
            guard
                !consent.kind.accountRules.contains(.oneCustomer)
                    || Self.customers(of: granted) == 1
            else {
                throw .differentCustomers
            }
            return granted.map(\.id)
        case .payer(let named):
            guard !wanted.isEmpty || fixedAccount != nil else { throw .accountMissing }
            guard wanted.count <= 1 else { throw .oneAccountOnly }
            guard let account = wanted.isEmpty ? fixedAccount : granted.first else {
                throw named == nil ? .accountUnknown : .accountFixed
            }
            return [account.id]
        }
    }
}
