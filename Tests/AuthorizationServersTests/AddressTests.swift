import AuthorizationServers
import HTTP
import Logins
import TestSupport
import Testing

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
            clientID: "c",
            credentials: { ClientCredentials(.secretBasic("s")) }
        )
        let tenant = TenantID("bank")
        let key = LoginKey(
            server: outbound.server,
            tenant: tenant,
            login: try #require(LoginID(row.login))
        )
        #expect(outbound.scopeGrantURL(of: key) == row.grant)
        #expect(outbound.tokenURL(for: tenant) == row.token)
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

    @Test("of consents are built by the same table", arguments: consentRows.indices)
    func consents(_ index: Int) throws {
        let row = Self.consentRows[index]
        var outbound = CloudentityOutbound(
            server: try #require(AuthorizationServerID("acp")),
            acp: row.acp,
            domainMode: row.mode,
            consentStyle: row.style,
            clientID: "c",
            credentials: { ClientCredentials(.secretBasic("s")) }
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
