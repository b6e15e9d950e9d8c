import Logins

/// Which of a person's accounts a consent lets them choose from (`cloudentity.md` CB-3).
struct AccountOffer {
    enum Answer: Hashable {
        /// Empty when accounts have no part in the consent.
        case offered([BankAccount])
        /// The bank could not be asked now.
        case later(String)
        case unusable(Failure)
    }

    /// The bank's list; nil when none is configured. Then only the account that a consent itself
    /// names can be used, and the bank checks whose it is when it takes the payment.
    let directory: (any AccountDirectory)?

    func accounts(for consent: Consent, of login: PendingLogin) async -> Answer {
        switch consent.accounts {
        case .none:
            return .offered([])
        case .several:
            let types = Set(consent.resources.map(\.type))
            return await choice(of: login, otherwise: .noAccounts) { account in
                account.purposes.contains(.sharing)
                    && (types.isEmpty || account.resourceType.map(types.contains) ?? false)
            }
        case .payer(named: nil):
            let needsInstitution = consent.kind.accountRules.contains(.institution)
            return await choice(of: login, otherwise: .noAccounts) {
                $0.purposes.contains(.payments) && (!needsInstitution || $0.number?.ispb != nil)
            }
        case .payer(let named?):
            guard directory != nil else { return .offered([Self.account(named)]) }
            return await choice(of: login, otherwise: .accountNotTheirs) {
                $0.purposes.contains(.payments) && ($0.number?.isSameAccount(as: named) ?? false)
            }
        }
    }

    private func choice(
        of login: PendingLogin,
        otherwise failure: Failure,
        _ isOffered: (BankAccount) -> Bool
    ) async -> Answer {
        guard let directory else { return .unusable(failure) }
        do {
            let offered = try await directory.accounts(of: login.details.user).filter(isOffered)
            return offered.isEmpty ? .unusable(failure) : .offered(offered)
        } catch {
            switch error {
            case .unavailable(let reason): return .later("accounts: \(reason)")
            }
        }
    }

    private static func account(_ named: Consent.NamedAccount) -> BankAccount {
        BankAccount(
            id: named.identification,
            name: named.name ?? named.identification,
            display: named.identification,
            kind: .other,
            purposes: [.payments],
            number: named
        )
    }
}
