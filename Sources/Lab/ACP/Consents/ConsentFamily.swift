/// The kinds of consent that a third party lodges before it asks for the login. Plain scope grants
/// are none of them. The raw value is the name in `POST .../simulator/consents` and in the control.
enum ConsentFamily: String, Hashable, Sendable, CaseIterable {
    case accountAccess = "obuk.account_access"
    case domesticPayment = "obuk.domestic_payment"
    case domesticScheduledPayment = "obuk.domestic_scheduled_payment"
    case domesticStandingOrder = "obuk.domestic_standing_order"
    case filePayment = "obuk.file_payment"
    case internationalPayment = "obuk.international_payment"
    case internationalScheduledPayment = "obuk.international_scheduled_payment"
    case internationalStandingOrder = "obuk.international_standing_order"
    case fundsConfirmation = "obuk.funds_confirmation"
    case variableRecurringPayment = "obuk.domestic_vrp"
    case brasilData = "obbr.data"
    case brasilPaymentV1 = "obbr.payment_v1"
    case brasilPaymentV2 = "obbr.payment_v2"
    case brasilPaymentV3 = "obbr.payment_v3"
    case brasilPaymentV4 = "obbr.payment_v4"
    case fdx
    case cdr
    case ksa

    /// Whose rules it follows.
    enum Standard { case uk, brasil, fdx, cdr, ksa }

    /// What an approval of it must name.
    enum Choice {
        /// At least one account.
        case accounts
        /// The one account that pays.
        case payer
        /// FDX resources in place of accounts.
        case resources
        case nothing
    }

    var standard: Standard {
        switch self {
        case .accountAccess, .domesticPayment, .domesticScheduledPayment, .domesticStandingOrder,
            .filePayment, .internationalPayment, .internationalScheduledPayment,
            .internationalStandingOrder, .fundsConfirmation, .variableRecurringPayment:
            .uk
        case .brasilData, .brasilPaymentV1, .brasilPaymentV2, .brasilPaymentV3, .brasilPaymentV4:
            .brasil
        case .fdx: .fdx
        case .cdr: .cdr
        case .ksa: .ksa
        }
    }

    /// Where the System API shows it, below the base of the consents; nil for what it cannot show.
    var page: String? {
        switch self {
        case .accountAccess: "/open-banking/account-access-consent"
        case .domesticPayment: "/open-banking/domestic-payment-consent"
        case .domesticScheduledPayment: "/open-banking/domestic-scheduled-payment-consent"
        case .domesticStandingOrder: "/open-banking/domestic-standing-order-consent"
        case .filePayment: "/open-banking/file-payment-consent"
        case .internationalPayment: "/open-banking/international-payment-consent"
        case .internationalScheduledPayment:
            "/open-banking/international-scheduled-payment-consent"
        case .internationalStandingOrder: "/open-banking/international-standing-order-consent"
        case .brasilData: "/open-banking-brasil/consent"
        case .brasilPaymentV1: "/open-banking-brasil/payment"
        case .brasilPaymentV2: "/open-banking-brasil/payment/v2"
        case .brasilPaymentV3: "/open-banking-brasil/payment/v3"
        case .fdx: "/fdx/fdx"
        case .cdr: "/cdr/cdr-arrangement"
        case .ksa: "/ksa/consent"
        case .fundsConfirmation, .variableRecurringPayment, .brasilPaymentV4: nil
        }
    }

    /// Where it is accepted and rejected: Brasil's payments of all versions share one place.
    var decisions: String? {
        switch self {
        case .brasilPaymentV2, .brasilPaymentV3: ConsentFamily.brasilPaymentV1.page
        default: page
        }
    }

