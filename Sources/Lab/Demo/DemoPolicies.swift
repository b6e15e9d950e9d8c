/// What the demo page offers to choose from: what counts as approval, and how a number is matched.
public struct DemoPolicies: Sendable {
    /// What counts as approval.
    public struct Approval: Sendable {
        let choice: Choice
        /// The client that starts logins with this policy, for each delivery mode.
        let clients: [SimulatedClient.DeliveryMode: ConsumptionDevice.Configuration.Credentials]

        /// One of the page's choices, and the clients to which the policy applies.
        public init(
            _ choice: Choice,
            clients: [SimulatedClient.DeliveryMode: ConsumptionDevice.Configuration.Credentials]
        ) {
            self.choice = choice
            self.clients = clients
        }
    }

    /// How the number of the binding message is matched.
    public struct Matching: Sendable {
        let choice: Choice
        /// What the names of workspaces to which it applies end with.
        let suffix: String

        /// One of the page's choices, and the end of the names of its workspaces.
        public init(_ choice: Choice, suffix: String) {
            self.choice = choice
            self.suffix = suffix
        }

        /// Whether messages need a number.
        var hasNumber: Bool { !suffix.isEmpty }
    }

    /// An entry of a list on the page.
    public struct Choice: Sendable {
        let id: String
        let title: String
        /// What Beckon demands, in Beckon's own words.
        let demand: String
        /// What the person who tries the demo does.
        let hint: String

        /// An entry; `demand` is what `beckon check` says.
        public init(id: String, title: String, demand: String, hint: String) {
            self.id = id
            self.title = title
            self.demand = demand
            self.hint = hint
        }
    }

    /// In the order of the page; the first one is chosen at first.
    public let approvals: [Approval]
    /// In the order of the page; the first one is chosen at first.
    public let matchings: [Matching]

    /// Lists of the page; without entries it has none.
    public init(approvals: [Approval] = [], matchings: [Matching] = []) {
        self.approvals = approvals
        self.matchings = matchings
    }
}
