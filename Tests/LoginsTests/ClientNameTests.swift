import Logins
import TestSupport
import Testing

@Suite("The name of a client")
struct ClientNameTests {
    private func login(
        consent: String? = nil,
        start: String? = nil,
        id: String? = nil
    ) throws -> PendingLogin {
        let fixture = PendingLogin.Fixture()
        var login = fixture.make(
            .init(user: .named("ann"), client: id.flatMap { ClientID($0) }, clientName: start)
        )
        let question = Question(
            consent: Consent(clientName: consent, scopes: []),
            digest: try #require(ConsentDigest(Array(repeating: 1, count: 32))),
            nonce: Array(repeating: 1, count: 32)
        )
        let now = fixture.receivedAt
        try login.apply(.prepared(question, [.fixture(at: now)]), at: now)
        return login
    }

    @Test("is the next best one where one reads as empty", arguments: Unreadable.texts)
    func nextBest(_ empty: String) throws {
        #expect(try login(consent: "A", start: "B", id: "c").clientName == "A")
        #expect(try login(consent: empty, start: "B", id: "c").clientName == "B")
        #expect(try login(consent: empty, start: empty, id: "c").clientName == "c")
        #expect(try login(start: empty, id: "c").clientName == "c")
        #expect(try login(consent: empty, start: empty, id: empty).clientName == nil)
    }

    @Test(
        "is kept where there is anything to read",
        arguments: ["-", "\u{200B}a", "e\u{301}", "\u{1F3F4}", "\u{E33}", "0\u{20E3}", "\u{FFFD}"]
    )
    func readable(_ name: String) throws {
        #expect(try login(consent: name, id: "c").clientName?.utf8.elementsEqual(name.utf8) == true)
    }
}
