public import Logins

/// The kinds of consents, written down once more: tests of other parts than the adapter use them,
/// and tests of the adapter compare what it makes with them.
extension Consent.Kind {
    public static let ukAccountAccess = Self("uk_account_access", .data)
    public static let ukDomesticPayment = Self("uk_domestic_payment", .payment)
    public static let ukDomesticScheduledPayment = Self(
        "uk_domestic_scheduled_payment",
        .scheduledPayment
    )
    public static let ukDomesticStandingOrder = Self("uk_domestic_standing_order", .standingOrder)
    public static let ukFilePayment = Self("uk_file_payment", .paymentFile)
    public static let ukInternationalPayment = Self("uk_international_payment", .payment)
    public static let ukInternationalScheduledPayment = Self(
        "uk_international_scheduled_payment",
        .scheduledPayment
    )
    public static let ukInternationalStandingOrder = Self(
        "uk_international_standing_order",
        .standingOrder
    )
    public static let brasilData = Self("brasil_data", .data)
    public static let brasilPayment = Self(
        "brasil_payment",
        .payment,
        dayOffset: .seconds(-10800),
        accountRules: [.institution]
    )
    public static let fdx = Self("fdx", .data)
    public static let cdr = Self("cdr", .data, accountRules: [.oneCustomer])
    public static let ksa = Self("ksa", .data)

    public static let all: [Self] = [
        .scopes, .ukAccountAccess, .ukDomesticPayment, .ukDomesticScheduledPayment,
        .ukDomesticStandingOrder, .ukFilePayment, .ukInternationalPayment,
        .ukInternationalScheduledPayment, .ukInternationalStandingOrder, .brasilData,
        .brasilPayment, .fdx, .cdr, .ksa,
    ]
}

extension Fact.Codes {
    public static let ukPermission = Self("uk_permission")
    public static let brasilPermission = Self("brasil_permission")
    public static let fdxCluster = Self("fdx_cluster")
    public static let chargeBearer = Self("charge_bearer")
    public static let paymentContext = Self("payment_context")
    public static let rateType = Self("rate_type")
    public static let personKind = Self("person_kind")
    public static let localInstrument = Self("local_instrument")
    public static let paymentType = Self("payment_type")
    public static let sharingType = Self("sharing_type")
    public static let durationType = Self("duration_type")
    public static let resourceType = Self("resource_type")

    public static let all: [Self] =
        [
            .ukPermission, .brasilPermission, .fdxCluster, .scope, .frequency, .chargeBearer,
            .paymentContext, .rateType, .country, .currency, .personKind, .localInstrument,
            .paymentType, .sharingType, .durationType, .resourceType,
        ] + StandardCodes.closed.keys.sorted().map { Self($0) }
}
