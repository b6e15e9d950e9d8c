public import Logins

extension Fact.CodeGroup {
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
}
