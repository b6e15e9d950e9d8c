import HTTP
import Testing

@Suite("A date")
struct DateTests {
    @Test(
        "is written and read in the formats of RFC 9110 §5.6.7",
        arguments: [
            (Int64(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ]
    )
    func httpDate(seconds: Int64, text: String) {
        #expect(HTTPDate.format(seconds) == text)
        #expect(HTTPDate.parse(text, now: 0) == seconds)
    }

    @Test(
        "is not read from an invalid text",
        arguments: [
            "120", "", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37", "Sun Nov 6 08:49:37",
            "Sun, +6 Nov 1994 08:49:37 GMT", "Day, 06 Nov 1994 08:49:37 GMT",
            "Sun Nov 31 08:49:37 1994", "Sun Nov  6 08:49:37 94",
        ]
    )
    func badHTTPDate(text: String) { #expect(HTTPDate.parse(text, now: 0) == nil) }

    @Test(
        "is read in the obsolete formats, a year of two digits at most 50 years from now",
        arguments: [
            ("Sunday, 06-Nov-94 08:49:37 GMT", Int64(784_111_777)),
            ("Sun, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Sun Nov 06 08:49:37 1994", 784_111_777),
            ("Fri Nov 20 12:05:00 2026", 1_795_176_300),
            ("Friday, 20-Nov-26 12:05:00 GMT", 1_795_176_300),
            ("Wednesday, 01-Jan-76 00:00:00 GMT", 3_345_062_400),
            ("Saturday, 01-Jan-77 00:00:00 GMT", 220_924_800),
        ]
    )
    func obsolete(text: String, seconds: Int64) {
        #expect(HTTPDate.parse(text, now: 1_795_176_000) == seconds)
    }

    @Test(
        "is one of the forms of Retry-After, whose delay is bounded whatever it says",
        arguments: [
            ("0", 0), ("7", 7), ("007", 7), ("2147483648", 1 << 31), ("4294967296", 1 << 31),
            (String(repeating: "9", count: 400), 1 << 31), ("1.5", 2), ("7.000", 7),
            ("99999999999999999999.5", 1 << 31), ("Fri, 31 Dec 9999 23:59:59 GMT", 1 << 31),
            ("Fri, 20 Nov 2026 12:01:00 GMT", 60), ("Friday, 20-Nov-26 12:01:00 GMT", 60),
            ("Fri Nov 20 12:01:00 2026", 60), ("2026-11-20T12:01:00Z", 60),
            ("2026-11-20T13:01:00.5+01:00", 61), ("9999-12-31T23:59:59Z", 1 << 31),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("1994-11-06T08:49:37Z", 0),
            ("-1", nil), ("+7", nil), ("-9223372036854775809", nil), ("", nil), (".5", nil),
            ("5.", nil), ("1e9", nil), ("7 s", nil), ("1.5.5", nil), ("soon", nil),
        ] as [(String, Int64?)]
    )
    func retryAfter(text: String, seconds: Int64?) {
        let answer = OutboundResponse(status: 503, fields: [Field("Retry-After", text)])
        // 20 November 2026, 12:00 UTC.
        let delay = answer.retryAfter(secondsSince1970: 1_795_176_000)
        #expect(delay == seconds.map { .seconds($0) })
    }

    @Test(
        "is read in the formats of RFC 3339 §5.8",
        arguments: [
            ("1985-04-12T23:20:50.52Z", Int64(482_196_050_520)),
            ("1996-12-19T16:39:57-08:00", 851_042_397_000),
            ("1990-12-31T23:59:60Z", 662_687_999_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130),
            ("2031-03-04t10:49:34z", 1_930_387_774_000),
        ]
    )
    func rfc3339(text: String, milliseconds: Int64) {
        #expect(RFC3339.parse(text) == milliseconds)
    }

    @Test("is written as RFC 3339 in UTC with milliseconds")
    func writing() {
        #expect(RFC3339.format(milliseconds: 482_196_050_520) == "1985-04-12T23:20:50.520Z")
        #expect(RFC3339.format(milliseconds: -1) == "1969-12-31T23:59:59.999Z")
    }

    @Test(
        "is not read without a date, a time and an offset",
        arguments: [
            "", "2031-03-04", "2031-03-04T10:49:34", "2031-02-29T10:49:34Z", "2031-13-01T00:00:00Z",
            "2031-03-04T24:00:00Z", "2031-03-04T10:49:34.Z", "2031-03-04T10:49:34Zx",
            "2031-03-04T10:49:34+0100", "31-03-04T10:49:34Z", "２031-03-04T10:49:34Z",
        ]
    )
    func badRFC3339(text: String) { #expect(RFC3339.parse(text) == nil) }
}

@Suite("A block of addresses")
struct AddressRangeTests {
    @Test(
        "contains the addresses that its prefix covers",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
            ("192.168.4.0/22", "192.168.7.255", true), ("192.168.4.0/22", "192.168.8.0", false),
            ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true), ("::1/128", "::1", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("2001:db8::/33", "2001:db8:8000::", false),
        ]
    )
    func contains(block: String, address: String, expected: Bool) throws {
        let range = try #require(AddressRange(block))
        #expect(range.contains(address) == expected)
    }

    @Test(
        "is not read from an invalid text",
        arguments: [
            "", "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8", "2001:db8::/129", "10.0.0.0/", "/8",
            "localhost", "10.0.0.0/8/8", "10.0.0.0/-1",
        ]
    )
    func malformed(text: String) { #expect(AddressRange(text) == nil) }
}

@Suite("A form")
struct FormTests {
    @Test("is decoded and encoded without a change")
    func roundTrip() throws {
        let form = try #require(Form(Array("a=1&b=x+y%2Fz&empty=&flag".utf8)))
        #expect(form["a"] == "1")
        #expect(form["b"] == "x y/z")
        #expect(form["empty"] == "")
        #expect(form["flag"] == "")
        #expect(form["c"] == nil)
        #expect(String(decoding: form.bytes, as: UTF8.self) == "a=1&b=x+y%2Fz&empty=&flag=")
    }

    @Test(
        "is refused with a repeated name, an invalid escape or invalid UTF-8",
        arguments: ["a=1&a=2", "a=%zz", "a=%4", "a=%ff", "%=1"]
    )
    func malformed(text: String) { #expect(Form(Array(text.utf8)) == nil) }

    @Test(
        "has a field for each part that is not empty",
        arguments: [
            ("", []), ("&", []), ("&&", []), ("a", ["a="]), ("=", ["="]),
            ("&a=1&&b=2&", ["a=1", "b=2"]), ("a=1=2", ["a=1=2"]), ("=1&a", ["=1", "a="]),
        ]
    )
    func parts(text: String, expected: [String]) throws {
        // Also as a part of a longer text, as in a request.
        let around = Array("x&\(text)&y".utf8)
        for form in [Form(Array(text.utf8)), Form(around[2..<(around.count - 2)])] {
            let fields = try #require(form).fields
            #expect(fields.map { "\($0.name)=\($0.value)" } == expected)
        }
    }

    @Test("accepts a repeated name only where it is expected, in order")
    func repeated() throws {
        let text = Array("account=b&decision=approve&account=a&account=b".utf8)
        #expect(Form(text) == nil && Form(text, repeating: ["scope"]) == nil)
        let form = try #require(Form(text, repeating: ["account", "scope"]))
        #expect(form.values("account") == ["b", "a", "b"] && form.values("scope") == [])
        #expect(form["decision"] == "approve")
        #expect(Form(Array("decision=a&decision=b".utf8), repeating: ["account"]) == nil)
    }
}

@Suite("The names of a form")
struct FormNameTests {
    @Test("are found among many, however they are escaped", arguments: [1, 2, 15, 16, 17, 18, 40])
    func duplicates(count: Int) throws {
        let names = (0..<count).map { String(repeating: "a", count: $0 % 3) + "\($0)" }
        let text = names.map { "\($0)=" }.joined(separator: "&")
        #expect(try #require(Form(Array(text.utf8))).fields.map(\.name) == names)
        for name in names {
            let escaped = name.utf8.map { "%" + String($0, radix: 16) }.joined()
            for again in [name, escaped] {
                #expect(Form(Array("\(text)&\(again)=".utf8)) == nil, "\(again)")
            }
        }
    }

    @Test("are bytes: two spellings of one letter are two names")
    func bytes() throws {
        let form = try #require(Form(Array("zo%C3%AB=1&zoe%CC%88=2".utf8)))
        #expect(form["zo\u{EB}"] == "1")
        #expect(form["zoe\u{308}"] == "2")
        #expect(form.values("zoe\u{308}") == ["2"])
        #expect(Form(Array("zo%C3%AB=1&zo%c3%ab=2".utf8)) == nil)
        #expect(
            Form(Array("zo%C3%AB=1&zoe%CC%88=2&zoe%CC%88=3".utf8), repeating: ["zo\u{EB}"]) == nil
        )
    }
}
