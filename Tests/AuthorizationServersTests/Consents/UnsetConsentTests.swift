import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// What servers send in place of values that they do not have, where several values can be.
@Suite("What a server leaves unset in a consent")
struct UnsetConsentTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let example: ConsentExample
        /// The member of the consent, by path.
        let path: String
        let written: String
        /// The same without what is unset; nil is no such member.
        let meant: String?

        var testDescription: String { "\(path) \(written)" }
    }

    private static let order = "Initiation."
    private static let domestic = ConsentExample.of(.ukDomesticPayment)
    private static let abroad = ConsentExample.of(.ukInternationalPayment)
    private static let cdr = ConsentExample.of(.cdr)
    private static let charge =
        #"{"ChargeBearer":"Shared","Type":"X","Amount":{"Amount":"1","Currency":"GBP"}}"#
    private static let noCharge =
        #"{"ChargeBearer":"","Type":" ","Amount":{"Amount":"","Currency":""}}"#
    private static let noRate = #"""
        {"UnitCurrency":"","ExchangeRate":0,"RateType":"",
         "ExpirationDateTime":"0001-01-01T00:00:00Z","ContractIdentification":null}
        """#

    static let rows: [Row] = [
        Row(
            example: domestic,
            path: order + "RemittanceInformation.Unstructured",
            written: #"[""]"#,
            meant: nil
        ),
        Row(
            example: domestic,
            path: order + "RemittanceInformation.Structured",
            written: #"[null,{},{"CreditorReferenceInformation":{"Reference":""}}]"#,
            meant: nil
        ),
        Row(
            example: domestic,
            path: "DeliveryAddress.AddressLine",
            written: #"["","Flat 8",null,"0001-01-01"]"#,
            meant: #"["Flat 8"]"#
        ),
        Row(example: domestic, path: "Charges", written: "[null]", meant: nil),
        Row(example: domestic, path: "Charges", written: "[\(noCharge)]", meant: nil),
        Row(
            example: domestic,
            path: "Charges",
            written: "[\(noCharge),\(charge),{}]",
            meant: "[\(charge)]"
        ),
        Row(
            example: domestic,
            path: order + "SupplementaryData",
            written: #"{"A":["",null,"0001-01-01T00:00:00Z","b"]}"#,
            meant: #"{"A":["b"]}"#
        ),
        Row(
            example: domestic,
            path: order + "DebtorAccount",
            written: #"{"SchemeName":"","Identification":"","Name":null}"#,
            meant: nil
        ),
        Row(example: domestic, path: order + "DebtorAccount", written: "{}", meant: nil),
        Row(example: abroad, path: "ExchangeRateInformation", written: noRate, meant: nil),
        Row(
            example: abroad,
            path: order + "ExchangeRateInformation",
            written: noRate,
            meant: nil
        ),
        Row(
            example: .of(.ukAccountAccess),
            path: "Permissions",
            written: #"["ReadBalances","",null]"#,
            meant: #"["ReadBalances"]"#
        ),
        Row(
            example: .of(.brasilData),
            path: "permissions",
            written: #"["","ACCOUNTS_READ"]"#,
            meant: #"["ACCOUNTS_READ"]"#
        ),
        Row(
            example: .of(.fdx),
            path: "resources",
            written: #"""
                [{"resourceType":"","dataClusters":null},
                 {"resourceType":"ACCOUNT","dataClusters":["","TAX",null]}]
                """#,
            meant: #"[{"resourceType":"ACCOUNT","dataClusters":["TAX"]}]"#
        ),
        Row(
            example: cdr,
            path: "account_ids",
            written: #"["","acc-7",null]"#,
            meant: #"["acc-7"]"#
        ),
        Row(
            example: cdr,
            path: "scope_grants",
            written: #"[null,"","bank:transactions:read",{"name":""}]"#,
            meant: #"["bank:transactions:read"]"#
        ),
    ]

    private func shown(_ row: Row, _ value: String?) async throws -> Consent? {
        let path =
            [Leaf.Step.name(row.example.member)]
            + row.path.split(separator: ".").map { .name(String($0)) }
        let tree = try row.example.tree()
        let changed =
            try value.map { tree.setting(path, to: try JSONValue(Array($0.utf8))) }
            ?? tree.removing(path)
        let text = String(decoding: changed.bytes, as: UTF8.self)
        let stage = ConsentStage(row.example, answer: text)
        guard case .consent(let consent) = await stage.consent(of: row.example) else {
            Issue.record("\(value ?? "-"): \(stage.log.lines)")
            return nil
        }
        return consent
    }

    @Test("is absent, also in lists and as whole objects", arguments: rows)
    func absent(_ row: Row) async throws {
        let written = try #require(await shown(row, row.written))
        let meant = try #require(await shown(row, row.meant))
        #expect(written.facts == meant.facts)
        #expect(written.accounts == meant.accounts)
        #expect(written.resources == meant.resources)
    }

    @Test(
        "is absent in the lists of a scope grant",
        arguments: [
            #""requested_acr":[""],"requested_claims_to_consent":["email","",null]"#,
            #""requested_acr":[null," "],"requested_claims_to_consent":["0001-01-01","email"]"#,
            #""request_query_params":{"x":["",null]},"requested_claims_to_consent":["email"]"#,
        ]
    )
    func grant(_ members: String) async throws {
        let grant = #"{"requested_scopes":[null,{"requested_name":"pay"}],\#(members)}"#
        let stage = ConsentStage { _, _ in ReportTests.status(200, grant) }
        let login = stage.login(.init(user: .named("ann"), requestedScopes: ["pay"]))
        guard case .consent(let consent) = await stage.server.consent(of: login) else {
            Issue.record("\(stage.log.lines)")
            return
        }
        #expect(consent.facts == [Fact(.further("requested_claims_to_consent"), .text("email"))])
        #expect(consent.scopes.map(\.requestedName) == ["pay"])
    }

    @Test(
        "is no permission",
        arguments: [
            (Consent.Kind.ukAccountAccess, "Permissions"), (.brasilData, "permissions"),
            (.fdx, "resources"),
        ]
    )
    func noPermission(_ kind: Consent.Kind, _ name: String) async throws {
        let example = ConsentExample.of(kind)
        for list in [#"[""]"#, "[null]", "[]"] {
            let value = try JSONValue(Array(list.utf8))
            let tree = try example.tree()
                .setting([.name(example.member), .name(name)], to: value)
            let text = String(decoding: tree.bytes, as: UTF8.self)
            let stage = ConsentStage(example, answer: text)
            #expect(await stage.consent(of: example) == .unusable(.consentUnusable))
        }
    }
}
