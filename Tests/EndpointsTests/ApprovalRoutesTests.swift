import Engine
import HTTP
import Identity
import Logins
import Telemetry
import TestSupport
import Testing

@testable import Endpoints

@Suite("The approval page")
struct ApprovalRoutesTests {
    @Test("The approval page shows the client, the scopes, the message and the time left")
    func question() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(
                scopes: [
                    .init(
                        requestedName: "accounts",
                        displayName: "See accounts",
                        explanation: "Balances only."
                    ),
                    .init(requestedName: "reports:all"),
                    .init(requestedName: "offline_access"),
                ]
            )
            let page = await stage.get(prompt.page)
            #expect(page.status == 200)
            // The clock stands at 12:00 and the prompt ends 110 seconds later.
            for text in [
                "Kiosk 12", "See accounts", "Balances only.", "reports:all",
                "Keep access while you’re away",
                "Kiosk 12 / 84-20-17", "12:01 UTC", "data-left=\"110000\"",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
        }
    }

    // rule: X6
    @Test("The approval page has decline first and approve beside it, with nothing preselected")
    func order() async throws {
        try await Stage.with { stage in
            let page = await stage.get(try await stage.prompt().page).text
            let values = page.split(separator: "<button").dropFirst().map { button in
                button.split(separator: "value=\"")[1].prefix { $0 != "\"" }
            }
            #expect(values == ["deny", "approve", "fraud"])
            #expect(!page.contains("autofocus") && !page.contains("checked"))
        }
    }

    @Test(
        "A decision redirects to the page, which then shows only the receipt",
        arguments: [
            ("approve", "Sending your approval", "All done. Return to "),
            ("deny", "You declined", "You declined"),
            ("fraud", "Thanks for telling us", "Thanks for telling us"),
        ]
    )
    func answer(choice: String, first: String, last: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let answer = await stage.choose(choice, prompt.ticket)
            #expect(answer.status == 303)
            #expect(answer.field("location") == prompt.ticket)
            let reporting = await stage.get(prompt.page).text
            #expect(reporting.contains(first) && reporting.contains(">Sending<"))
            #expect(!reporting.contains(">Approved<"))
            #expect(reporting.contains("http-equiv=\"refresh\" content=\"2\""))
            try await stage.apply(.reportTaken(confirmed: true), to: prompt.number)
            let settled = await stage.get(prompt.page).text
            #expect(settled.contains(last) && settled.contains(">Delivered<"))
            #expect(!settled.contains("http-equiv=\"refresh\"") && !settled.contains("data-state"))
            for page in [reporting, settled] {
                // A receipt names the request, but does not open it again.
                #expect(!page.contains("84-20-17") && !page.contains("Balances"))
                #expect(page.contains("Kiosk 12") && !page.contains("<form"))
            }
        }
    }

    @Test("A receipt does not say Approved when the server refused the approval")
    func undelivered() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            _ = await stage.choose("approve", prompt.ticket)
            try await stage.apply(.reportRefused("no"), to: prompt.number)
            let page = await stage.get(prompt.page).text
            #expect(page.contains("Approval not delivered") && !page.contains("Approved"))
        }
    }

    @Test("A fraud report is logged as a warning")
    func fraud() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            _ = await stage.choose("fraud", prompt.ticket)
            #expect(stage.log.events == ["login.reported_as_fraud"])
            #expect(stage.log.lines.allSatisfy { $0.level == .warning })
            #expect(!stage.log.lines.contains { $0.members.contains(prompt.ticket) })
        }
    }

    @Test("A decision is logged with its login, trace and request")
    func decided() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            _ = await stage.choose("deny", prompt.ticket)
            #expect(stage.log.events == ["login.decided"])
            let expected =
                #""id":0,"login_id":"\#(prompt.id)","#
                + #""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","request_id":42,"#
                + #""reference":"QG8V-XZWQ","decision":"deny","family":"scopes""#
            #expect(stage.log.lines.first?.members == expected)
        }
    }

    @Test("A repeated decision is accepted and a different one gets 409")
    func repeats() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            #expect(await stage.choose("deny", prompt.ticket).status == 303)
            #expect(await stage.choose("deny", prompt.ticket).status == 303)
            let other = await stage.choose("approve", prompt.ticket)
            #expect(other.status == 409)
            #expect(
                other.text.contains("You already answered") && other.text.contains("You declined")
            )
        }
    }

    @Test("A decision after the prompt's end gets 410, and the page shows no form")
    func late() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            stage.clock.advance(by: .seconds(110))
            let page = await stage.get(prompt.page)
            #expect(page.text.contains("Time’s up") && !page.text.contains("<form"))
            #expect(!page.text.contains("84-20-17"))
            #expect(await stage.choose("approve", prompt.ticket).status == 410)
            try await stage.apply(.deadlinePassed, to: prompt.number)
            #expect(await stage.choose("approve", prompt.ticket).status == 410)
            #expect(await stage.get(prompt.page).text.contains("Request expired"))
        }
    }

    @Test("Every unknown ticket gets the same page")
    func unknown() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let foreign = PromptTicket(for: prompt.number).text
            let absent = PromptTicket(for: LoginNumber(999)).text
            var pages: Set<String> = []
            for ticket in ["x", foreign, absent, String(prompt.ticket.dropLast())] {
                let looked = await stage.get("/approve/" + ticket)
                let chosen = await stage.choose("deny", ticket)
                let state = await stage.get("/approve/\(ticket)/state?seen=waiting")
                #expect(looked.status == 404 && chosen.status == 404 && state.status == 404)
                pages.formUnion([looked.text, chosen.text])
            }
            #expect(pages.count == 1)
        }
    }

    @Test("Without approval by tap, the page can decline but not approve")
    func tapping() async throws {
        try await Stage.with(tap: false) { stage in
            let prompt = try await stage.prompt()
            let page = await stage.get(prompt.page).text
            #expect(!page.contains("value=\"approve\"") && page.contains("open the app"))
            let refused = await stage.choose("approve", prompt.ticket)
            #expect(refused.status == 403 && refused.text.contains("your app"))
            #expect(await stage.choose("deny", prompt.ticket).status == 303)
        }
    }

    @Test("A login in preparation shows that and refuses decisions")
    func preparing() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(isReady: false)
            #expect(await stage.get(prompt.page).text.contains("Preparing the request"))
            let answer = await stage.choose("approve", prompt.ticket)
            #expect(answer.status == 409 && answer.text.contains("Preparing the request"))
        }
    }

    @Test("A failing store gets 503 with Retry-After")
    func down() async {
        let stage = Stage.broken
        let ticket = PromptTicket(for: LoginNumber(1)).text
        for response in [
            await stage.get("/approve/" + ticket), await stage.choose("deny", ticket),
            await stage.get("/approve/\(ticket)/state"),
        ] {
            #expect(response.status == 503)
            #expect(response.field("retry-after") == "1")
        }
        #expect(stage.log.events == Array(repeating: "decision.store_failed", count: 3))
    }

    @Test(
        "A form from another origin is refused",
        arguments: [
            ([Field("Sec-Fetch-Site", "same-origin")], 303),
            ([Field("Sec-Fetch-Site", "none")], 303),
            ([Field("Sec-Fetch-Site", "same-site")], 403),
            ([Field("Sec-Fetch-Site", "cross-site")], 403),
            ([Field("Origin", "https://login.bank.example")], 303),
            ([Field("Origin", "https://prompts.bank.example:8443")], 303),
            ([Field("Origin", "https://evil.example")], 403),
            ([Field("Origin", "null")], 403),
            ([Field("Origin", "null"), Field("Sec-Fetch-Site", "same-origin")], 303),
            ([Field("Origin", "null"), Field("Sec-Fetch-Site", "none")], 403),
            ([Field("Origin", "null"), Field("Sec-Fetch-Site", "cross-site")], 403),
            ([Field("Origin", "HTTPS://Login.Bank.Example")], 303),
            ([Field("Origin", "https://login.bank.example:443")], 303),
            ([Field("Origin", "http://login.bank.example:80")], 303),
            ([Field("Origin", "https://login.bank.example:80")], 403),
            ([Field("Origin", "https://login.bank.example:8443")], 403),
            ([Field("Origin", "https://prompts.bank.example")], 403),
            ([Field("Origin", "http://prompts.bank.example:8443")], 403),
            ([Field("Origin", "https://login.bank.example/")], 403),
            ([Field("Origin", "login.bank.example")], 403),
            ([Field("Origin", "https://login.bank.example.evil.example")], 403),
            (
                [
                    Field("Origin", "https://evil.example"),
                    Field("Sec-Fetch-Site", "same-origin"),
                ], 403
            ),
            ([Field("Origin", "https://login.bank.example"), Field("Origin", "null")], 403),
            ([], 303),
        ]
    )
    func origin(fields: [Field], status: Int) async throws {
        let settings = ApprovalRoutes.Settings(publicURL: "https://prompts.bank.example:8443/base")
        try await Stage.with(settings: settings) { stage in
            let prompt = try await stage.prompt()
            #expect(await stage.choose("deny", prompt.ticket, fields).status == status)
        }
    }

    @Test(
        "A form's origin equals the host however default ports and letters are written",
        arguments: [
            ("LOGIN.bank.example", "https://login.bank.example"),
            ("login.bank.example:443", "https://login.bank.example"),
            ("login.bank.example:80", "http://login.bank.example"),
            ("[2001:DB8::1]:443", "https://[2001:db8::1]"),
        ]
    )
    func spelling(host: String, origin: String) {
        let fields = [Field("Host", host), Field("Origin", origin)]
        let request = Request.example(.post, "/", fields: fields)
        #expect(SameOrigin.allows(request, publicOrigin: nil))
        let other = [Field("Host", host + "1"), Field("Origin", origin)]
        #expect(!SameOrigin.allows(.example(.post, "/", fields: other), publicOrigin: nil))
        for url in ["https://Prompts.example:443/base", "https://prompts.example"] {
            let fields = [Field("Host", "internal"), Field("Origin", "https://prompts.example")]
            let request = Request.example(.post, "/", fields: fields)
            #expect(SameOrigin.allows(request, publicOrigin: SameOrigin.origin(of: url)))
        }
    }

    @Test(
        "A malformed form is refused and changes nothing",
        arguments: [
            ("application/json", #"{"decision":"approve"}"#, 415),
            ("text/plain", "decision=approve", 415),
            ("application/x-www-form-urlencoded", "", 400),
            ("application/x-www-form-urlencoded", "decision=Approve", 400),
            ("application/x-www-form-urlencoded", "decision=cancel", 400),
            ("application/x-www-form-urlencoded", "decision=deny&decision=approve", 400),
            ("application/x-www-form-urlencoded", "decision=%zz", 400),
            (
                "application/x-www-form-urlencoded",
                "decision=approve&x=" + String(repeating: "x", count: 65_536), 413
            ),
        ]
    )
    func badForm(type: String, body: String, status: Int) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let response = await stage.send(
                .post,
                prompt.page,
                [Field("Content-Type", type)],
                body
            )
            #expect(response.status == status)
            #expect(try await stage.store.login(prompt.number)?.login.phase.name == .waiting)
        }
    }

    @Test("A page is sent with security headers")
    func headers() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            for page in [await stage.get(prompt.page), await stage.get("/approve/x")] {
                #expect(
                    page.field("content-security-policy")
                        == "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                        + "connect-src 'self'; form-action 'self'; base-uri 'none'; "
                        + "frame-ancestors 'none'"
                )
                #expect(page.field("cache-control") == "no-store")
                #expect(page.field("referrer-policy") == "same-origin")
                #expect(page.field("x-content-type-options") == "nosniff")
                #expect(page.field("x-frame-options") == "DENY")
                #expect(page.field("cross-origin-opener-policy") == "same-origin")
                #expect(page.field("permissions-policy")?.contains("payment=()") == true)
                // What the policy forbids is not there either.
                #expect(!page.text.contains("style=\"") && !page.text.contains("<style"))
                #expect(!page.text.contains("://"))
            }
        }
    }

    @Test("A page can be framed by the configured origins only")
    func framed() async throws {
        let settings = ApprovalRoutes.Settings(frameAncestors: ["https://bank.example"])
        try await Stage.with(settings: settings) { stage in
            let page = await stage.get(try await stage.prompt().page)
            #expect(
                page.field("content-security-policy")?.hasSuffix(
                    "frame-ancestors https://bank.example"
                ) == true
            )
            #expect(page.field("x-frame-options") == nil)
        }
        #expect(!ApprovalRoutes.Settings.isFrameAncestor("https://a; script-src *"))
    }

    @Test("A page loads assets that exist and are named after their content")
    func assets() async throws {
        try await Stage.with { stage in
            let page = await stage.get(try await stage.prompt().page).text
            let files = page.split(separator: "../assets/").dropFirst().map { rest in
                String(rest.prefix { $0 != "\"" })
            }
            #expect(files.count == 3)
            for file in files {
                let asset = await stage.get("/assets/" + file)
                #expect(asset.status == 200 && !asset.body.isEmpty)
                #expect(asset.field("cache-control")?.contains("immutable") == true)
            }
            #expect(await stage.get("/assets/beckon.000000000000000.css").status == 404)
        }
    }

    @Test("A request for the phase waits until the phase changes")
    func waiting() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            #expect(await stage.get(prompt.page + "/state").text == #"{"phase":"waiting"}"#)
            #expect(await stage.get(prompt.page + "/state?seen=x").status == 400)
            try await within {
                async let news = stage.get(prompt.page + "/state?seen=waiting")
                _ = await stage.decide("deny", prompt)
                #expect(await news.text == #"{"phase":"reporting"}"#)
            }
        }
    }
}
