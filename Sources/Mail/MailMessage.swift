import Cryptography
import HTTP

/// A message with a text and the same in HTML, as bytes for SMTP (RFC 5322, RFC 2045 to 2047).
///
/// Everything that is not plain ASCII is encoded, so that the message passes every server, and no name or
/// subject can begin a header of its own.
public struct MailMessage: Sendable {
    public var from: MailAddress
    /// The name before the address; empty for none.
    public var fromName: String
    public var to: MailAddress
    public var subject: String
    /// The part before the `@` of its identifier: letters, digits, `-`, `_` and `.`. The same for a
    /// repeat, so that mailboxes can recognize it.
    public var identifier: String
    /// Seconds since 1970.
    public var date: Int64
    /// The language of the contents (BCP 47).
    public var language: String
    public var text: String
    public var html: String

    /// A message.
    public init(
        from: MailAddress,
        fromName: String,
        to: MailAddress,
        subject: String,
        identifier: String,
        date: Int64,
        language: String,
        text: String,
        html: String
    ) {
        self.from = from
        self.fromName = fromName
        self.to = to
        self.subject = subject
        self.identifier = identifier
        self.date = date
        self.language = language
        self.text = text
        self.html = html
    }

    /// Cannot occur in Base64 (RFC 2045 §6.7, last note).
    private static let boundary = "=_beckon_alternative"

    /// The message with CRLF line ends.
    public var bytes: [UInt8] {
        let domain = from.text.split(separator: "@").last.map(String.init) ?? "localhost"
        var lines = [
            // GMT is an obsolete name of the zone (RFC 5322 §4.3).
            "Date: " + HTTPDate.format(date).replacing(" GMT", with: " +0000"),
            "From: " + Self.mailbox(fromName, from),
            "To: " + Self.mailbox("", to),
            "Message-ID: <\(identifier)@\(domain)>",
            "Subject: " + Self.encodedWords(subject),
            "Auto-Submitted: auto-generated",
            "Content-Language: \(language)",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"\(Self.boundary)\"",
            "",
        ]
        // The best form last (RFC 2046 §5.1.4).
        for (type, content) in [("text/plain", text), ("text/html", html)] {
            lines += [
                "--" + Self.boundary,
                "Content-Type: \(type); charset=utf-8",
                "Content-Transfer-Encoding: base64",
                "",
            ]
            lines += Self.base64Lines(Self.withLineEnds(content))
        }
        lines += ["--\(Self.boundary)--", ""]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    private static func mailbox(_ name: String, _ address: MailAddress) -> String {
        name.isEmpty ? "<\(address)>" : encodedWords(name) + "\r\n <\(address)>"
    }

    /// The text as words of RFC 2047 §2, in lines of at most 76 characters. A plain text is also
    /// encoded unless it is letters, digits and spaces, which need no quotes in a name either.
    static func encodedWords(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x20
        }
        if isPlain, text.utf8.count <= 60, !text.isEmpty { return text }
        // 39 bytes are 52 characters of Base64; with `=?utf-8?B?`, `?=` and the header's name 73.
        var words: [String] = []
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let next = Array(String(scalar).utf8)
            if bytes.count + next.count > 39 {
                words.append(word(bytes))
                bytes = []
            }
            bytes += next
        }
        words.append(word(bytes))
        return words.joined(separator: "\r\n ")
    }

    private static func word(_ bytes: [UInt8]) -> String { "=?utf-8?B?\(Base64.encode(bytes))?=" }

    /// The canonical form of a text (RFC 2045 §6.8): CRLF for each line end.
    private static func withLineEnds(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text.utf8 where byte != 0x0D {
            if byte == 0x0A { bytes.append(0x0D) }
            bytes.append(byte)
        }
        return bytes
    }

    /// Lines of 76 characters (RFC 2045 §6.8).
    private static func base64Lines(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count, by: 57).map {
            Base64.encode(Array(bytes[$0..<min($0 + 57, bytes.count)]))
        }
    }
}
