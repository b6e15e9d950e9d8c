import HTTP
import Logins
import OAuthClient
import Telemetry
import TestSupport
import Texts

@testable import AuthorizationServers

/// An adapter with its server scripted around it, for everything about consents.
struct ConsentStage {
    typealias Act = Result<OutboundResponse, OutboundError>

    let clock = ManualClock()
    let log = CapturedLog()
    let http: ScriptedServer
    let server: CloudentityServer

    static let workspaces: [WorkspaceID: CloudentityWorkspaces.Workspace] = [
        .named("uk"): .init(family: .openBankingUK),
        .named("br"): .init(family: .openBankingBrasil),
        .named("fdx"): .init(family: .fdx),
        .named("cdr"): .init(family: .cdr),
        .named("ksa"): .init(family: .ksa),
        .named("plain"): .init(family: .scopeGrant),
        .named("partial"): .init(family: .scopeGrant, allowsPartialScopes: true),
    ]

    /// The script answers all but the token endpoint, by method and path after the base.
    init(
        workspaces: [WorkspaceID: CloudentityWorkspaces.Workspace] = workspaces,
        versions: [Int] = BrasilPayment.standardVersions,
        refusesLate: Bool = true,
        statusPolicy: StatusPolicy = StatusPolicy(),
        plainScopes: Set<String> = [],
        _ script: @escaping @Sendable (_ method: Method, _ path: String) -> Act
    ) {
        http = ScriptedServer { request, _ in
            if request.url.hasSuffix("/oauth2/token") {
                return ReportTests.status(200, #"{"access_token":"t","expires_in":3600}"#)
            }
            return script(request.method, Self.path(request))
        }
        let standards = ConsentStandard.all.map { standard in
            switch standard.name {
            case "obbr":
                ConsentStandard(
                    standard.name,
                    [BrasilData(), BrasilPayment(versions: versions)],
                    scopes: standard.scopes,
                    recognises: standard.recognises
                )
            default: standard
            }
        }
        let settings = CloudentityOutbound(
            server: .named("acp"),
            acp: "https://acp.example",
            clientID: "beckon",
            workspaces: CloudentityWorkspaces(
                workspaces,
                standards: standards,
                plainScopes: Set(plainScopes.map(\.exact))
            ),
            statusPolicy: statusPolicy,
            refusesLate: refusesLate
        )
        server = CloudentityServer(
            settings,
            credentials: { ClientCredentials(.secretBasic("secret")) },
            http: http,
            clock: clock,
            log: log.logger
        )
    }

    /// One answer wherever the example's consent is fetched; nothing anywhere else.
    init(_ example: ConsentExample, answer: String? = nil, refusesLate: Bool = true) {
        let answer = answer ?? example.answer
        self.init(refusesLate: refusesLate) { method, path in
            method == .get && path == "\(example.path)/l1"
                ? ReportTests.status(200, answer) : ReportTests.status(404)
        }
    }

    /// After `/bank/system/` or `/api/system/bank/`.
    private static func path(_ request: OutboundRequest) -> String {
        for base in ["https://acp.example/bank/system/", "https://acp.example/api/system/bank/"]
        where request.url.hasPrefix(base) {
            return String(request.url.dropFirst(base.count))
        }
        return request.url
    }

    /// What was called, tokens apart: `GET open-banking/…/l1`.
    var calls: [String] {
        http.requests.filter { !$0.url.hasSuffix("/oauth2/token") }
            .map { "\($0.method.name) \(Self.path($0))" }
    }

    /// A login that arrived half a minute ago.
    func login(_ details: PendingLogin.Details, age: Int64 = 30) -> PendingLogin {
        .arrived(at: clock.now() - .seconds(age), reportsExpiry: .always, details)
    }

    func consent(of example: ConsentExample) async -> ConsentAnswer {
        await server.consent(of: login(example.details))
    }
}

extension CloudentityWorkspaces.Family {
    static let openBankingUK = named("obuk")
    static let openBankingBrasil = named("obbr")
    static let fdx = named("fdx")
    static let cdr = named("cdr")
    static let ksa = named("ksa")

    private static func named(_ name: String) -> Self {
        guard let family = Self(rawValue: name) else {
            preconditionFailure("\(name) is a family")
        }
        return family
    }
}
