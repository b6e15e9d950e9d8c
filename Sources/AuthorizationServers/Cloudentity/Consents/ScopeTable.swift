import Texts

/// Which scopes of a standard name or imply something that was lodged at the server. There is one
/// table per standard [FA-5].
struct ScopeTable: Sendable {
    /// What a scope of the standard stands for.
    enum Meaning: Hashable, Sendable {
        /// Access to data.
        case data
        /// A payment.
        case payment
        /// Any consent of the standard: the scope contains its identifier.
        case anyConsent
        /// Something for which ACP has no interface [OP-3].
        case unsupported
    }

    private let exact: [[UInt8]: Meaning]
    private let prefixes: [(bytes: [UInt8], meaning: Meaning)]
    private let folded: Set<[UInt8]>
    private let foldedPrefixes: [[UInt8]]

    /// Scopes by what they stand for. `*` at the end of a scope stands for any text.
    init(_ scopes: [Meaning: [String]]) {
        var exact: [[UInt8]: Meaning] = [:]
        var prefixes: [(bytes: [UInt8], meaning: Meaning)] = []
        for (meaning, patterns) in scopes {
            for pattern in patterns {
                if pattern.hasSuffix("*") {
                    prefixes.append((Array(pattern.utf8.dropLast()), meaning))
                } else {
                    exact[Array(pattern.utf8)] = meaning
                }
            }
        }
        self.exact = exact
        self.prefixes = prefixes
        folded = Set(exact.keys.map { Self.folded($0) })
        foldedPrefixes = prefixes.map { Self.folded($0.bytes) }
    }

    /// The letters of each scope without a parameter, in lower case: `creditcardsaccounts`.
    var letters: Set<ExactText> {
        Set(
            exact.keys.map { name in
                let letters = Self.folded(name).filter { $0 != UInt8(ascii: ":") }
                return String(decoding: letters, as: UTF8.self).exact
            }
        )
    }

    /// Nil if the standard does not define the scope. Scopes are compared as bytes (RFC 6749 §3.3).
    func meaning(of scope: String) -> Meaning? {
        let bytes = Array(scope.utf8)
        return exact[bytes] ?? prefixes.first { bytes.starts(with: $0.bytes) }?.meaning
    }

    /// Scopes of OpenID Connect (Core §5.4, §11). They stand for themselves.
    static let openID: Set<ExactText> = [
        "openid", "profile", "email", "address", "phone", "offline_access",
    ]

    /// Whether a scope is one of the standard's, or nearly: compared without case, and with one
    /// separator for all of `: . / - _`. It only tells what must not be granted.
    func resembles(_ scope: String) -> Bool {
        let bytes = Self.folded(scope.utf8)
        return folded.contains(bytes) || foldedPrefixes.contains { bytes.starts(with: $0) }
    }

    private static func folded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                UInt8(ascii: ":")
            default: byte
            }
        }
    }
}

extension ScopeTable {
    /// Open Banking UK.
    static let openBankingUK = ScopeTable([
        .data: ["accounts"],
        .payment: ["payments"],
        .unsupported: ["fundsconfirmations", "events", "eventsubscriptions"],
    ])

    /// Open Finance Brasil.
    static let openFinanceBrasil = ScopeTable([
        .anyConsent: ["consent:*"],
        .data: [
            "accounts", "bank-fixed-incomes", "consents", "credit-cards-accounts",
            "credit-fixed-incomes", "customers", "exchanges", "financings", "funds",
            "invoice-financings", "loans", "resources", "treasure-titles",
            "unarranged-accounts-overdraft", "variable-incomes",
        ],
        .payment: ["payments"],
        .unsupported: [
            "automatic-payments", "enrollment:*", "enrollments", "nrp-consents",
            "nrp-consents:*", "recurring-consent:*", "recurring-consents", "recurring-payments",
        ],
    ])

    /// Financial Data Exchange: the scopes of FDX 5 and 6, and the data clusters, which older versions
    /// use as scopes.
    static let fdx = ScopeTable([
        .data: [
            "fdx:*", "READ_CONSENTS", "ACCOUNT_BASIC", "ACCOUNT_DETAILED", "ACCOUNT_PAYMENTS",
            "BILLS", "CUSTOMER_CONTACT", "CUSTOMER_PERSONAL", "IMAGES", "INVESTMENTS",
            "NOTIFICATIONS", "PAYMENT_SUPPORT", "REWARDS", "STATEMENTS", "TAX", "TRANSACTIONS",
        ],
        .unsupported: ["UPDATE_CONSENTS"],
    ])

    /// The Consumer Data Right: scopes of banking, energy, telecommunication and the customer. The
    /// family decides which of them it can show.
    static let cdr = ScopeTable([
        .data: ["bank:*", "banking:*", "common:*", "energy:*", "telco:*", "accounts", "payments"],
        .unsupported: ["cdr:*"],
    ])

    /// Open Banking of Saudi Arabia.
    static let ksa = ScopeTable([
        .data: ["accounts"],
        .unsupported: ["payments", "fundsconfirmations"],
    ])

    // MARK: Standards without a family: nothing of them can be shown

    /// Open Insurance Brasil.
    static let openInsurance = ScopeTable([
        .unsupported: [
            "capitalization-title", "capitalization-title-raffle", "claim-notification",
            "contract-life-pension", "contract-pension-plan", "dynamic-fields", "endorsement",
            "insurance-*", "quote-*", "withdrawal-capitalization-title", "withdrawal-pension",
        ]
    ])

    /// NextGenPSD2, STET and the roles of PSD2, which other standards use as scopes.
    static let psd2 = ScopeTable([
        .unsupported: [
            "AIS", "AIS:*", "PIS", "PIS:*", "PIIS", "PIIS:*", "aisp", "pisp", "cbpii", "cisp",
            "piisp", "PSP_AI", "PSP_AS", "PSP_IC", "PSP_PI", "extended_transaction_history",
        ]
    ])

    /// Grant Management for OAuth 2.0.
    static let grantManagement = ScopeTable([
        .unsupported: ["grant_management_query", "grant_management_revoke"]
    ])

    /// The tables of every standard, with or without a family.
    static let all =
        ConsentStandard.all.map(\.scopes) + [openInsurance, psd2, grantManagement]
}
