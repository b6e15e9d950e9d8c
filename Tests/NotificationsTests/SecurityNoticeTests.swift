import JSON
import Logins
import Testing

@testable import Notifications

@Suite("A security notice as a message")
struct SecurityNoticeTests {
    private static let noon = Timestamp(milliseconds: 1_795_176_000_000)

    private static func notice(_ subject: Notice.Subject, _ cause: Suspicion) throws -> Notice {
        Notice(
            subject: subject,
            user: User(id: try name("alice"), isActive: true, language: "de"),
            content: .suspicious(cause),
            at: noon,
            reference: cause == .blocked ? nil : "7K3M-Q9TX",
            title: "Title",
            text: "Text"
        )
    }

    // rule: A1, N13
    @Test("has its cause, and neither the client nor what was asked", arguments: Suspicion.allCases)
    func message(cause: Suspicion) throws {
        let user: UserID = try name("alice")
        let isBlock = cause == .blocked
        let subject: Notice.Subject =
            isBlock ? .block(of: user, since: Self.noon) : .login(try makePrompt().key)
        let notice = try Self.notice(subject, cause)
        let json = try JSONValue(NoticeMessage(notice).bytes)
        #expect(json["type"]?.string == "security.notice")
        let data = try #require(json["data"]?.object)
        let common = ["user", "cause", "title", "text", "language"]
        let ofLogin = ["login_id", "tenant_id", "reference"]
        #expect(Set(data.members.map(\.name)) == Set(common + (isBlock ? [] : ofLogin)))
        #expect(data["cause"]?.string == cause.rawValue)
        // What a locked screen shows.
        let text = PromptText(notice, details: false)
        #expect(text.text == "Text")
        #expect((text.reference == nil) == isBlock)
    }

    @Test("is another message for each login and each block")
    func identifiers() throws {
        let user: UserID = try name("alice")
        let subjects: [Notice.Subject] = [
            .login(try makePrompt(login: "one").key), .login(try makePrompt(login: "two").key),
            .block(of: user, since: Self.noon), .block(of: user, since: Self.noon + .seconds(1)),
        ]
        let channel: ChannelID = try name("mail")
        let ids = subjects.map { PromptMessage.id(of: [], "k", about: $0, through: channel) }
        #expect(Set(ids).count == subjects.count)
        #expect(Set(subjects.map { WebPushChannel.topic(of: $0) }).count == subjects.count)
    }
}
