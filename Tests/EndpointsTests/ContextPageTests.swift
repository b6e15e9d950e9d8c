import Engine
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import Endpoints

/// Whoever asks in these tests has the address 192.0.2.7.
@Suite("From where a request comes, as its user sees it")
struct ContextPageTests {
    private static let agent = "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0"

    private static func context(
        _ address: String? = "198.51.100.9",
        _ agent: String? = agent,
        _ place: String? = "<b>Lyon</b>"
    ) -> RequestContext? {
        RequestContext(address: address, agent: agent, place: place)
    }

    // rule: F7
    @Test("is on the page as text, and says whose claim it is")
    func shown() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(context: Self.context())
            let page = await stage.get(prompt.page).text
            #expect(page.contains("Where the request comes from"))
            #expect(page.contains("&lt;b&gt;Lyon&lt;/b&gt;, Firefox – Windows, 198.51.100.9"))
            #expect(page.contains("As the application says."))
            #expect(!page.contains("<b>Lyon"))
        }
        try await Stage.with { stage in
            let page = await stage.get(try await stage.prompt().page).text
            #expect(!page.contains("Where the request comes from"))
        }
    }

    // rule: X2
    @Test(
        "says that the network is another one if it is, and blocks nothing",
        arguments: [
            ("192.0.2.200", false), ("198.51.100.9", true), ("2001:db8::1", false), (nil, false),
        ] as [(String?, Bool)]
    )
    func network(address: String?, isOther: Bool) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(context: Self.context(address))
            let page = await stage.get(prompt.page).text
            #expect(page.contains("This isn’t the network that you’re using now.") == isOther)
            #expect(!page.contains("This looks like the device"))
            #expect(await stage.choose("approve", prompt.ticket).status == 303)
            let outcome = try await stage.store.login(prompt.number)?.login.phase.outcome
            #expect(outcome?.isApproval == true)
        }
    }

    // rule: X8
    @Test(
        "lowers what an approval earns on the same device, where that is set",
        arguments: [
            ("192.0.2.7", agent, true), ("192.0.2.8", agent, false),
            ("192.0.2.7", "Other/1", false),
            (nil, agent, false), ("192.0.2.7", nil, false),
        ] as [(String?, String?, Bool)],
        [true, false]
    )
    func sameDevice(
        device: (address: String?, agent: String?, isSame: Bool),
        isTrusted: Bool
    ) async throws {
        let policy = ApprovalPolicy(
            fallback: [.init(.tap, acr: "urn:one")],
            trustsSameDevice: isTrusted
        )
        try await Stage.with(policy: policy) { stage in
            let prompt = try await stage.prompt(context: Self.context(device.address, device.agent))
            let field = Field("User-Agent", Self.agent)
            let page = await stage.get(prompt.page, [field]).text
            #expect(page.contains("This looks like the device") == device.isSame)
            #expect(await stage.choose("approve", prompt.ticket, [field]).status == 303)
            let outcome = try await stage.store.login(prompt.number)?.login.phase.outcome
            #expect(outcome?.isApproval == true)
            let acr = outcome?.decision?.merit?.acr
            #expect((acr == nil) == (device.isSame && !isTrusted))
        }
    }

    // rule: F7, X2
    @Test(
        "is in what an enrolled device reads, with whether its network is the same",
        arguments: [("192.0.2.200", true), ("198.51.100.9", false), (nil, nil)]
            as [(String?, Bool?)]
    )
    func device(address: String?, isSame: Bool?) async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            try await stage.prompt("one", context: Self.context(address))
            let document = try await phone.document("one")["request_context"]
            #expect(document?["place"]?.string == "<b>Lyon</b>")
            #expect(document?["user_agent"]?.string == Self.agent)
            #expect(document?["address"]?.string == address)
            #expect(document?["same_network"]?.bool == isSame)
            try await stage.prompt("two")
            #expect(try await phone.document("two")["request_context"] == nil)
        }
    }
}
