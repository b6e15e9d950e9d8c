import Consents
import Cryptography
import Engine
import HTTP
import JSON
import Localization
import Logins
import SQLStore
import TestSupport
import Testing

@testable import Endpoints

/// The number of a binding message on pages and in the device interface.
@Suite("A number to be matched")
struct NumberPageTests {
    static let number = "730194"
    static let message = "Kiosk 12, code 730194"

    static func rule(_ matching: NumberMatching) throws -> NumberRule {
        NumberRule(matching, try NumberPattern("######"))
    }

    private static func with(
        _ matching: NumberMatching,
        language: String? = nil,
        _ body: (Stage, Prompted) async throws -> Void
    ) async throws {
        try await Stage.with(language: language) { stage in
            try await body(
                stage,
                try await stage.prompt(message: message, numbers: rule(matching))
            )
        }
    }

    private static func login(_ stage: Stage, _ prompt: Prompted) async throws -> PendingLogin {
        try require(try await stage.store.login(prompt.number)).login
    }

    /// The numbers that a page offers, and which of them are chosen already.
    private static func offered(_ page: String) -> (numbers: [String], chosen: Int) {
        let inputs = page.matches(of: /<input type="radio" name="code" value="([0-9]+)"([^>]*)>/)
        return (
            inputs.map { String($0.1) }, inputs.count { $0.2.contains("checked") }
        )
    }

    @Test("is shown beside the message", arguments: [NumberMatching.show, .off])
    func shown(matching: NumberMatching) async throws {
        try await Self.with(matching) { stage, prompt in
            let page = await stage.get(prompt.page).text
            #expect(page.contains(Self.message))
            #expect(page.contains("Compare this number") == (matching == .show))
            #expect(page.contains("big-number\"><bdi dir=\"ltr\">730194") == (matching == .show))
            #expect(!page.contains("name=\"code\"") && !page.contains("no-enter"))
            #expect(await stage.choose("approve", prompt.ticket).status == 303)
            let login = try await Self.login(stage, prompt)
            #expect(login.phase.outcome?.isApproval == true)
        }
    }

