import Foundation
import Logins
import Mail
import TestSupport
import Testing

@Suite("An e-mail address")
struct MailAddressTests {
    @Test(
        "is one local part and one domain, with nothing that a command or a header could continue with",
        arguments: [
            ("anna@example.com", true), ("a.b+c@mail.example.com", true), ("jörg@example.de", true),
            ("o'neill@example.com", true), ("用户@例子.广告", true),
            ("", false), ("anna", false), ("@example.com", false), ("anna@", false),
            ("a@b@example.com", false), ("anna@example..com", false), (".a@example.com", false),
            ("anna@-example.com", false), ("anna@example.com>\r\nRCPT TO:<b@c", false),
            ("anna@example.com\r\nBcc: b@example.com", false), ("a b@example.com", false),
            ("<anna@example.com>", false), ("\"a b\"@example.com", false),
            ("a,b@example.com", false), ("anna@example.com\u{0}", false),
            ("anna\u{2028}@example.com", false), ("an\u{202E}na@example.com", false),
            (String(repeating: "a", count: 65) + "@example.com", false),
        ]
    )
    func syntax(_ text: String, _ isOne: Bool) {
        #expect((MailAddress(text) != nil) == isOne)
    }
}

@Suite("An e-mail")
struct MailMessageTests {
    private func message(
        subject: String = "A request",
        name: String = "Bank",
        text: String = "Text"
    ) throws -> String {
        let message = MailMessage(
            from: try #require(MailAddress("no-reply@bank.example")),
            fromName: name,
            to: try #require(MailAddress("anna@example.com")),
            subject: subject,
            identifier: "msg_1",
            date: 1_795_176_000,
            language: "en",
            text: text,
            html: "<p>\(text)</p>"
        )
        return String(decoding: message.bytes, as: UTF8.self)
    }

    @Test(
        "has no header but its own, whatever stands in a name or a subject",
        arguments: [
            "Bank\r\nBcc: eve@example.com", "Bank\nSubject: x", "\"Bank\" <eve@example.com>,",
            "Ünï\u{202E}", String(repeating: "é", count: 300), "=?utf-8?B?QQ==?=", "",
        ]
    )
    func injection(_ name: String) throws {
        let head = try message(subject: name, name: name).components(separatedBy: "\r\n\r\n")[0]
        let names = head.components(separatedBy: "\r\n")
            .filter { !$0.hasPrefix(" ") }
            .map { $0.prefix { $0 != ":" } }
        #expect(
            names == [
                "Date", "From", "To", "Message-ID", "Subject", "Auto-Submitted",
                "Content-Language", "MIME-Version", "Content-Type",
            ]
        )
        #expect(head.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 78 })
        #expect(head.utf8.allSatisfy { $0 < 0x80 })
        #expect(!head.contains("eve"))
    }

    @Test("is dated in the form of RFC 5322, with a zone that is not obsolete")
    func date() throws {
        #expect(try message().hasPrefix("Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n"))
    }

    @Test("has lines of at most 78 bytes and no line with a single dot, however long its text is")
    func lines() throws {
        let lines = try message(text: String(repeating: ".\n…", count: 500))
            .components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 78 && $0 != "." && !$0.contains("\n") })
    }
}
