import Localization
import Logins
import TestSupport
import Testing

@testable import Endpoints

@Suite("A type of authorization details")
struct DetailTypesTests {
    private static let types = DetailTypes([
        "payment_initiation": [("en", "Pay an <invoice>"), ("pt-BR", "Pagar uma conta")],
        "sign": [("de", "Unterschreiben")],
    ])

    @Test(
        "is called what the operator says, and its own name stays readable",
        arguments: [
            ("payment_initiation", "en", "Pay an &lt;invoice&gt;"),
            ("payment_initiation", "pt-BR", "Pagar uma conta"),
            ("payment_initiation", "ar", "Pay an &lt;invoice&gt;"),
            ("sign", "de", "Unterschreiben"), ("sign", "fr", "Unterschreiben"),
            ("other", "en", nil),
        ] as [(String, String, String?)]
    )
    func label(_ type: String, _ language: String, _ label: String?) async throws {
        let consent = Consent(
            clientName: "Shop",
            scopes: [.init(requestedName: "openid")],
            facts: [Fact(.further("type"), .text(type)), Fact(.further("amount"), .text("5"))],
            authorizationDetails: #"[{"type":"\#(type)","amount":"5"}]"#
        )
        let settings = ApprovalRoutes.Settings(detailTypes: Self.types)
        try await Stage.with(settings: settings, language: language) { stage in
            let prompt = try await stage.prompt(consent)
            let page = await stage.get(prompt.page).text
            #expect(page.contains(">\(type)</bdi>"))
            if let label { #expect(page.contains(">\(label)</bdi>")) }
        }
    }
}
