import Commands
import Cryptography
import HTTP
import Testing

@testable import Configuration

@Suite("A value of a configuration")
struct ValuesTests {
    @Test(
        "that is a duration needs a unit",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("0s", .zero), ("10s", .seconds(10)),
            ("2m", .seconds(120)), ("1h", .seconds(3600)), ("7d", .seconds(604_800)),
            ("10", nil), ("s", nil), ("-1s", nil), ("1.5s", nil), ("1 s", nil), ("1S", nil),
            ("", nil),
            ("9999999999s", nil), ("٣s", nil),
        ]
    )
    func durations(_ text: String, expected: Duration?) {
        #expect(DurationText.parse(text) == expected)
    }

    @Test(
        "that is an address has a numeric host and a port",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8080), ("0.0.0.0:0", "0.0.0.0", 0),
            ("[::]:8443", "::", 8443), ("[2001:db8::1]:65535", "2001:db8::1", 65535),
        ]
    )
    func addresses(_ text: String, host: String, port: Int) throws {
        let address = try #require(SocketAddressText(text))
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.description == text)
    }

    @Test(
        "that is not an address is refused",
        arguments: [
            "", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80",
            "[127.0.0.1]:80", "[::1]", "host:80", "127.1:80", "127.0.0.1/8:80", "[::1%lo]:80",
            "127.0.0.01:80",
        ]
    )
    func notAddresses(_ text: String) {
        #expect(SocketAddressText(text) == nil)
    }

    @Test(
        "that is a range of addresses contains its addresses only",
        arguments: [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true), ("::/0", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("::1", "0:0:0:0:0:0:0:1", true),
            ("192.0.2.128/25", "192.0.2.127", false), ("192.0.2.128/25", "192.0.2.200", true),
            ("10.0.0.0/8", "", false), ("10.0.0.0/8", "10.0.0", false),
        ]
    )
    func ranges(_ range: String, address: String, isInside: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(address) == isInside)
    }

    @Test(
        "that is not a range of addresses is refused",
        arguments: [
            "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.1/8", "2001:db8::/129",
            "2001:db8::1/32", "1::2::3", ":::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "g::",
            "12345::",
            "010.0.0.0", "10.0.0.0/08", "1.2.3.4.5", "::1.2.3", "+1::", "10.0.0.0/8/8", "1.2.3.4::",
        ]
    )
    func notRanges(_ text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(
        "that is misspelt gets the nearest name as a hint",
        arguments: [
            ("lissten", "listen"), ("lsiten", "listen"), ("Listen", "listen"), ("lim", nil),
            ("managment", "management"), ("xyz", nil),
        ]
    )
    func spelling(_ word: String, meant: String?) {
        #expect(Spelling.nearest(to: word, among: ["listen", "limits", "management"]) == meant)
    }

    @Test("that is secret is never printed")
    func secret() {
        let secret = Secret("correct horse")
        var dumped = ""
        dump([secret], to: &dumped)
        let shown = [
            "\(secret)", String(describing: secret), String(reflecting: secret), dumped,
            "\([secret])", "\(Optional(secret) as Any)",
        ]
        for text in shown {
            #expect(!text.contains("correct") && !text.contains("99, 111"), "\(text)")
        }
        #expect(secret.withText { $0 } == "correct horse")
    }

    /// Of "correct horse battery staple" with the salt 00 01 … 0f, computed with Python's hashlib.
    private static let hash =
        "sha256:AAECAwQFBgcICQoLDA0ODw:PT7NB1B2A4OlzWox1NgpSt0YKawNe-BkcIP3OEfdMl4"

    @Test("that is a hash matches its secret only")
    func hash() throws {
        let hash = try #require(SecretHash(Self.hash))
        #expect(hash.matches(Array("correct horse battery staple".utf8)))
        #expect(!hash.matches(Array("correct horse battery stapl".utf8)))
        #expect(!hash.matches([]))
        #expect(hash.text == Self.hash)
        let fresh = SecretHash(of: [1, 2, 3])
        #expect(fresh != SecretHash(of: [1, 2, 3]), "each has a salt of its own")
        #expect(SecretHash(fresh.text)?.matches([1, 2, 3]) ?? false)
    }

    @Test(
        "that is not a hash is refused",
        arguments: ["", "sha256", "sha256::", "sha256:AAECAwQFBgc:AAAA", "sha256:AA:AA", "plain"]
    )
    func notHash(_ text: String) {
        #expect(SecretHash(text) == nil)
    }
}
