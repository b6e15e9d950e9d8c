import Logins

extension Consent.Kind {
    /// The way to it from the base address, before the login's name (`cloudentity.md` 3.1).
    var path: String {
        switch self {
        case .scopes: "scope-grants"
        case .ukAccountAccess: "open-banking/account-access-consent"
        case .ukDomesticPayment: "open-banking/domestic-payment-consent"
        case .ukDomesticScheduledPayment: "open-banking/domestic-scheduled-payment-consent"
        case .ukDomesticStandingOrder: "open-banking/domestic-standing-order-consent"
        case .ukFilePayment: "open-banking/file-payment-consent"
        case .ukInternationalPayment: "open-banking/international-payment-consent"
        case .ukInternationalScheduledPayment:
            "open-banking/international-scheduled-payment-consent"
        case .ukInternationalStandingOrder: "open-banking/international-standing-order-consent"
        case .brasilData: "open-banking-brasil/consent"
        case .brasilPayment: "open-banking-brasil/payment"
        case .fdx: "fdx/fdx"
        case .cdr: "cdr/cdr-arrangement"
        case .ksa: "ksa/consent"
        }
    }

    /// The UK payments in the order they are asked for (`cloudentity.md` 1.6).
    static let ukPayments: [Consent.Kind] = [
        .ukDomesticPayment, .ukDomesticScheduledPayment, .ukDomesticStandingOrder,
        .ukFilePayment, .ukInternationalPayment, .ukInternationalScheduledPayment,
        .ukInternationalStandingOrder,
    ]
}

/// One address that a consent can be fetched from: a kind of consent and, for payments in Brasil,
/// the version of its form.
struct ConsentAddress: Hashable {
    let kind: Consent.Kind
    /// 1, 2 or 3 for `brasilPayment`; else 1.
    let version: Int

    init(_ kind: Consent.Kind, version: Int = 1) {
        self.kind = kind
        self.version = version
    }

    /// For fetching; what is accepted and rejected has no version (`cloudentity.md` 3.1).
    var path: String { version == 1 ? kind.path : "\(kind.path)/v\(version)" }

    /// The envelope's member that holds the consent itself (`cloudentity.md` 4.3).
    var member: String {
        switch kind {
        case .scopes: ""
        case .ukAccountAccess: "account_access_consent"
        case .ukDomesticPayment: "domestic_payment_consent"
        case .ukDomesticScheduledPayment: "domestic_scheduled_payment_consent"
        case .ukDomesticStandingOrder: "domestic_standing_order_consent"
        case .ukFilePayment: "file_payment_consent"
        case .ukInternationalPayment: "international_payment_consent"
        case .ukInternationalScheduledPayment: "international_scheduled_payment_consent"
        case .ukInternationalStandingOrder: "international_standing_order_consent"
        case .brasilData: "customer_data_access_consent"
        case .brasilPayment:
            version == 1 ? "customer_payment_consent" : "customer_payment_consent_v\(version)"
        case .fdx: "fdx_consent"
        case .cdr: "cdr_arrangement"
        case .ksa: "ksa_consent"
        }
    }

    /// Whether the envelope's `type` is this form's. The UK's types are its members without their
    /// ending; the others are not published, so each spelling that has been seen is taken.
    func isMeant(by type: String) -> Bool {
        if type == member || type + "_consent" == member { return true }
        return switch kind {
        case .brasilData: type == "consents"
        case .brasilPayment:
            type == "payments" || type == "payments_v\(version)" || type == "customer_payment"
        case .fdx, .ksa: type == "\(kind.rawValue)_consents" || type == "consents"
        case .cdr: type == "cdr"
        case .scopes, .ukAccountAccess, .ukDomesticPayment, .ukDomesticScheduledPayment,
            .ukDomesticStandingOrder, .ukFilePayment, .ukInternationalPayment,
            .ukInternationalScheduledPayment, .ukInternationalStandingOrder:
            false
        }
    }
}
