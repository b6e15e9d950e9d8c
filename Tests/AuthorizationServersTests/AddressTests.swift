import HTTP
import Logins
import OAuthClient
import TestSupport
import Testing

@testable import AuthorizationServers

@Suite("Cloudentity's addresses")
struct AddressTests {
    struct Case: Sendable {
        let mode: CloudentityOutbound.DomainMode
        let acp: String
        let login: String
        let grant: String
        let token: String
    }

    @Test(
        "are built from domain mode, address and tenant",
        arguments: [
            Case(
                mode: .standard,
                acp: "https://acp.example",
                login: "a/b",
                grant: "https://acp.example/api/system/bank/scope-grants/a%2Fb",
                token: "https://acp.example/bank/system/oauth2/token"
            ),
            Case(
                mode: .tenantVanity,
                acp: "https://login.bank.example/",
                login: "x1",
                grant: "https://login.bank.example/api/system/scope-grants/x1",
                token: "https://login.bank.example/system/oauth2/token"
            ),
            Case(
                mode: .serverVanity,
                acp: "https://ciba.bank.example/base/",
                login: "ü ?#",
                grant: "https://ciba.bank.example/base/api/system/scope-grants/%C3%BC%20%3F%23",
                token: "https://ciba.bank.example/base/oauth2/token"
            ),
        ]
    )
    func table(row: Case) throws {
        let outbound = CloudentityOutbound(
            server: try #require(AuthorizationServerID("acp")),
            acp: row.acp,
            domainMode: row.mode,
            clientID: "c"
        )
        let tenant = TenantID("bank")
        let key = LoginKey(
            server: outbound.server,
            tenant: tenant,
            login: try #require(LoginID(row.login))
        )
        #expect(outbound.scopeGrantURL(of: key) == row.grant)
        let issuer = row.token.replacing("/oauth2/token", with: "")
        #expect(outbound.tokenEndpoint(for: tenant) == .url(row.token, issuer: issuer))
    }

    @Test(
        "have no dot segments, whatever a peer names",
        arguments: [
            (tenant: "bank", login: ".."), ("bank", "."), ("..", "L1"), (".", "L1"),
            ("bank", "a/.."),
            ("bank", "..%2F"), ("bank", "%2e%2e"), ("bank", "..."),
        ],
        CloudentityOutbound.DomainMode.allCases
    )
    func dots(names: (tenant: String, login: String), mode: CloudentityOutbound.DomainMode) throws {
        let outbound = CloudentityOutbound(
            server: try #require(AuthorizationServerID("acp")),
            acp: "https://acp.example",
            domainMode: mode,
            clientID: "c"
        )
        let key = LoginKey(
            server: outbound.server,
            tenant: TenantID(names.tenant),
            login: try #require(LoginID(names.login))
        )
        let kinds = ConsentStandard.all.flatMap { $0.families.map(\.kind) }
        let addresses =
            [outbound.scopeGrantURL(of: key)] + kinds.map { outbound.consentURL($0, of: key) }
        let isDot = [".", ".."].contains(names.login)
        for address in addresses.compactMap({ $0 }) {
            let segments = address.split(separator: "/").map { $0.lowercased() }
            for dot in [".", "..", "%2e", "%2e%2e", ".%2e", "%2e."] {
                #expect(!segments.contains(dot), "\(address)")
            }
        }
        #expect(
            addresses.contains(nil)
                == (isDot || mode == .standard && key.tenant?.value.first == ".")
        )
        if mode == .standard, names.tenant != "bank" {
            #expect(outbound.tokenEndpoint(for: key.tenant) == nil)
        }
    }

    @Test("of tokens come from the configuration, then from discovery (BP-4)")
    func tokenEndpoint() throws {
        var outbound = CloudentityOutbound(
            server: try #require(AuthorizationServerID("acp")),
            acp: "https://acp.example",
            discovery: .standard,
            clientID: "c"
        )
        for tenant in ["bank", "other"] {
            #expect(
                outbound.tokenEndpoint(for: TenantID(tenant))
                    == .discovered(issuer: "https://acp.example/\(tenant)/system")
            )
        }
        #expect(outbound.tokenEndpoint(for: nil) == nil)
        let issuer = "https://login.example/retail"
        outbound.discovery = .at(issuer + Discovery.path)
        #expect(outbound.tokenEndpoint(for: nil) == .discovered(issuer: issuer))
        outbound.tokenURL = "https://mine.example/t"
        #expect(
            outbound.tokenEndpoint(for: nil) == .url("https://mine.example/t", issuer: issuer)
        )
    }

    typealias ConsentRow = (
        mode: CloudentityOutbound.DomainMode, style: CloudentityOutbound.ConsentStyle, acp: String,
        base: String
    )

    static let consentRows: [ConsentRow] = [
        (.standard, .systemWorkspace, "https://acp.example", "https://acp.example/bank/system"),
        (.standard, .apiSystem, "https://acp.example/", "https://acp.example/api/system/bank"),
        (.tenantVanity, .systemWorkspace, "https://l.example/", "https://l.example/system"),
        (.tenantVanity, .apiSystem, "https://l.example", "https://l.example/api/system"),
        (.serverVanity, .systemWorkspace, "https://s.example/b/", "https://s.example/b"),
        (.serverVanity, .apiSystem, "https://s.example/b", "https://s.example/b/api/system"),
    ]

    @Test("of consents follow from domain mode and style", arguments: consentRows.indices)
    func consents(_ index: Int) throws {
        let row = Self.consentRows[index]
        var outbound = CloudentityOutbound(
            server: try #require(AuthorizationServerID("acp")),
            acp: row.acp,
            domainMode: row.mode,
            consentStyle: row.style,
            clientID: "c"
        )
        let key = LoginKey(
            server: outbound.server,
            tenant: TenantID("bank"),
            login: try #require(LoginID("x/1"))
        )
        #expect(
            outbound.consentURL(.ukAccountAccess, of: key)
                == row.base + "/open-banking/account-access-consent/x%2F1"
        )
        #expect(
            outbound.consentURL(.brasilPayment, of: key)
                == row.base + "/open-banking-brasil/payment/x%2F1"
        )
        outbound.consentBaseURL = "https://consents.example/base/"
        #expect(
            outbound.consentURL(.fdx, of: key) == "https://consents.example/base/fdx/fdx/x%2F1"
        )
        // Scope grants are of the other group.
        #expect(outbound.scopeGrantURL(of: key)?.contains("/api/system") == true)
    }
}
