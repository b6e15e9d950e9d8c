import Endpoints
import Engine
import Identity
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("The notice of a decision by delegation")
struct DecisionNoticeTests {
    /// A channel that answers as a script says, and keeps what it was told.
    private final class ScriptedChannel: NotificationChannel {
        let id: ChannelID
        let retries = RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0)
        var isEnabled: Bool { true }
        let told = Locked<[Notice]>([])
        private let answers: Locked<[DeliveryAnswer]>

        init(_ id: String, _ answers: [DeliveryAnswer]) throws {
            self.id = try require(ChannelID(id))
            self.answers = Locked(answers)
        }

        func ask(_ prompt: Prompt) async -> DeliveryAnswer { .refused("not asked") }

        func tell(_ notice: Notice) async -> DeliveryAnswer {
            told.withLock { $0.append(notice) }
            return answers.withLock { $0.isEmpty ? .delivered : $0.removeFirst() }
        }
    }

    private struct Person: UserDirectory {
        var language: String?
        var channels: Set<ChannelID>?
        var isThere = true
        func user(_ id: UserID) async throws(DirectoryError) -> User? {
            isThere
                ? User(id: id, isActive: true, channels: channels, language: language) : nil
        }
    }

    /// A login that a client decided for its user.
    private static func decide(
        _ stage: SignOnStage,
        _ choice: Decision.Choice = .approve,
        by evidence: Evidence? = nil
    ) async throws {
        let login = try await stage.prompt("one")
        let delegate = Evidence.Delegate(client: try require(APIClientID("robot")), token: "jti-1")
        let question = try require(try await stage.store.login(login.number)?.login.question)
        let decision = Decision(
            choice,
            evidence: evidence ?? Evidence(delegate: delegate, address: "192.0.2.9"),
            at: stage.clock.now()
        )
        try await stage.apply(
            .decided(decision, Selection(shown: question.digest)),
            to: login.number
        )
    }

    private static func notices(
        _ stage: SignOnStage,
        _ channels: [ScriptedChannel],
        person: Person = Person()
    ) -> DecisionNotices {
        DecisionNotices(
            store: stage.store,
            directory: person,
            plan: EscalationPlan(channels.map { EscalationPlan.Step(channel: $0, after: .zero) }),
            clock: stage.clock,
            compose: NoticeWriter(brand: "Example Bank").notice,
            log: stage.log.logger
        )
    }

    // trust: B-17
    @Test("is sent once, and says who answered what, without a secret")
    func once() async throws {
        try await SignOnStage.with { stage in
            try await Self.decide(stage)
            let channel = try ScriptedChannel("app", [])
            let notices = Self.notices(stage, [channel])
            for _ in 0..<3 {
                try await notices.pass()
                stage.clock.advance(by: .minutes(10))
            }
            let told = channel.told.withLock { $0 }
            #expect(told.count == 1)
            let notice = try #require(told.first)
            #expect(notice.title == "A request was answered for you")
            #expect(
                notice.text.hasPrefix(
                    "robot approved a request from Kiosk <12> on your behalf. If you didn\u{2019}t"
                )
            )
            #expect(notice.text.hasSuffix(try #require(notice.reference) + "."))
            #expect(!notice.text.contains("jti-1") && !notice.text.contains("/approve/"))
        }
    }

    // trust: B-17
    @Test(
        "is written in the user's language",
        arguments: ["de", "fr", "es", "pt-BR", "ar", "en"],
        [Decision.Choice.approve, .deny]
    )
    func languages(language: String, choice: Decision.Choice) async throws {
        try await SignOnStage.with { stage in
            try await Self.decide(stage, choice)
            let channel = try ScriptedChannel("app", [])
            try await Self.notices(stage, [channel], person: Person(language: language)).pass()
            let notice = try #require(channel.told.withLock { $0.first })
            #expect((notice.title == "A request was answered for you") == (language == "en"))
            let reference = try #require(notice.reference)
            for part in ["robot", "Kiosk <12>", "Example Bank", reference] {
                #expect(notice.text.contains(part))
            }
            #expect(!notice.text.contains("{"))
            #expect(notice.user.language == language)
        }
    }

    // trust: B-17
    @Test("is retried like other messages, and goes to the next channel when one refuses")
    func retried() async throws {
        try await SignOnStage.with { stage in
            try await Self.decide(stage)
            let first = try ScriptedChannel("push", [.refused("no"), .gone("no"), .refused("no")])
            let second = try ScriptedChannel(
                "mail",
                [.later("busy", after: nil), .later("busy", after: .seconds(60))]
            )
            let notices = Self.notices(stage, [first, second])
            for (advance, count) in [(0, 1), (4, 1), (1, 2), (59, 2), (1, 3), (600, 3)] {
                stage.clock.advance(by: .seconds(advance))
                try await notices.pass()
                #expect(second.told.withLock { $0.count } == count)
            }
        }
    }

    // trust: B-17
    @Test("is given up after a day")
    func old() async throws {
        try await SignOnStage.with { stage in
            try await Self.decide(stage)
            let busy = DeliveryAnswer.later("busy", after: nil)
            let channel = try ScriptedChannel("app", Array(repeating: busy, count: 1000))
            let notices = Self.notices(stage, [channel])
            for _ in 0..<300 {
                try await notices.pass()
                stage.clock.advance(by: .minutes(5))
            }
            let count = channel.told.withLock { $0.count }
            #expect((280...300).contains(count))
            try await notices.pass()
            #expect(channel.told.withLock { $0.count } == count)
            #expect(try await stage.store.dueNotices(at: .distantFuture, limit: 9).isEmpty)
        }
    }

    // trust: B-17
    @Test("is owed to nobody without a channel, and for no decision of the user's own")
    func none() async throws {
        try await SignOnStage.with { stage in
            try await Self.decide(
                stage,
                by: Evidence(method: .tap, via: .page, address: nil)
            )
            #expect(try await stage.store.dueNotices(at: .distantFuture, limit: 9).isEmpty)
        }
        for person in [Person(channels: []), Person(isThere: false)] {
            try await SignOnStage.with { stage in
                try await Self.decide(stage)
                #expect(try await stage.store.dueNotices(at: .distantFuture, limit: 9).count == 1)
                let channel = try ScriptedChannel("app", [])
                try await Self.notices(stage, [channel], person: person).pass()
                #expect(channel.told.withLock { $0.isEmpty })
                #expect(try await stage.store.dueNotices(at: .distantFuture, limit: 9).isEmpty)
            }
        }
    }

    // rule: A1
    @Test("tells of a login that ended after five wrong numbers, once, and names nobody")
    func wrongNumbers() async throws {
        try await SignOnStage.with { stage in
            let login = try await stage.prompt("one")
            for _ in 0..<4 { try await stage.apply(.codeRefused, to: login.number) }
            #expect(try await stage.store.dueNotices(at: .distantFuture, limit: 9).isEmpty)
            try await stage.apply(.codeRefused, to: login.number)
            // The same five numbers block the user, who is not told of that as well.
            let user = UserID.named("customer-4711")
            #expect(try await stage.store.failures(of: user).isBlocked(at: stage.clock.now()))
            let channel = try ScriptedChannel("app", [.later("busy", after: .seconds(1))])
            let notices = Self.notices(stage, [channel])
            for _ in 0..<4 {
                try await notices.pass()
                stage.clock.advance(by: .minutes(10))
            }
            let told = channel.told.withLock { $0 }
            #expect(told.count == 2, "the second attempt is taken")
            #expect(Set(told).count == 1)
            let notice = try #require(told.first)
            #expect(notice.content == .suspicious(.wrongNumbers))
            #expect(notice.title == "Security notice")
            #expect(notice.text.hasPrefix("A request was ended because a wrong number"))
            #expect(notice.text.hasSuffix(try #require(notice.reference) + "."))
            #expect(!notice.text.contains("Kiosk") && !notice.text.contains("/approve/"))
        }
    }

    // rule: A1
    @Test(
        "tells of a block in the user's language",
        arguments: ["de", "fr", "es", "pt-BR", "ar", "en"]
    )
    func blocked(language: String) async throws {
        try await SignOnStage.with { stage in
            let user = UserID.named("customer-4711")
            for _ in 0..<5 { _ = try await stage.store.noteFailure(of: user) }
            let channel = try ScriptedChannel("app", [])
            let notices = Self.notices(stage, [channel], person: Person(language: language))
            for _ in 0..<3 { try await notices.pass() }
            let told = channel.told.withLock { $0 }
            #expect(told.count == 1)
            let notice = try #require(told.first)
            #expect(notice.content == .suspicious(.blocked))
            #expect(notice.subject == .block(of: user, since: stage.clock.now()))
            #expect((notice.title == "Security notice") == (language == "en"))
            #expect(notice.text.contains("Example Bank") && !notice.text.contains("{"))
            #expect(notice.reference == nil && !notice.text.contains(user.value))
        }
    }

    // rule: A1
    @Test("tells of \"this wasn't me\" where it has blocked the client, and nothing otherwise")
    func reported() async throws {
        try await SignOnStage.with { stage in
            let login = try await stage.prompt("one")
            let evidence = Evidence(method: .tap, via: .page, address: nil)
            let decision = Decision(.reportAsFraud, evidence: evidence, at: stage.clock.now())
            try await stage.apply(.decided(decision, Selection()), to: login.number)
            // Here nothing is blocked.
            #expect(try await stage.store.dueNotices(at: .distantFuture, limit: 9).isEmpty)
            let owed = OwedNotice(
                .login(login.number, try await stage.store.login(login.number)),
                since: stage.clock.now(),
                attempts: 0
            )
            let writer = NoticeWriter(brand: "Example Bank")
            let notice = try #require(writer.notice(User(id: .named("a"), isActive: true), owed))
            #expect(notice.content == .suspicious(.reported))
            #expect(notice.text.hasPrefix("You reported that a request"))
            #expect(!notice.text.contains("Kiosk"))
        }
    }
}