    // rule: N3
    @Test("is entered in a field, and its digits are hidden in the message")
    func entered() async throws {
        try await Self.with(.enter) { stage, prompt in
            let page = await stage.get(prompt.page).text
            #expect(page.contains("Kiosk 12, code ••••••") && !page.contains(Self.number))
            #expect(page.contains("<label for=\"code-field\">"))
            let field = try #require(page.firstMatch(of: /<input id="code-field"[^>]*>/)).output
            #expect(field.contains("name=\"code\"") && field.contains("required=\"\""))
            #expect(
                field.contains("inputmode=\"numeric\"") && field.contains("autocomplete=\"off\"")
            )
            #expect(!field.contains("value="))
            // Wrong: the page says so, and keeps nothing of it.
            let wrong = await stage.choose("approve", prompt.ticket, also: "&code=730195")
            #expect(wrong.status == 422 && wrong.text.contains("4 attempts left."))
            #expect(
                wrong.text.contains("href=\"#code\"") && wrong.text.contains("id=\"code-error\"")
            )
            #expect(!wrong.text.contains("730195") && !wrong.text.contains(Self.number))
            let missing = await stage.choose("approve", prompt.ticket)
            #expect(missing.status == 422 && !missing.text.contains("attempts left"))
            #expect(try await Self.login(stage, prompt).wrongCodes == 1)
            let right = await stage.choose("approve", prompt.ticket, also: "&code=730+194")
            #expect(right.status == 303)
            let decision = try await Self.login(stage, prompt).phase.outcome?.decision
            #expect(decision?.matched == .enter)
            #expect(await !stage.get(prompt.page).text.contains(Self.number))
        }
    }

    @Test("is chosen among three, of which none is chosen already, and others follow a wrong one")
    func chosen() async throws {
        try await Self.with(.choose) { stage, prompt in
            let first = Self.offered(await stage.get(prompt.page).text)
            #expect(first.numbers.count == 3 && first.chosen == 0)
            #expect(first.numbers.contains(Self.number))
            #expect(Self.offered(await stage.get(prompt.page).text).numbers == first.numbers)
            // The message does not tell which is right.
            #expect(await stage.get(prompt.page).text.contains("code ••••••"))
            let wrong = try #require(first.numbers.first { $0 != Self.number })
            let answer = await stage.choose("approve", prompt.ticket, also: "&code=" + wrong)
            #expect(answer.status == 422)
            let second = Self.offered(answer.text)
            #expect(second.numbers.count == 3 && second.chosen == 0)
            #expect(Set(first.numbers).intersection(second.numbers) == [Self.number])
            let right = await stage.choose("approve", prompt.ticket, also: "&code=730194")
            #expect(right.status == 303)
            #expect(
                try await Self.login(stage, prompt).phase.outcome?.decision?.matched == .choose
            )
        }
    }

    // rule: X6
    @Test(
        "makes the Enter key submit nothing: the form's first button cannot be used",
        arguments: [NumberMatching.choose, .enter]
    )
    func enterKey(matching: NumberMatching) async throws {
        try await Self.with(matching) { stage, prompt in
            let page = await stage.get(prompt.page).text
            let buttons = page.matches(of: /<button([^>]*)>/).map(\.1)
            #expect(buttons.first?.contains("disabled=\"\"") == true)
            #expect(buttons.first?.contains("hidden=\"\"") == true)
            #expect(buttons.dropFirst().first?.contains("value=\"deny\"") == true)
            // A reload would drop what is typed.
            let refresh = try #require(page.firstMatch(of: /http-equiv="refresh" content="(\d+)/))
            #expect(try #require(Int(refresh.1)) > 30)
        }
    }

    // rule: P3
    @Test("ends the request at the fifth wrong one, on the page and for an app")
    func fifth() async throws {
        for isApp in [false, true] {
            try await Self.with(.enter) { stage, prompt in
                for left in [4, 3, 2, 1] {
                    let answer = await Self.approve(stage, prompt, "000000", isApp)
                    #expect(answer.status == (isApp ? 403 : 422))
                    #expect(
                        answer.text.contains(
                            isApp
                                ? "\"attempts_left\":\(left)"
                                : left == 1 ? "1 attempt left." : "\(left) attempts left."
                        )
                    )
                }
                let last = await Self.approve(stage, prompt, "000000", isApp)
                #expect(last.status == 403)
                #expect(
                    last.text.contains(isApp ? "\"outcome\":\"failed\"" : "Request stopped")
                )
                #expect(try await Self.login(stage, prompt).phase.outcome == .failed(.wrongCodes))
                #expect(await stage.get(prompt.page).text.contains("Request stopped"))
                // The user is blocked: the next login cannot be approved, and says until when.
                let next = try await stage.prompt(
                    id: "next",
                    message: Self.message,
                    numbers: Self.rule(.enter)
                )
                let blocked = await Self.approve(stage, next, Self.number, isApp)
                #expect(blocked.status == 403)
                if isApp {
                    let problem = try JSONValue(blocked.body)
                    #expect(problem["type"]?.string == "urn:beckon:problem:user-blocked")
                    let until = stage.clock.now() + FailureStanding.firstBlock
                    #expect(
                        problem["blocked_until"]?.string
                            == RFC3339.format(milliseconds: until.milliseconds)
                    )
                } else {
                    #expect(blocked.text.contains("approve at the moment"))
                    #expect(blocked.text.contains("<time"))
                }
                let declined =
                    isApp
                    ? await stage.decide("deny", next) : await stage.choose("deny", next.ticket)
                #expect(declined.status == (isApp ? 200 : 303))
            }
        }
    }

    private static func approve(
        _ stage: Stage,
        _ prompt: Prompted,
        _ code: String,
        _ isApp: Bool
    ) async -> Response {
        guard isApp else {
            return await stage.choose("approve", prompt.ticket, also: "&code=" + code)
        }
        let digest = await stage.digest(prompt.ticket) ?? ""
        return await decide(
            stage,
            prompt,
            #"{"decision":"approve","digest":"\#(digest)","code":"\#(code)"}"#
        )
    }

    private static func decide(
        _ stage: Stage,
        _ prompt: Prompted,
        _ body: String
    ) async -> Response {
        await stage.send(
            .post,
            prompt.device + "/decision",
            [Field("Content-Type", "application/json"), prompt.bearer],
            body
        )
    }

    @Test("is described in the document for apps, and given as a member of the decision")
    func app() async throws {
        let expected: [NumberMatching: String?] = [
            .off: nil, .show: #"{"mode":"show","digits":6,"number":"730194"}"#,
            .enter: #"{"mode":"enter","digits":6,"attempts_left":5}"#,
        ]
        for (matching, document) in expected {
            try await Self.with(matching) { stage, prompt in
                let shown = try JSONValue(await stage.get(prompt.device, [prompt.bearer]).body)
                #expect(
                    shown["number_matching"].map { String(decoding: $0.bytes, as: UTF8.self) }
                        == document
                )
            }
        }
        try await Self.with(.choose) { stage, prompt in
            let shown = try JSONValue(await stage.get(prompt.device, [prompt.bearer]).body)
            let numbers = shown["number_matching"]?["numbers"]?.strings ?? []
            #expect(numbers.count == 3 && numbers.contains(Self.number))
            #expect(shown["binding_message"]?.string == "Kiosk 12, code ••••••")
            let digest = await stage.digest(prompt.ticket) ?? ""
            let wrong = try JSONValue(
                await Self.decide(
                    stage,
                    prompt,
                    #"{"decision":"approve","digest":"\#(digest)","code":"000000"}"#
                ).body
            )
            #expect(wrong["type"]?.string == "urn:beckon:problem:wrong-code")
            #expect(wrong["attempts_left"]?.integer == 4)
            for body in [
                #"{"decision":"approve","digest":"\#(digest)"}"#,
                #"{"decision":"approve","digest":"\#(digest)","code":""}"#,
                #"{"decision":"approve","digest":"\#(digest)","code":null}"#,
            ] {
                let missing = try JSONValue(await Self.decide(stage, prompt, body).body)
                #expect(missing["type"]?.string == "urn:beckon:problem:unfit-selection")
            }
            let long = String(repeating: "7", count: 65)
            for code in ["7", "[]", "\"\(long)\""] {
                let body = #"{"decision":"approve","digest":"\#(digest)","code":\#(code)}"#
                let expected = code == "7" || code == "[]" || code.count > 64 ? 400 : 200
                #expect(await Self.decide(stage, prompt, body).status == expected)
            }
            let right = await Self.decide(
                stage,
                prompt,
                #"{"decision":"approve","digest":"\#(digest)","code":"730194"}"#
            )
            #expect(right.status == 200)
        }
    }

    @Test("is asked for in every language", arguments: Language.allCases)
    func languages(language: Language) async throws {
        let catalogue = Catalogue(language)
        try await Self.with(.enter, language: language.rawValue) { stage, prompt in
            let page = await stage.get(prompt.page).text
            #expect(page.contains(HTML.text(catalogue.text(.numberEnterHeading)).markup))
            #expect(page.contains(HTML.text(catalogue.text(.messageHiddenHelp)).markup))
        }
    }

    @Test("Without one, the page has no button to approve")
    func missing() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(message: "Kiosk 12", numbers: Self.rule(.enter))
            let page = await stage.get(prompt.page).text
            #expect(!page.contains("value=\"approve\"") && page.contains("value=\"deny\""))
            #expect(await stage.choose("approve", prompt.ticket).status == 403)
        }
    }
}
