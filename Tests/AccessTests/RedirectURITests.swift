import Access
import Testing

@Suite("A redirect URI")
struct RedirectURITests {
    @Test(
        "is https, http to this machine, or of an app's own scheme with a dot",
        arguments: [
            ("https://app.example/cb", true), ("https://app.example:8443/cb?a=b", true),
            ("http://127.0.0.1/cb", true), ("http://[::1]:80/cb", true),
            ("http://localhost:3000/cb", true), ("com.bank.app:/cb", true),
            ("com.bank.app://cb", true), ("http://app.example/cb", false),
            ("http://127.0.0.1.evil.example/cb", false), ("http://127.1/cb", false),
            ("https://user@app.example/cb", false), ("https://app.example/cb#a", false),
            ("https://app.example/cb#", false), ("https://app.example/a b", false),
            ("https://app.example/\r\n", false), ("https://", false), ("app:/cb", false),
            ("javascript:alert(1)", false), ("data:text/html,x", false), ("file:///etc", false),
            ("com.bank.app:", false), ("Com.Bank.App:/cb", false), ("com.bank.app:/cb;x", false),
            ("1com.bank:/cb", false), ("/cb", false), ("", false),
            ("https://app.example/" + String(repeating: "a", count: 512), false),
        ]
    )
    func form(text: String, isOne: Bool) {
        #expect((RedirectURI(text) != nil) == isOne)
    }

    @Test(
        "allows itself only, or on this machine another port",
        arguments: [
            ("https://app.example/cb", "https://app.example/cb", true),
            ("https://app.example/cb", "https://app.example:444/cb", false),
            ("https://app.example/cb", "https://app.example/CB", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:80/cb", "http://127.0.0.1:51004/cb", true),
            ("http://[::1]/cb", "http://[::1]:51004/cb", true),
            ("http://127.0.0.1/cb", "http://[::1]:51004/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb/", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?a=b", false),
            ("http://127.0.0.1/cb?a=b", "http://127.0.0.1:1/cb?a=b", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1/cb", "http://evil@127.0.0.1:1/cb", false),
            ("http://localhost/cb", "http://localhost:51004/cb", false),
            ("com.bank.app:/cb", "com.bank.app:/cb", true),
            ("com.bank.app:/cb", "com.bank.app:/cb2", false),
        ]
    )
    func match(registered: String, asked: String, isAllowed: Bool) throws {
        #expect(try #require(RedirectURI(registered)).allows(asked) == isAllowed)
    }
}
