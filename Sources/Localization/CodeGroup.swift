public import Logins

/// What a permission is about: long lists of permissions are shown in these groups.
public enum CodeGroup: CaseIterable, Sendable {
    case person, accounts, transactions, regular, cards, credit, investments, other

    /// The heading of the group.
    public var name: Phrase {
        switch self {
        case .person: .groupPerson
        case .accounts: .groupAccounts
        case .transactions: .groupTransactions
        case .regular: .groupRegular
        case .cards: .groupCards
        case .credit: .groupCredit
        case .investments: .groupInvestments
        case .other: .groupOther
        }
    }

    /// Whether one consent can have so many codes of a list that they need headings.
    public static func hasGroups(_ list: Fact.Codes) -> Bool { !prefixes(list).isEmpty }

    /// The group of the longest prefix that the code has.
    public static func of(_ code: String, in list: Fact.Codes) -> CodeGroup {
        prefixes(list).filter { code.hasPrefix($0.key) }
            .max { $0.key.utf8.count < $1.key.utf8.count }?.value ?? .other
    }

    private static func prefixes(_ list: Fact.Codes) -> [String: CodeGroup] {
        switch list {
        case .ukPermission:
            [
                "ReadParty": .person, "ReadAccounts": .accounts, "ReadBalances": .accounts,
                "ReadPAN": .accounts, "ReadProducts": .accounts, "ReadOffers": .accounts,
                "ReadTransactions": .transactions, "ReadStatements": .transactions,
                "ReadBeneficiaries": .regular, "ReadDirectDebits": .regular,
                "ReadStandingOrders": .regular, "ReadScheduledPayments": .regular,
            ]
        case .brasilPermission:
            [
                "CUSTOMERS_": .person, "ACCOUNTS_": .accounts, "CREDIT_CARDS_": .cards,
                "LOANS_": .credit, "FINANCINGS_": .credit, "UNARRANGED_": .credit,
                "INVOICE_": .credit, "BANK_FIXED_": .investments, "CREDIT_FIXED_": .investments,
                "FUNDS_": .investments, "VARIABLE_": .investments, "TREASURE_": .investments,
                "EXCHANGES_": .investments,
            ]
        case .fdxCluster:
            [
                "CUSTOMER_": .person, "ACCOUNT_": .accounts, "ACCOUNT_PAYMENTS": .regular,
                "TRANSACTIONS": .transactions, "STATEMENTS": .transactions,
                "IMAGES": .transactions, "PAYMENT_SUPPORT": .regular, "BILLS": .regular,
                "INVESTMENTS": .investments,
            ]
        case .cdrScope:
            [
                "openid": .person, "profile": .person, "email": .person, "address": .person,
                "phone": .person, "common:": .person, "bank:accounts.": .accounts,
                "bank:transactions": .transactions, "bank:payees": .regular,
                "bank:regular_payments": .regular,
            ]
        default: [:]
        }
    }
}
