import HTTP
import Testing

@Suite("An internet address")
struct InternetAddressTests {
    @Test(
        "is not public where the registries of RFC 6890 say so",
        arguments: [
            "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0",
            "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.0.1", "169.254.169.254",
            "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.0.255", "192.0.2.1",
            "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
            "198.51.100.1", "203.0.113.255", "224.0.0.1", "239.255.255.255", "240.0.0.1",
            "255.255.255.255",
            "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.1.2.3",
            "::ffff:169.254.169.254", "::ffff:0:8.8.8.8", "64:ff9b::a00:1", "64:ff9b::7f00:1",
            "64:ff9b:1::808:808", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:1ff::1",
            "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "3fff:fff::1",
            "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "ffff::1",
        ]
    )
    func notPublic(text: String) {
        #expect(InternetAddress(text)?.isPublic == false)
    }

    @Test(
        "is public everywhere else, up to the borders",
        arguments: [
            "1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
            "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
            "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0",
            "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
            "::ffff:8.8.8.8", "64:ff9b::808:808", "2001:200::1", "2001:4860:4860::8888",
            "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2606:4700::1111", "3ffe::1",
        ]
    )
    func isPublic(text: String) {
        #expect(InternetAddress(text)?.isPublic == true)
    }

    @Test(
        "is not read from anything else",
        arguments: [
            "", "localhost", "1.2.3", "1.2.3.256", "01.2.3.4", "fe80::1%lo", "[::1]", ":::",
        ]
    )
    func unreadable(text: String) {
        #expect(InternetAddress(text) == nil)
    }

    @Test("is written as it is usually written", arguments: ["10.1.2.3", "2001:db8::1", "::1"])
    func text(text: String) {
        #expect(InternetAddress(text)?.description == text)
    }
}
