import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

@Suite("A name that reads as empty")
struct UnreadableNameTests {
    /// The payee's names of each family of payments.
    private static let payees: [(Consent.Kind, [[String]])] = [
        (.ukDomesticPayment, [["Initiation", "CreditorAccount", "Name"]]),
        (.ukDomesticScheduledPayment, [["Initiation", "CreditorAccount", "Name"]]),
        (.ukDomesticStandingOrder, [["Initiation", "CreditorAccount", "Name"]]),
        (
            .ukInternationalPayment,
            [["Initiation", "CreditorAccount", "Name"], ["Initiation", "Creditor", "Name"]]
        ),
        (.brasilPayment, [["creditor", "name"]]),
    ]

    private static let texts = Unreadable.texts.filter { !$0.isEmpty }

    /// Also no name at all.
    private static let names: [JSONValue?] =
        (Unreadable.texts + ["", "0001-01-01T00:00:00Z"]).map { .string($0) } + [.null, nil]

    @Test("of a payee leaves the account number to name them", arguments: names, payees.indices)
    func payee(_ name: JSONValue?, _ index: Int) async throws {
        let (kind, paths) = Self.payees[index]
        let example = ConsentExample.of(kind)
        let original = try example.tree()
        let tree = paths.reduce(original) { tree, path in
            let steps = ([example.member] + path).map { Leaf.Step.name($0) }
            return name.map { tree.setting(steps, to: $0) } ?? tree.removing(steps)
        }
        let stage = ConsentStage(example, answer: String(decoding: tree.bytes, as: UTF8.self))
        guard case .consent(let consent) = await stage.consent(of: example) else {
            Issue.record("\(stage.log.lines)")
            return
        }
        #expect(consent.first(.payee) == nil)
        guard case .account(let account) = consent.first(.payeeAccount) else {
            Issue.record("no account")
            return
        }
        #expect(account.name == nil && !account.identification.isEmpty)
    }

    @Test(
        "of a scope leaves the requested name, and of a client that of the start",
        arguments: texts
    )
    func scope(_ text: String) async throws {
        let text = String(decoding: JSONValue.string(text).bytes, as: UTF8.self)
        let grant = #"""
            {"client_info":{"client_name":\#(text)},"requested_scopes":[
            {"name":"pay","requested_name":"pay.5","display_name":\#(text),"description":\#(text)}]}
            """#
        let stage = ConsentStage { _, _ in ReportTests.status(200, grant) }
        let login = stage.login(
            .init(user: .named("ann"), clientName: "Shop", requestedScopes: ["pay.5"])
        )
        guard case .consent(let consent) = await stage.server.consent(of: login) else {
            Issue.record("\(stage.log.lines)")
            return
        }
        #expect(consent.clientName == "Shop")
        #expect(consent.scopes == [.init(requestedName: "pay.5")])
    }

    @Test("of what is granted cannot be shown", arguments: texts)
    func granted(_ text: String) async throws {
        let name = String(decoding: JSONValue.string(text).bytes, as: UTF8.self)
        let grant = #"{"requested_scopes":[{"name":"pay","requested_name":\#(name)}]}"#
        let stage = ConsentStage { _, _ in ReportTests.status(200, grant) }
        let login = stage.login(.init(user: .named("ann"), requestedScopes: ["pay"]))
        #expect(await stage.server.consent(of: login) == .unusable(.consentUnusable))
    }
}
