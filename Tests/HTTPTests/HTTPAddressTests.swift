import HTTP
import Testing

@Suite("An HTTP address")
struct HTTPAddressTests {
    @Test("has the parts of RFC 3986 §3")
    func parts() throws {
        let whole = try #require(HTTPAddress("HTTPS://u:p@bank.example:8443/a%20b/c?d=e?f#g/h?"))
        #expect(whole.isSecure)
        #expect(whole.userInformation == "u:p")
        #expect(whole.host == "bank.example")
        #expect(whole.port == 8443)
        #expect(whole.path == "/a%20b/c")
        #expect(whole.query == "d=e?f")
        #expect(whole.fragment == "g/h?")

        let least = try #require(HTTPAddress("http://a"))
        #expect(!least.isSecure)
        #expect(least.userInformation == nil)
        #expect((least.host, least.port) == ("a", nil))
        #expect(least.path == "")
        #expect(least.query == nil)
        #expect(least.fragment == nil)
    }

    @Test(
        "has a host in each of its forms",
        arguments: [
            ("https://[2001:db8::1]:80/", "2001:db8::1", 80), ("https://[::1]", "::1", nil),
            ("https://192.0.2.1:1", "192.0.2.1", 1), ("https://a:65535", "a", 65535),
            ("https://a:?", "a", nil), ("https://b%C3%BCro.example", "b%C3%BCro.example", nil),
        ] as [(String, String, Int?)]
    )
    func hosts(text: String, host: String, port: Int?) throws {
        let address = try #require(HTTPAddress(text))
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(
        "is not read from an invalid text",
        arguments: [
            "", "https", "https:", "https:/a", "https://", "https:///a", "https://:80",
            "https://@", "https://u@:1", "ftp://a", "//a", "/a", "a.example", " https://a",
            "https://a b", "https://a/b c", "https://a/\u{7}", "https://a/\u{e9}", "https://a/%",
            "https://a/%4", "https://a/%zz", "https://a?%", "https://a#%", "https://a#b#c",
            "https://a:0", "https://a:65536", "https://a:+1", "https://a:1a", "https://a:1:2",
            "https://[::1", "https://[::1]a", "https://[1]", "https://[::1%25eth0]", "https://a]",
            "https://a\\b", "https://\"a\"", "https://a/<b>", "https://u[@a",
        ]
    )
    func refused(text: String) { #expect(HTTPAddress(text) == nil) }
}
