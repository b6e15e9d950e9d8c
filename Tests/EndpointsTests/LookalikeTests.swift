import Logins
import TestSupport
import Testing

@testable import Endpoints

/// UTS #39: names that do not say what they seem to say.
@Suite("Lookalike letters", .timeLimit(.minutes(3)))
struct LookalikeTests {
    @Test(
        "Words of mixed alphabets get a warning, ordinary words do not",
        arguments: [
            ("Pay\u{440}al", true), ("\u{410}pple", true), ("\u{3BF}pen", true),
            ("\u{555}pen", true),
            ("x2\u{435}y", true), ("a\u{301}\u{430}", true), ("Paypal", false), ("Сбербанк", false),
            ("Сбербанк Online", false), ("Ελλάς Bank", false), ("Ünïcödé Straße", false),
            ("日本 Bank", false), ("محفظتي App", false), ("12 \u{440}", false), ("", false),
            ("Bank-Россия", false), ("e\u{301}t\u{E9}", false),
        ]
    )
    func alphabets(text: String, isMixed: Bool) {
        #expect(MixedScripts.areIn(text) == isMixed)
    }

    @Test(
        "Names that only look Latin get a warning, ordinary names do not",
        arguments: [
            // Cyrillic, Greek and Armenian, alone and beside Latin words.
            ("\u{420}\u{430}\u{443}", true), ("\u{420}\u{430}\u{443} Bank 24", true),
            ("\u{39D}\u{399}\u{39A}\u{395}", true), ("\u{578}\u{585}\u{57D}", true),
            ("\u{435}\u{301}\u{440}", true),
            ("Pay", false), ("Сбербанк", false), ("Рауль", false), ("Ελλάς Bank", false),
            ("Հայաստան", false), ("محفظتي", false), ("日本 Bank", false), ("Ünïcödé", false),
            ("\u{420}\u{430}\u{443} 銀行", false), ("12-34", false), ("", false),
        ]
    )
    func seeminglyLatin(name: String, isSuspicious: Bool) async throws {
        #expect(MixedScripts.passesForLatin(name) == isSuspicious)
        let consent = Consent(
            kind: .ukDomesticPayment,
            clientName: name,
            scopes: [.init(requestedName: "payments")],
            facts: [Fact(.known(.payee), .text("Shop Ltd"))]
        )
        try await Stage.with { stage in
            let sample = SampleQuestion("name", consent)
            let page = await stage.get(try await stage.prompt(sample).page).text
            #expect(page.contains("Contains letters that only look Latin") == isSuspicious)
            #expect(!page.contains("Mixes letters from different alphabets"))
        }
    }
}
