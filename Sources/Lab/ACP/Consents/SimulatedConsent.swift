import JSON

/// A consent of the authorization server. Times are in milliseconds since 1970.
struct SimulatedConsent: Sendable {
    enum Status: Hashable, Sendable { case awaiting, authorised, rejected }

    let id: String
    let family: ConsentFamily
    let workspace: String
    let clientID: String
    let created: Int64
    /// The whole body of the lodging call.
    let lodged: JSONValue
    /// The arrangement that this one amends.
    let previous: String?
    private var settled: Status?
    private(set) var settledAt: Int64?
    /// The body of the accept.
    private(set) var accepted: JSONValue?
    /// The latest login about it.
    var loginID: String?

    init(
        id: String,
        _ family: ConsentFamily,
        workspace: String,
        clientID: String,
        lodged: JSONValue,
        at now: Int64
    ) {
        self.id = id
        self.family = family
        self.workspace = workspace
        self.clientID = clientID
        self.lodged = lodged
        created = now
        previous = family == .cdr ? lodged["cdr_arrangement_id"]?.string : nil
    }

    /// When it is rejected unless it was decided; nil for never.
    var undecidedEnd: Int64? { family.undecidedLife.map { created + $0 } }

    func status(at now: Int64) -> Status {
        if let settled { return settled }
        if let end = undecidedEnd, now >= end { return .rejected }
        return .awaiting
    }

    /// As its standard writes it.
    func statusText(at now: Int64) -> String {
        family.standard.statuses[status(at: now)] ?? ""
    }

    /// When it got its status.
    func statusMoment(at now: Int64) -> Int64 {
        if let settledAt { return settledAt }
        if let end = undecidedEnd, now >= end { return end }
        return created
    }

    /// Records a decision. Rejecting an approved consent leaves it approved.
    mutating func settle(_ status: Status, body: JSONValue, at now: Int64) {
        guard settled != .authorised || status == .authorised else { return }
        settled = status
        settledAt = now
        if status == .authorised { accepted = body }
    }

    /// The chosen accounts, once it is authorised.
    var accounts: [String] {
        if let resources = accepted?["resources"]?.array {
            return resources.compactMap { $0["id"]?.string }
        }
        return accepted?["account_ids"]?.strings ?? []
    }

    /// For the control.
    func json(at now: Int64) -> JSONValue {
        .members([
            "consent_id": .string(id), "family": .string(family.name),
            "server_id": .string(workspace), "client_id": .string(clientID),
            "status": .string(statusText(at: now)), "created_at": .moment(created),
            "updated_at": .moment(statusMoment(at: now)), "login_id": .text(loginID),
            "previous": .text(previous), "lodged": lodged, "accepted": accepted,
        ])
    }
}
