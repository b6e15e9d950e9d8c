import Configuration
import Logins
import Texts

extension CloudentityOutbound {
    /// Reads which consents logins are for, and how they are reported.
    mutating func readConsents(_ section: Section) {
        consentStyle = section.choice(
            "consent_api_style",
            among: ["system_workspace": .systemWorkspace, "api_system": .apiSystem],
            default: .systemWorkspace,
            "Where the URLs of consents are; api_system is for versions before 2022."
        )
        consentBaseURL = section.url(
            "consent_base_url",
            pasted: Self.consentPaths,
            example: "https://bank.eu.authz.cloudentity.io/bank/system",
            "The base URL of consents, if it does not follow from consent_api_style."
        )
        let consents = Self.workspaces(section)
        refusesLate = section.choice(
            "cut_off",
            among: ["reject": true, "show": false],
            default: true,
            """
            What happens to a payment at its CutOffDateTime, or when its agreed exchange rate ends. \
            reject: it is rejected, and a prompt ends at that time at the latest. show: the user is \
            asked and sees the time.
            """
        )
        workspaces = CloudentityWorkspaces(
            consents,
            standards: ConsentStandard.all.map { $0.configured(section) },
            plainScopes: Set(
                section.texts(
                    "plain_scopes",
                    default: [],
                    """
                    Scopes that stand for themselves and refer to no consent. Needed for scopes \
                    that a standard uses for consents (such as accounts), and for scopes that a \
                    workspace with a family has besides those of its standard. A login with other \
                    scopes is rejected, unless they are OpenID Connect's. In a workspace with a \
                    family, a login without consent needs at least one of these scopes.
                    """
                ).map(\.exact)
            )
        )
        statusPolicy = StatusPolicy(overrides: Self.readings(section))
    }

    /// What a base URL of consents does not contain: the paths of families, and their beginnings
    /// where no workspace can have that name.
    private static var consentPaths: Set<String> {
        let paths = ConsentStandard.all.flatMap { $0.families.map(\.path) }
        return Set(paths).union([
            "open-banking", "open-banking-brasil", "scope-grants", "accept", "reject",
        ])
    }

    private static func workspaces(
        _ section: Section
    ) -> [WorkspaceID: CloudentityWorkspaces.Workspace] {
        var workspaces: [WorkspaceID: CloudentityWorkspaces.Workspace] = [:]
        let groups = section.named(
            "workspaces",
            examples: [("retail", nil)],
            "Settings for each workspace, by its server_id."
        )
        for (name, group) in groups {
            let family = group.choice(
                "family",
                default: CloudentityWorkspaces.Family.auto,
                """
                The consents of the workspace's logins. auto recognises obbr by consent: scopes \
                and obuk by openbanking_intent_id; it never finds fdx, cdr or ksa.
                """
            )
            let partial = group.flag(
                "partial_scopes",
                default: false,
                """
                Let the user leave out scopes other than openid and those that ACP marks as \
                implicit. Only if ACP is configured to accept fewer scopes than were requested.
                """
            )
            group.end()
            guard let id = WorkspaceID(name) else {
                section.problem("workspaces", "contains a name that is not a server_id")
                continue
            }
            workspaces[id] = .init(family: family, allowsPartialScopes: partial)
        }
        return workspaces
    }

    /// Statuses are the keys: `{ "403": "permanent" }`.
    private static func readings(_ section: Section) -> [Int: StatusPolicy.Reading] {
        let key = "status_policy"
        let node = section.node(
            key,
            default: "{}",
            example: "{ \"403\": \"token_refused\" }",
            """
            Overrides how Beckon treats an HTTP status from 400 to 599 in ACP's response to a \
            report: recorded (done), token_refused (retry once with a new token), look_once (check \
            once whether the report was recorded), missing (ACP no longer has the login), \
            not_processed (retry later), ambiguous (check before retrying) or permanent (never retry).
            """
        )
        guard let node else { return [:] }
        guard case .object(let members) = node.value else {
            section.problem(key, "must be a group of keys, not \(node.kind)")
            return [:]
        }
        var readings: [Int: StatusPolicy.Reading] = [:]
        for member in members {
            // A 2xx has been recorded and a 3xx is never followed.
            guard let status = Int(member.name), (400...599).contains(status),
                member.name == "\(status)"
            else {
                section.problem("\(key).\(member.name)", "must be a status from 400 to 599")
                continue
            }
            guard case .string(let word) = member.node.value,
                let reading = StatusPolicy.Reading(rawValue: word)
            else {
                let words = StatusPolicy.Reading.allCases.map(\.rawValue)
                section.problem(
                    "\(key).\(member.name)",
                    "must be \(Section.list(words))" + Section.hint(member.node, among: words)
                )
                continue
            }
            readings[status] = reading
        }
        return readings
    }
}
