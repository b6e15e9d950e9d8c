import Logins

/// Which codes have words, so that a person can be told what they stand for.
enum ConsentCodes {
    static func isKnown(_ code: String, in list: Fact.Codes) -> Bool {
        switch list {
        case .ukPermission: ukPermissions.contains(code)
        case .brasilPermission: code.hasSuffix("_READ")
        case .fdxCluster: fdxClusters.contains(code)
        case .cdrScope: code.hasSuffix(":read")
        case .ukFrequency, .chargeBearer, .paymentContext, .rateType, .country, .currency,
            .personKind, .localInstrument, .paymentType, .sharingType, .durationType,
            .resourceType:
            true
        }
    }

    /// Scopes of OpenID Connect (Core §5.4, §11), which ask for no data of a bank.
    static func isOrdinary(scope: String) -> Bool {
        ["openid", "profile", "email", "address", "phone", "offline_access"].contains(scope)
    }

    private static let ukPermissions: Set = [
        "ReadParty", "ReadPartyPSU", "ReadAccountsBasic", "ReadAccountsDetail", "ReadBalances",
        "ReadPAN", "ReadProducts", "ReadOffers", "ReadTransactionsBasic", "ReadTransactionsDetail",
        "ReadTransactionsCredits", "ReadTransactionsDebits", "ReadStatementsBasic",
        "ReadStatementsDetail", "ReadBeneficiariesBasic", "ReadBeneficiariesDetail",
        "ReadDirectDebits", "ReadStandingOrdersBasic", "ReadStandingOrdersDetail",
        "ReadScheduledPaymentsBasic", "ReadScheduledPaymentsDetail",
    ]

    private static let fdxClusters: Set = [
        "CUSTOMER_CONTACT", "CUSTOMER_PERSONAL", "ACCOUNT_BASIC", "ACCOUNT_DETAILED",
        "TRANSACTIONS", "STATEMENTS", "IMAGES", "ACCOUNT_PAYMENTS", "PAYMENT_SUPPORT", "BILLS",
        "INVESTMENTS", "REWARDS", "TAX", "NOTIFICATIONS",
    ]
}
