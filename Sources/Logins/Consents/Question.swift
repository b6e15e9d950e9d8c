import Texts

/// What a user is asked, fixed when the prompt is created: the consent, the accounts that can be
/// selected, and what binds a decision to exactly this question.
public struct Question: Hashable, Sendable {
    public let consent: Consent
    /// The user's accounts that can be selected, as the bank listed them [CB-3].
    public let accounts: [BankAccount]
    /// The digest of the consent.
    public let digest: ConsentDigest
    /// 32 random bytes, so that a decision about one question is not valid for another.
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

/// What a user selected when approving a consent.
public struct Selection: Hashable, Sendable {
    /// The bank's identifiers of the accounts; nil if none were selected.
    public var accounts: [String]?
    /// The requested names of the scopes to grant; nil for all of them.
    public var scopes: [String]?
    /// The digest of the consent that the user saw. An approval requires it.
    public var shown: ConsentDigest?
    /// The number of the binding message, as the user gave it. An approval requires it where numbers
    /// are matched.
    public var code: String?

    public init(
        accounts: [String]? = nil,
        scopes: [String]? = nil,
        shown: ConsentDigest? = nil,
        code: String? = nil
    ) {
        self.accounts = accounts
        self.scopes = scopes
        self.shown = shown
        self.code = code
    }

    /// Why a selection does not fit the question. The login does not change.
    public enum Problem: Error, Hashable, Sendable, CaseIterable {
        /// An account must be selected.
        case accountMissing
        /// Exactly one account must be selected.
        case oneAccountOnly
        /// An account was not offered, or is given twice.
        case accountUnknown
        /// The consent names another account.
        case accountFixed
        /// This consent takes no accounts.
        case noAccountsTaken
        /// A scope was not requested, or is given twice.
        case scopeUnknown
        /// A scope that is not optional is missing.
        case scopeRequired
        /// Every scope was removed. Granting nothing is declining [CB-2].
        case scopeMissing
        /// The accounts belong to different customers, but must belong to one.
        case differentCustomers
        /// The approval does not name the consent that was shown.
        case shownMissing
        /// The consent that was shown is not the current one.
        case otherConsent
        /// The approval does not have the number of the binding message.
        case codeMissing
        /// The number is wrong, and was counted.
        case codeWrong
    }
}

/// What an approval grants. It is made from the question and a checked selection.
public struct Grant: Hashable, Sendable {
    /// Requested names, in the order of the request.
    public let scopes: [String]
    /// The bank's identifiers, in the order in which the accounts were offered.
    public let accounts: [String]

    public init(scopes: [String] = [], accounts: [String] = []) {
        self.scopes = scopes
        self.accounts = accounts
    }

    public static let nothing = Grant()
}

extension Question {
    /// The account that is granted without selection, because it is the only one that matches the
    /// consent. If several accounts match, one of them must be selected.
    public var fixedAccount: BankAccount? {
        guard case .payer(named: .some) = consent.accounts, accounts.count == 1 else { return nil }
        return accounts.first
    }

    /// What an approval with this selection grants. An approval of any kind names the digest of what
    /// was shown.
    ///
    /// - Throws: why the selection does not fit.
    public func grant(for selection: Selection) throws(Selection.Problem) -> Grant {
        guard let shown = selection.shown else { throw .shownMissing }
        guard shown == digest else { throw .otherConsent }
        return Grant(
            scopes: try scopes(selection.scopes),
            accounts: try accounts(selection.accounts)
        )
    }

    private func scopes(_ chosen: [String]?) throws(Selection.Problem) -> [String] {
        let asked = consent.scopes
        let wanted = Set((chosen ?? asked.map(\.requestedName)).map(\.exact))
        guard wanted.count == chosen?.count ?? wanted.count,
            wanted.isSubset(of: asked.map(\.requestedName.exact))
        else { throw .scopeUnknown }
        guard
            asked.allSatisfy({
                $0.isOptional || $0.isImplicit || wanted.contains($0.requestedName.exact)
            })
        else { throw .scopeRequired }
        // Implicit scopes cannot be removed. A scope that was requested
        // twice is granted once.
        var seen: Set<ExactText> = []
        let granted = asked.filter { $0.isImplicit || wanted.contains($0.requestedName.exact) }
            .map(\.requestedName)
            .filter { seen.insert($0.exact).inserted }
        guard !granted.isEmpty || asked.isEmpty else { throw .scopeMissing }
        return granted
    }

    private static func customers(of chosen: [BankAccount]) -> Int {
        Set(chosen.map { $0.customerID?.exact }).count
    }

    private func accounts(_ chosen: [String]?) throws(Selection.Problem) -> [String] {
        // By bytes: `String` would grant an account that was not selected.
        let wanted = Set((chosen ?? []).map(\.exact))
        guard wanted.count == (chosen ?? []).count else { throw .accountUnknown }
        let granted = accounts.filter { wanted.contains($0.id.exact) }
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