    /// `type` of what the System API shows; the arrangement has none.
    var type: String? {
        switch self {
        case .accountAccess: "account_access"
        case .domesticPayment: "domestic_payment"
        case .domesticScheduledPayment: "domestic_scheduled_payment"
        case .domesticStandingOrder: "domestic_standing_order"
        case .filePayment: "file_payment"
        case .internationalPayment: "international_payment"
        case .internationalScheduledPayment: "international_scheduled_payment"
        case .internationalStandingOrder: "international_standing_order"
        case .brasilData: "consents"
        case .brasilPaymentV1, .brasilPaymentV2, .brasilPaymentV3: "payments"
        case .fdx: "fdx_consent"
        case .ksa: "ksa_consent"
        case .cdr, .fundsConfirmation, .variableRecurringPayment, .brasilPaymentV4: nil
        }
    }

    /// The member that carries the consent itself.
    var member: String {
        switch self {
        case .brasilData: "customer_data_access_consent"
        case .brasilPaymentV1: "customer_payment_consent"
        case .brasilPaymentV2: "customer_payment_consent_v2"
        case .brasilPaymentV3: "customer_payment_consent_v3"
        case .fdx: "fdx_consent"
        case .cdr: "cdr_arrangement"
        case .ksa: "ksa_consent"
        default: (type ?? "") + "_consent"
        }
    }

    /// Where a third party lodges it, below the issuer, when its standard has a place for that.
    var lodging: String? {
        switch self {
        case .accountAccess: "/open-banking/v3.1/aisp/account-access-consents"
        case .domesticPayment: "/open-banking/v3.1/pisp/domestic-payment-consents"
        case .domesticScheduledPayment:
            "/open-banking/v3.1/pisp/domestic-scheduled-payment-consents"
        case .domesticStandingOrder: "/open-banking/v3.1/pisp/domestic-standing-order-consents"
        case .filePayment: "/open-banking/v3.1/pisp/file-payment-consents"
        case .internationalPayment: "/open-banking/v3.1/pisp/international-payment-consents"
        case .internationalScheduledPayment:
            "/open-banking/v3.1/pisp/international-scheduled-payment-consents"
        case .internationalStandingOrder:
            "/open-banking/v3.1/pisp/international-standing-order-consents"
        case .fundsConfirmation: "/open-banking/v3.1/cbpii/funds-confirmation-consents"
        case .variableRecurringPayment: "/open-banking/v3.1/pisp/domestic-vrp-consents"
        case .brasilData: "/open-banking/consents/v2/consents"
        case .brasilPaymentV1: "/open-banking/payments/v1/consents"
        case .brasilPaymentV2: "/open-banking/payments/v2/consents"
        case .brasilPaymentV3: "/open-banking/payments/v3/consents"
        case .brasilPaymentV4: "/open-banking/payments/v4/consents"
        case .fdx, .cdr, .ksa: nil
        }
    }

    /// The scope that lodging it needs, and without which no login may name it.
    var scope: String? {
        switch self {
        case .accountAccess, .ksa: "accounts"
        case .fundsConfirmation: "fundsconfirmations"
        case .brasilData, .fdx, .cdr: nil
        default: "payments"
        }
    }

    var choice: Choice {
        switch self {
        case .accountAccess, .brasilData, .cdr, .ksa: .accounts
        case .fdx: .resources
        case .fundsConfirmation, .variableRecurringPayment, .brasilPaymentV4: .nothing
        default: .payer
        }
    }

    /// Whether its approval lasts, so that the person may be asked again for the same consent.
    var isLongLived: Bool { choice == .accounts || choice == .resources }

    /// How ids of it begin, as the samples of its standard do.
    func prefix(tenant: String) -> String {
        switch self {
        case .accountAccess: "aac-"
        case .domesticPayment: "pdc-"
        case .domesticScheduledPayment: "pdsc-"
        case .domesticStandingOrder: "pdsoc-"
        case .filePayment: "pfc-"
        case .internationalPayment: "pic-"
        case .internationalScheduledPayment: "pisc-"
        case .internationalStandingOrder: "pisoc-"
        case .fundsConfirmation: "fcc-"
        case .variableRecurringPayment: "vrp-"
        case .brasilData, .brasilPaymentV1, .brasilPaymentV2, .brasilPaymentV3, .brasilPaymentV4:
            "urn:\(tenant):C1DD"
        case .fdx, .cdr, .ksa: ""
        }
    }
}
