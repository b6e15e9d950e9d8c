import HTTP
import JSON

/// A kind of consent that a third party lodges before it requests a login. All that differs between
/// kinds is here; each standard has a file with its families. Scope grants are not consents.
struct ConsentFamily: Sendable {
    /// What an approval of it must name.
    enum Choice {
        /// At least one account.
        case accounts
        /// The one account that pays.
        case payer
        /// FDX resources instead of accounts.
        case resources
        case nothing
    }

    /// What the families of one standard have in common.
    struct Standard: Sendable {
        typealias View =
            @Sendable (SimulatedConsent, SimulatorConfiguration, _ now: Int64) -> JSONValue

        /// The words for the status.
        var statuses: [SimulatedConsent.Status: String] = [
            .awaiting: "AwaitingAuthorisation", .authorised: "Authorised", .rejected: "Rejected",
        ]
        /// The consent as the standard writes it.
        let content: View
        /// The response to the third party that lodged it.
        var own: View = { consent, _, now in consent.json(at: now) }
        /// How a client's request names it, given the scopes and the id.
        let reference: @Sendable (_ scopes: String, _ id: String) -> [Field]
        /// Whether the start carries its id as `openbanking_intent_id`. Otherwise, the workspace or
        /// the scopes tell the family.
        var hasIntentID = false
        /// Members of the System API's response that this standard does not have.
        var hiddenMembers: Set<String> = []
        /// The members with which it may be accepted.
        var acceptMembers = ReportBody.accept + [ReportBody.accounts]
        /// The members with which it may be rejected.
        var rejectMembers = ReportBody.reject
        /// What else an accept must satisfy, given the user's accounts, if they are known.
        var checkAccept:
            @Sendable (JSONValue, SimulatedConsent, [String]?) throws(Shape.Problem) -> Void = {
                (_, _, _) throws(Shape.Problem) in
            }
    }

    /// A value that users look at, and what the knobs K-21 and K-22 change it to.
    struct Detail: Sendable {
        /// Below `member`.
        let path: [String]
        let changed: JSONValue
    }

    /// Its name at `POST …/simulator/consents` and at the control address.
    let name: String
    let standard: Standard
    /// The whole body of the lodging call, as far as the standard is binding and ACP shows it again.
    /// Other members are refused.
    let lodged: Shape
    /// Where third parties lodge it, below the issuer; nil if its standard has no place for it.
    var lodging: String?
    /// The scope required to lodge it, and for a login about it.
    var scope: String?
    /// How its ids begin; `TENANT` stands for the tenant.
    var idPrefix = ""
    /// Where the System API shows it; nil if it cannot.
    var page: String?
    /// Where it is accepted and rejected, if not at `page`.
    var otherDecisions: String?
    /// `type` in the System API's response.
    var type: String?
    /// The member of the System API's response with the consent itself.
    var member = ""
    let choice: Choice
    /// Milliseconds in which it must be decided; nil for no limit.
    var undecidedLife: Int64?
    /// What the bank adds to it.
    var charges: JSONValue?
    /// The amounts, or what is shared.
    var amounts: [Detail] = []
    /// The payee's name.
    var payees: [Detail] = []

    /// Where it is accepted and rejected.
    var decisions: String? { otherDecisions ?? page }

    /// Whether its approval lasts, so that the user may be asked again for the same consent.
    var isLongLived: Bool { choice == .accounts || choice == .resources }

    static let all: [ConsentFamily] = ukFamilies + brasilFamilies + [.fdx, .cdr, .ksa]

    static func named(_ name: String) -> ConsentFamily? { all.first { $0.name == name } }
}

extension ConsentFamily: Hashable {
    static func == (left: ConsentFamily, right: ConsentFamily) -> Bool { left.name == right.name }

    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
