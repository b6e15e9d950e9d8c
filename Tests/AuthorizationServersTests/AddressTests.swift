import AuthorizationServers
import HTTP
import Logins
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
        "are built by the table of cloudentity.md section 2",
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
}
