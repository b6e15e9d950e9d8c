import Cryptography
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

/// A number that is given before an approval is confirmed elsewhere.
@Suite("A number to be matched, with a sign-in or a passkey", .timeLimit(.minutes(3)))
struct NumberConfirmationTests {
    private static let number = "730194"

    private static func rule() throws -> NumberRule {
        NumberRule(.enter, try NumberPattern("######"))
    }

    private static func login(
        _ stage: SignOnStage,
        _ number: LoginNumber
    ) async throws -> PendingLogin {
        try require(try await stage.store.login(number)).login
    }

    @Test("is judged before the user leaves to sign in, and not asked for again")
    func signIn() async throws {
        let methods = SignOnStage.Methods(signIn: true)
        try await SignOnStage.with(approving: methods) { stage in
            let prompt = try await stage.prompt("one", numbers: Self.rule())
            let page = "/approve/" + prompt.ticket
            let browser = stage.browser()
            let text = try await browser.send(.get, page).text
            let hidden = text.matches(
                of: /<input type="hidden" name="([^"]+)" value="([^"]*)">/
            ).map { Field(String($0.1), String($0.2)) }
            func choose(_ code: String?) async throws -> Response {
                try await browser.send(
                    .post,
                    page,
                    form: hidden + [Field("decision", "sign-in")]
                        + (code.map { [Field("code", $0)] } ?? [])
                )
            }
            #expect(try await choose(nil).status == 422)
            let wrong = try await choose("000000")
            #expect(wrong.status == 422 && wrong.text.contains("4 attempts left."))
            let right = try await choose(Self.number)
            #expect(right.status == 200)
            let found = try require(right.text.firstMatch(of: /content="0; url=([^"]+)"/))
            let address = found.1.split(separator: "&amp;").joined(separator: "&")
            let request = try require(
                Form(Array(String(address.split(separator: "?").last ?? "").utf8))
            )
            stage.provider.change { $0.nonce = request["nonce"] ?? "" }
            ApprovalBySignInTests.authenticate(stage)
            let back = try await browser.comeBack([
                Field("code", "code-secret-1"), Field("state", request["state"] ?? ""),
            ])
            #expect(back.status == 303)
            let decision = try await Self.login(stage, prompt.number).phase.outcome?.decision
            #expect(decision?.evidence.method == .signIn && decision?.matched == .enter)
        }
    }

    @Test("is judged with the passkey's signature, and counted once")
    func passkey() async throws {
        try await PasskeyScene.with { lent in
            var scene = lent
            try await scene.register()
            let prompt = try await scene.stage.prompt("one", numbers: Self.rule())
            let page = "/approve/" + prompt.ticket
            let form = try await scene.form(page)
            // Without a number nothing is offered to be signed.
            let missing = try await scene.browser.send(.post, page + "/passkey", form: form)
            #expect(missing.status == 422)
            for code in ["000000", Self.number] {
                let fields = form + [Field("code", code)]
                let offer = try await scene.browser.send(.post, page + "/passkey", form: fields)
                #expect(offer.status == 200)
                let assertion = try scene.authenticator.assertion(PasskeyScene.challenge(offer))
                scene.authenticator.counter += 1
                let answer = try await scene.browser.send(
                    .post,
                    page,
                    form: fields + PasskeyScene.parts(assertion)
                )
                #expect(answer.status == (code == Self.number ? 303 : 422))
                #expect(try await Self.login(scene.stage, prompt.number).wrongCodes == 1)
            }
            let decision = try await Self.login(scene.stage, prompt.number).phase.outcome?.decision
            #expect(decision?.evidence.method == .passkey && decision?.matched == .enter)
        }
    }
}
