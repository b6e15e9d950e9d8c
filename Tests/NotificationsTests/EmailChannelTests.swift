import CurlClient
import Foundation
import HTTP
import JSON
import Logins
import Mail
import Notifications
import TestSupport
import Testing

@Suite("The e-mail channel", .timeLimit(.minutes(3)))
struct EmailChannelTests {
    private static let sharedServer = Result { try PeerProcess(script: "mail.py") }

    private let client = CurlHTTPClient()
    private let clock = ManualClock()
    private let server: PeerProcess
    private let channelID: ChannelID
    /// In the address of every message of this test.
    private let mark = UUID().uuidString

    init() throws {
        server = try Self.sharedServer.get()
        channelID = try name("mail")
    }

    private func page(_ path: String) async throws -> JSONValue {
        let url = "http://127.0.0.1:\(server.port)\(path)"
        return try JSONValue(try await client.send(OutboundRequest(.get, url)).body)
    }

    private func records() async throws -> [JSONValue] {
        try await page("/records").array?
            .filter { $0["to"]?.string?.contains(mark) == true } ?? []
    }

    private func channel(
        _ port: String = "starttls",
        security: MailServer.Security = .starttls,
        password: String = "correct horse",
        trusted: Bool = true,
        details: Bool = false,
        link: Bool = false
    ) async throws -> EmailChannel {
        let setup = try await page("/setup")
        return EmailChannel(
            id: channelID,
            settings: EmailChannel.Settings(
                server: MailServer(
                    host: "127.0.0.1",
                    port: try #require(setup[port]?.integer),
                    security: security,
                    authorities: trusted ? setup["authority"]?.string : nil,
                    user: port == "plain" ? nil : "beckon",
                    password: { Array(password.utf8) }
                ),
                from: try #require(MailAddress("no-reply@bank.example")),
                details: details,
                link: link
            ),
            brand: "Bänk",
            mail: CurlMailer(),
            clock: clock
        )
    }

    private func prompt(
        to recipient: String = "anna",
        client: String = "Shop <b>&",
        language: String? = nil,
        isTest: Bool = false
    ) throws -> Prompt {
        let whole = try makePrompt()
        return Prompt(
            number: whole.number,
            key: whole.key,
            user: User(
                id: whole.user.id,
                isActive: true,
                language: language,
                addresses: [channelID: "\(recipient)-\(mark)@example.com"]
            ),
            clientName: client,
            scopes: whole.scopes,
            bindingMessage: "Pay 10 € code 47",
            received: whole.received,
            ends: whole.ends,
            link: whole.link,
            ticket: whole.ticket,
            isTest: isTest
        )
    }

    @Test(
        "hands a text and the same in HTML to the server over TLS, authenticated",
        arguments: [("starttls", MailServer.Security.starttls), ("tls", .tls)]
    )
    func delivery(_ port: String, _ security: MailServer.Security) async throws {
        let channel = try await channel(port, security: security)
        #expect(await channel.ask(try prompt()) == .delivered)
        let record = try #require(try await records().first)
        #expect(record["tls"]?.bool == true)
        #expect(record["authenticated"]?.bool == true)
        #expect(record["from"]?.string == "no-reply@bank.example")
        #expect(record["to"]?.string == "anna-\(mark)@example.com")
        #expect(record["defects"]?.array == [])
        #expect(record["ascii"]?.bool == true)
        let headers = record["headers"]?.array?.compactMap(\.strings) ?? []
        func header(_ name: String) -> String? { headers.first { $0[0] == name }?[1] }
        #expect(header("From") == "Bänk <no-reply@bank.example>")
        #expect(header("Subject") == "A request is waiting for your answer")
        #expect(header("Auto-Submitted") == "auto-generated")
        for type in ["text/plain", "text/html"] {
            let part = try #require(record["parts"]?[type]?.string)
            #expect(part.contains("Open Bänk and answer there."))
            #expect(part.contains("Reference: "))
        }
    }

    // rule: N8
    @Test(
        "says nothing of what is asked: no client, message, code, scope, ticket or link, unless set",
        arguments: [(false, false), (true, false), (false, true), (true, true)]
    )
    func contents(_ details: Bool, _ link: Bool) async throws {
        let channel = try await channel(details: details, link: link)
        #expect(await channel.ask(try prompt()) == .delivered)
        let record = try #require(try await records().first)
        for (type, client) in [("text/plain", "Shop <b>&"), ("text/html", "Shop &lt;b&gt;&amp;")] {
            let part = try #require(record["parts"]?[type]?.string)
            #expect(part.contains(client) == details)
            #expect(part.contains("https://beckon.test/approve/TICKET") == link)
            #expect(part.contains("TICKET") == link)
        }
        let all = String(decoding: record.bytes, as: UTF8.self)
        for secret in ["code 47", "10 €", "payments", "openid"] {
            #expect(!all.contains(secret))
        }
    }

    @Test(
        "writes in the user's language",
        arguments: [
            ("de-CH", "Eine Anfrage wartet auf Ihre Antwort"), ("ar", "هناك طلب في انتظار ردك"),
            ("pt-BR", "Um pedido aguarda sua resposta"),
        ]
    )
    func language(_ tag: String, _ subject: String) async throws {
        #expect(await (try await channel()).ask(try prompt(language: tag)) == .delivered)
        let record = try #require(try await records().first)
        let headers = record["headers"]?.array?.compactMap(\.strings) ?? []
        #expect(headers.first { $0[0] == "Subject" }?[1] == subject)
        #expect(record["longest"]?.integer ?? 0 <= 78)
    }

    @Test("marks a test message, and gives it no link")
    func test() async throws {
        let channel = try await channel(link: true)
        #expect(await channel.ask(try prompt(isTest: true)) == .delivered)
        let record = try #require(try await records().first)
        let text = try #require(record["parts"]?["text/plain"]?.string)
        #expect(text.contains("There is nothing to answer."))
        #expect(!text.contains("http"))
    }

    @Test(
        "takes a status 4yz as later and 5yz as never, for the recipient and for the message",
        arguments: [
            ("rcpt-451", DeliveryAnswer.Kind.later), ("rcpt-550", .gone), ("data-451", .later),
            ("data-554", .refused),
        ]
    )
    func statuses(_ recipient: String, _ kind: DeliveryAnswer.Kind) async throws {
        #expect(await (try await channel()).ask(try prompt(to: recipient)).kind == kind)
        #expect(try await records().isEmpty)
    }

    @Test("sends nothing without TLS, to an unknown certificate, or with a wrong password")
    func refusals() async throws {
        let withoutTLS = try await channel("plain")
        #expect(await withoutTLS.ask(try prompt()).kind == .later)
        let untrusted = try await channel(trusted: false)
        #expect(await untrusted.ask(try prompt()).kind == .later)
        let wrong = try await channel(password: "wrong")
        #expect(await wrong.ask(try prompt()).kind == .refused)
        #expect(try await records().isEmpty)
    }

    @Test("reaches only users with an e-mail address for it")
    func reach() async throws {
        let channel = try await channel()
        func user(_ addresses: [ChannelID: String]) throws -> User {
            User(id: try name("anna"), isActive: true, addresses: addresses)
        }
        #expect(channel.reaches(try user([channelID: "anna@example.com"])))
        #expect(!channel.reaches(try user([:])))
        #expect(!channel.reaches(try user([channelID: "+441632960961"])))
        #expect(!channel.reaches(try user([try name("other"): "anna@example.com"])))
        #expect(await channel.ask(try makePrompt()).kind == .gone)
    }
}
