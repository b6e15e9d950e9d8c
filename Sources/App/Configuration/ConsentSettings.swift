public import AuthorizationServers
import Logins

/// Which consents an authorization server has, and how they are reported (`cloudentity.md` 1.6,
/// 2, 3 and 6.2).
public struct ConsentSettings: Sendable {
    /// Where the addresses of consents are (`cloudentity.md` 2).
    public enum Style: String, CaseIterable, Sendable {
        case systemWorkspace = "system_workspace"
        case apiSystem = "api_system"
    }

    /// What a workspace's logins are for (`cloudentity.md` 1.6).
    public enum Family: String, CaseIterable, Sendable {
        case auto
        case scopeGrant = "scope_grant"
        case openBankingUK = "obuk"
        case openBankingBrasil = "obbr"
        case fdx, cdr, ksa
    }

    /// Default `system_workspace`.
    public var style: Style
    /// Overrides the table of `cloudentity.md` 2.
    public var baseURL: String?
    /// By `server_id`; what is not there is `auto`.
    public var workspaces: CloudentityWorkspaces
    /// What Open Finance Brasil is told of why a consent was rejected.
    public var rejectionCodes: RejectionCodes
    /// What a status means that is not read by the table of `cloudentity.md` 6.2.
    public var statusPolicy: StatusPolicy

    init(_ section: Section, plain: Section.PlainHTTP) {
        style = section.choice("consent_api_style", default: .systemWorkspace)
        baseURL = section.url("consent_base_url", plain: plain)
        workspaces = CloudentityWorkspaces(
            Self.workspaces(section),
            brasilPaymentVersions: Self.versions(section)
        )
        rejectionCodes = Self.codes(section.group("rejection_codes"))
        statusPolicy = StatusPolicy(overrides: Self.readings(section))
    }

    /// Whether consents are sure to be asked for.
    var hasConsents: Bool {
        workspaces.workspaces.values.contains { $0.family != .auto && $0.family != .scopeGrant }
    }

    private static func workspaces(
        _ section: Section
    ) -> [WorkspaceID: CloudentityWorkspaces.Workspace] {
        var workspaces: [WorkspaceID: CloudentityWorkspaces.Workspace] = [:]
        for (name, group) in section.named("workspaces") {
            let family: Family = group.choice("family", default: .auto)
            let partial = group.flag("partial_scopes", default: false)
            group.end()
            guard let id = WorkspaceID(name) else {
                section.problem("workspaces", "holds a name that is no server_id")
                continue
            }
            workspaces[id] = .init(family: family.adapter, allowsPartialScopes: partial)
        }
        return workspaces
    }

    private static func versions(_ section: Section) -> [Int] {
        let key = "brasil_payment_versions"
        var versions: [Int] = []
        for (position, node) in section.elements(key) {
            guard case .number(let number) = node.value, let version = Int(exactly: number),
                (1...3).contains(version), !versions.contains(version)
            else {
                section.problem(
                    key,
                    at: position,
                    node,
                    "must be 1, 2 or 3, each at most once; ACP has no interface for later "
                        + "versions, whose consents are rejected as unsupported"
                )
                continue
            }
            versions.append(version)
        }
        return section.has(key) ? versions : CloudentityWorkspaces().brasilPaymentVersions
    }

    private static func codes(_ section: Section) -> RejectionCodes {
        func codes(_ group: Section) -> [RejectionCodes.Cause: String] {
            var codes: [RejectionCodes.Cause: String] = [:]
            for cause in RejectionCodes.Cause.allCases {
                codes[cause] = group.text(cause.rawValue)
            }
            group.end()
            return codes
        }
        let data = codes(section.group("data"))
        let payments = codes(section.group("payments"))
        section.end()
        return RejectionCodes(data: data, payments: payments)
    }

    /// Statuses are names of their own here: `{ "403": "permanent" }`.
    private static func readings(_ section: Section) -> [Int: StatusPolicy.Reading] {
        let key = "status_policy"
        guard let node = section.node(key) else { return [:] }
        guard case .object(let members) = node.value else {
            section.problem(key, "must be a group of keys, not \(node.kind)")
            return [:]
        }
        var readings: [Int: StatusPolicy.Reading] = [:]
        for member in members {
            // A 2xx has landed and a 3xx is never followed, whatever anybody wants.
            guard let status = Int(member.name), (400...599).contains(status) else {
                section.problem("\(key).\(member.name)", "must be a status from 400 to 599")
                continue
            }
            guard case .string(let word) = member.node.value,
                let reading = StatusPolicy.Reading(rawValue: word)
            else {
                let words = StatusPolicy.Reading.allCases.map(\.rawValue)
                section.problem("\(key).\(member.name)", "must be \(Section.list(words))")
                continue
            }
            readings[status] = reading
        }
        return readings
    }
}

extension ConsentSettings.Family {
    var adapter: CloudentityWorkspaces.Family {
        switch self {
        case .auto: .auto
        case .scopeGrant: .scopeGrant
        case .openBankingUK: .openBankingUK
        case .openBankingBrasil: .openBankingBrasil
        case .fdx: .fdx
        case .cdr: .cdr
        case .ksa: .ksa
        }
    }
}

extension ConsentSettings.Style {
    var adapter: CloudentityOutbound.ConsentStyle {
        switch self {
        case .systemWorkspace: .systemWorkspace
        case .apiSystem: .apiSystem
        }
    }
}
