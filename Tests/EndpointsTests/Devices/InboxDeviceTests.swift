import Access
import Devices
import Endpoints
import Engine
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("Devices in the inbox")
struct InboxDeviceTests {
    private func device(
        _ id: String,
        _ name: String,
        of user: String,
        _ stage: SignOnStage
    ) async throws {
        let now = stage.clock.now()
        let device = Device(
            id: .named(id),
            user: .named(user),
            name: name,
            platform: .ios,
            createdAt: now,
            lastSeenAt: now
        )
        #expect(try await stage.store.devices.commit([.addDevice(device)]) == nil)
    }

    // rule: P11
    @Test("are added by a code, shown once as text and picture, which is stored as a digest only")
    func code() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            let token = try await browser.formToken()
            let page = try await browser.send(.post, "/inbox/devices/code", form: [token])
            #expect(page.status == 200)
            #expect(page.field("cache-control")?.contains("no-store") == true)
            #expect(page.text.contains("<svg class=\"code\" role=\"img\""))
            let found = try #require(
                page.text.firstMatch(of: /[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/)
            )
            let code = try #require(EnrolmentCode(String(found.0)))
            let now = stage.clock.now()
            #expect(try await stage.store.devices.isWaiting(code, at: now))
            let redeemed = try await stage.store.devices.redeem(code, at: now) { _ in [] }
            guard case .done(let enrolment) = redeemed else {
                Issue.record("not redeemed")
                return
            }
            #expect(enrolment.user == .named("customer-4711"))
            #expect(try await stage.audit().contains { $0.kind == "enrolment.issued" })
            #expect(try await !browser.send(.get, "/inbox").text.contains(code.text))
        }
    }

    @Test("are listed by name, which is shown as text, and revoked by their user only")
    func revoked() async throws {
        try await SignOnStage.with { stage in
            try await device("own", "Anna's <phone>", of: "customer-4711", stage)
            try await device("other", "Bob's phone", of: "bob", stage)
            let browser = stage.browser()
            _ = try await browser.signIn()
            let page = try await browser.send(.get, "/inbox").text
            #expect(
                page.contains("Anna&#39;s &lt;phone&gt;") || page.contains("Anna's &lt;phone&gt;")
            )
            #expect(!page.contains("Bob"))
            let token = try await browser.formToken()
            for path in ["/inbox/devices/other/revoke", "/inbox/devices/made-up/revoke"] {
                #expect(try await browser.send(.post, path, form: [token]).status == 404)
            }
            let forged = try await browser.send(
                .post,
                "/inbox/devices/own/revoke",
                form: [Field("a", "b")]
            )
            #expect(forged.status == 403)
            let nobody = try await stage.browser().send(.post, "/inbox/devices/code", form: [])
            #expect(nobody.status == 401)
            let answer = try await browser.send(.post, "/inbox/devices/own/revoke", form: [token])
            #expect(answer.status == 303)
            #expect(try await stage.store.devices.device(.named("own")) == nil)
            #expect(try await stage.store.devices.device(.named("other")) != nil)
            #expect(try await stage.audit().contains { $0.kind == "device.revoked" })
        }
    }

    @Test("are limited: nobody gets a code for one more than they may have")
    func limited() async throws {
        try await SignOnStage.with { stage in
            for index in 0..<DeviceDesk.mostOfUser {
                try await device("d\(index)", "Phone", of: "customer-4711", stage)
            }
            let browser = stage.browser()
            _ = try await browser.signIn()
            let token = try await browser.formToken()
            let answer = try await browser.send(.post, "/inbox/devices/code", form: [token])
            #expect(answer.status == 409)
        }
    }
}
