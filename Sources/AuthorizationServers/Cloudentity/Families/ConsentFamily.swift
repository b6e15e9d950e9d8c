import HTTP
import JSON
import Logins
import Texts

/// A family of consents that ACP stores: where they are found, how they are shown, and what a report
/// about them says. All of it is in the file of the family, except the scopes of its standard
/// (`ScopeTable`). `ConsentStandard.all` lists the files.
///
/// A family that says nothing more has one address, lets the user choose accounts, and uses the
/// members that most of ACP's models share.
protocol ConsentFamily: Sendable {
    /// How the rest of the service knows the family.
    var kind: Consent.Kind { get }
    /// Path below the base address, to which consents are reported [OP-1].
    var path: String { get }
    /// The member of the envelope that contains the consent itself [CD-4].
    var member: String { get }
    /// Values of the envelope's `type`, besides the member's name with or without `_consent`.
    var otherTypes: Set<String> { get }
    /// Members of the envelope that are part of what is approved, besides `member` and
    /// `RequestWords.members` [CD-3].
    var otherApprovedMembers: [String] { get }

    /// Where a consent may be, in the order in which ACP is asked.
    var addresses: [ConsentAddress] { get }
    /// What the status of a consent can be. Any other word makes the consent unusable.
    var statusWords: StatusWords { get }

    /// Whether a login for this family's standard may be about this family [FA-3, FA-4].
    func isMeant(by login: PendingLogin.Details) -> Bool

    /// Decodes `own`, the object in `member`. What the family leaves in it is lost, so it ends with
    /// `own.further()`.
    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent

    /// The members of an acceptance besides `granted_scopes` and `login_state` [BO-2].
    func acceptance(_ approval: Approval) throws(Unreportable) -> ReportMembers

    /// Whether a rejection contains the login's `id` [BO-1].
    var rejectsByID: Bool { get }
    /// The code in a rejection's `rejection_reason`, if the standard has one.
    func rejectionCode(_ cause: RejectionCause) -> String?
}

/// Writes members into an object.
typealias ReportMembers = (inout JSONWriter) -> Void

extension ConsentFamily {
    var otherTypes: Set<String> { [] }
    var otherApprovedMembers: [String] { [] }
    var address: ConsentAddress {
        ConsentAddress(family: self, path: path, member: member, otherTypes: otherTypes)
    }
    var rejectsByID: Bool { true }

    var addresses: [ConsentAddress] { [address] }
    var statusWords: StatusWords { .acp }
    func isMeant(by login: PendingLogin.Details) -> Bool { true }

    func acceptance(_ approval: Approval) throws(Unreportable) -> ReportMembers {
        { json in json.member("account_ids", approval.grant.accounts) }
    }

    func rejectionCode(_ cause: RejectionCause) -> String? { nil }
}

/// What surrounds a family's own member.
struct ConsentEnvelope {
    var members: ConsentMembers
    let scopes: [Consent.Scope]
    /// When the consent was lodged, if the envelope says so.
    let created: Timestamp?
}

/// What a family's own member contains.
struct ConsentContent {
    var id: String?
    /// What an approval does, if that differs from the family's usual.
    var subject: Consent.Subject?
    var facts: [Fact] = []
    var accounts: Consent.AccountChoice = .none
    var resources: [Consent.Resource] = []
    var endsAt: Timestamp?
    /// When the consent itself is over. A time that has passed ends nothing: servers send consents that
    /// were lodged with old times.
    var expiry: ConsentDeadline?
    /// When it is too late to ask for the first time, unless the configuration says otherwise.
    var cutOff: ConsentDeadline?
}

/// When what is asked for is over, and the member that says so.
struct ConsentDeadline {
    let time: Timestamp
    let member: String
}

extension ConsentMembers {
    /// A time that is shown, and after which it is too late to ask. The earliest one counts. A day
    /// alone ends with the day, in UTC. Times up to 1970 stand for none.
    mutating func deadline(
        _ label: Fact.Known,
        _ name: String,
        _ earliest: inout ConsentDeadline?
    ) throws(ConsentProblem) -> [Fact] {
        let facts = try facts((label, name, .moment))
        let end: Timestamp? =
            switch facts.first?.value {
            case .moment(let time)?: time
            case .day(let day)?:
                RFC3339.parse(day + "T00:00:00Z").map {
                    Timestamp(milliseconds: $0) + .seconds(86_400)
                }
            default: nil
            }
        guard let end, end.milliseconds > 0, earliest.map({ end < $0.time }) ?? true else {
            return facts
        }
        earliest = ConsentDeadline(time: end, member: place(name))
        return facts
    }
}

/// How a login ended without an approval, as far as rejection codes distinguish it.
enum RejectionCause: String, Hashable, Sendable, CaseIterable {
    case declined, fraud, cancelled, expired, failed, changed
    /// It is in the name of another person or company.
    case mismatch

    /// Nil for an approval.
    init?(_ outcome: Outcome) {
        switch outcome {
        case .approved: return nil
        case .denied(let decision):
            self = decision.choice == .reportAsFraud ? .fraud : .declined
        case .cancelled: self = .cancelled
        case .expired: self = .expired
        case .failed(.wrongCodes): self = .fraud
        case .failed(.consentOfAnother), .voided(_, .consentOfAnother?): self = .mismatch
        case .failed: self = .failed
        case .voided: self = .changed
        }
    }
}

/// An approval that is to be reported.
struct Approval {
    let consent: Consent?
    let grant: Grant
    /// The granted accounts, as the bank listed them.
    let accounts: [BankAccount]
}

/// An approval that the family's model cannot express.
struct Unreportable: Error { let reason: String }

/// An address from which a consent can be fetched.
struct ConsentAddress: Sendable, Equatable {
    /// Nil for a scope grant, which stands for a plain login.
    let family: (any ConsentFamily)?
    /// Below the base address. Unlike the family's, it may have a version [OP-2].
    let path: String
    let member: String
    let otherTypes: Set<String>

    static let scopeGrant = ConsentAddress(
        family: nil,
        path: "scope-grants",
        member: "",
        otherTypes: []
    )

    /// Whether the `type` of an envelope fits the address.
    func isMeant(by type: String) -> Bool {
        type.isExactly(member) || (type + "_consent").isExactly(member)
            || otherTypes.contains { $0.isExactly(type) }
    }

    static func == (one: Self, other: Self) -> Bool { one.path == other.path }
}
