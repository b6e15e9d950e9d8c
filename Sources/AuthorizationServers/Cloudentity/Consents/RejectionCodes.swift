import Logins

/// What Open Finance Brasil is told of why a consent was rejected (`rejection_reason.code`).
struct RejectionCodes: Hashable, Sendable {
    /// The ways a login ends without an approval, as far as codes tell them apart.
    enum Cause: String, Hashable, Sendable, CaseIterable {
        case declined, fraud, cancelled, expired, failed, changed

        /// Nil for an approval.
        init?(_ outcome: Outcome) {
            switch outcome {
            case .approved: return nil
            case .denied(let decision):
                self = decision.choice == .reportAsFraud ? .fraud : .declined
            case .cancelled: self = .cancelled
            case .expired: self = .expired
            case .failed: self = .failed
            case .voided: self = .changed
            }
        }
    }

    var data: [Cause: String]
    var payments: [Cause: String]

    /// Each cause that is not given has its default.
    init(data: [Cause: String] = [:], payments: [Cause: String] = [:]) {
        self.data = Self.standardData.merging(data) { $1 }
        self.payments = Self.standardPayments.merging(payments) { $1 }
    }

    /// Consents API v2, `EnumReasonCode`.
    static let standardData: [Cause: String] = [
        .declined: "CUSTOMER_MANUALLY_REJECTED",
        .fraud: "INTERNAL_SECURITY_REASON",
        .cancelled: "CUSTOMER_MANUALLY_REJECTED",
        .expired: "CONSENT_EXPIRED",
        .failed: "CONSENT_TECHNICAL_ISSUE",
        .changed: "CONSENT_TECHNICAL_ISSUE",
    ]

    /// Payments API v3, `EnumConsentRejectionReasonType`.
    static let standardPayments: [Cause: String] = [
        .declined: "REJEITADO_USUARIO",
        .fraud: "REJEITADO_USUARIO",
        .cancelled: "REJEITADO_USUARIO",
        .expired: "TEMPO_EXPIRADO_AUTORIZACAO",
        .failed: "FALHA_INFRAESTRUTURA",
        .changed: "NAO_INFORMADO",
    ]
}
