import Logins
import Texts

/// Determines which of a user's accounts can be selected for a consent [CB-3].
struct AccountOffer {
    enum Answer: Hashable {
        /// Empty if the consent involves no accounts.
        case offered([BankAccount])
        /// The bank is unavailable. The value is the reason.
        case later(String)
        case unusable(Failure)
    }

    /// Lists accounts; nil if none is configured. Then only an account that the consent itself names
    /// can be used, and the bank checks its owner when it executes the payment.
    let directory: (any AccountDirectory)?

    func accounts(for consent: Consent, of login: PendingLogin) async -> Answer {
        switch consent.accounts {
        case .none:
            return .offered([])
        case .several:
            let types = Set(consent.resources.filter(\.needsAccounts).map(\.type.exact))
            return await choice(of: login, otherwise: .noAccounts) { account in
                account.purposes.contains(.sharing)
                    && (types.isEmpty
                        || account.resourceType.map { types.contains($0.exact) } ?? true)
            }
        case .payer(named: nil):
            let needsInstitution = consent.kind.accountRules.contains(.institution)
            let currency = consent.amount?.currency
            let answer = await choice(of: login, otherwise: .noAccounts) {
                $0.purposes.contains(.payments)
                    && (!needsInstitution || $0.allNumbers.contains { $0.ispb != nil })
                    && canPay(consent, from: $0)
            }
            guard case .offered(let accounts) = answer else { return answer }
            // Accounts in the currency of the payment come first.
            return .offered(
                accounts.filter { $0.currency == currency }
                    + accounts.filter { $0.currency != currency }
            )
        case .payer(let named?):
            guard directory != nil else { return .offered([Self.account(named)]) }
            return await choice(of: login, otherwise: .accountNotTheirs) {
                $0.purposes.contains(.payments)
                    && $0.allNumbers.contains { $0.isSameAccount(as: named) }
            }
        }
    }

    /// Whether the currencies fit. Only a payment that says in which currency it is transferred can
    /// be exchanged; any other one is made from an account in its own currency.
    private func canPay(_ consent: Consent, from account: BankAccount) -> Bool {
        guard let currency = account.currency, let amount = consent.amount,
            consent.first(.transferCurrency) == nil
        else { return true }
        return currency == amount.currency
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
