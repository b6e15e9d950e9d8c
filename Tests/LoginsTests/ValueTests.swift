import Logins
import TestSupport
import Testing

@Suite("Identifier")
struct IdentifierTests {
    @Test(
        "An identifier has 1 to 512 characters and no control characters",
        arguments: [
            ("", false), ("a", true), (String(repeating: "a", count: 512), true),
            (String(repeating: "a", count: 513), false),
            (String(repeating: "\u{1F600}", count: 512), true),
            (String(repeating: "\u{1F600}", count: 513), false),
            ("a\u{0}", false), ("a\nb", false), ("\u{1F}", false), (" ", true), ("~", true),
            ("\u{7F}", false), ("\u{80}", false), ("\u{9F}", false), ("\u{A0}", true),
            ("\u{E9}", true),
        ]
    )
    func bounds(_ text: String, _ isValid: Bool) {
        #expect((LoginID(text) != nil) == isValid)
        #expect(LoginID(text)?.value ?? text == text)
    }

    @Test("Identifiers are equal if their bytes are")
    func equality() throws {
        let composed = try #require(UserID("\u{E9}"))
        let decomposed = try #require(UserID("e\u{301}"))
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, composed]).count == 2)
        #expect(decomposed < composed, "the order is that of the bytes")
        #expect(composed == UserID("\u{E9}"))
    }
}

@Suite("Retry schedule")
struct RetryScheduleTests {
    private let schedule = RetrySchedule(first: .seconds(1), cap: .seconds(60), jitter: 0.5)

    @Test(
        "A retry pause doubles up to its cap",
        arguments: [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60)]
    )
    func doubling(_ attempts: Int, _ seconds: Int64) {
        let exact = RetrySchedule(first: .seconds(1), cap: .seconds(60), jitter: 0)
        #expect(exact.pause(after: attempts, random: 0.7) == .seconds(seconds))
        #expect(schedule.pause(after: attempts, random: 0.5) == .seconds(seconds))
    }

    @Test("A retry pause stays within its jitter")
    func jitter() {
        for attempts in [0, 1, 5, 31, 32, 64, 1_000, .max] {
            let low = schedule.pause(after: attempts, random: 0)
            let high = schedule.pause(after: attempts, random: 0.999_999)
            #expect(low >= .milliseconds(500))
            #expect(high <= .seconds(90))
            #expect(low < high)
        }
    }

    @Test("A requested pause is used as it is")
    func asked() {
        #expect(schedule.pause(after: 1, asked: .minutes(10), random: 0) == .minutes(10))
        #expect(schedule.pause(after: 9, asked: .zero, random: 0) == .zero)
    }

    @Test("Attempts keep the latest and count all")
    func attempts() {
        var attempts = Attempts()
        for index in 0..<50 {
            attempts.add("\(index)", at: noon + .seconds(Int64(index)))
        }
        #expect(attempts.count == 50)
        #expect(attempts.recent.map(\.note) == (30..<50).map { "\($0)" })
        attempts.add(String(repeating: "x", count: 1_000), at: noon)
        #expect(attempts.recent.last?.note.count == 200)
    }
}

@Suite("Login limits")
struct LoginLimitsTests {
    private typealias Usage = LoginLimits.Usage

    @Test("A limit is exceeded by the login that would pass it")
    func broken() {
        let limits = LoginLimits(
            liveLoginsOfUser: 3,
            liveLoginsOfClient: 5,
            startsOfUserAMinute: 4,
            startsOfClientAMinute: 6
        )
        #expect(
            limits.broken(
                by: Usage(
                    liveLoginsOfUser: 2,
                    liveLoginsOfClient: 4,
                    startsOfUser: 3,
                    startsOfClient: 5
                )
            ) == nil
        )
        #expect(limits.broken(by: Usage(liveLoginsOfUser: 3)) == .tooManyLoginsOfUser)
        #expect(limits.broken(by: Usage(liveLoginsOfClient: 5)) == .tooManyLoginsOfClient)
        #expect(limits.broken(by: Usage(startsOfUser: 4)) == .tooManyStartsOfUser)
        #expect(limits.broken(by: Usage(startsOfClient: 6)) == .tooManyStartsOfClient)
    }

    @Test("Without limits no login is refused")
    func none() {
        let most = Usage(
            liveLoginsOfUser: .max,
            liveLoginsOfClient: .max,
            startsOfUser: .max,
            startsOfClient: .max
        )
        #expect(LoginLimits.none.broken(by: most) == nil)
        #expect(LoginLimits(liveLoginsOfUser: 0).broken(by: Usage()) == .tooManyLoginsOfUser)
    }
}

@Suite("Timestamp")
struct TimestampTests {
    @Test("Timestamp arithmetic does not overflow")
    func arithmetic() {
        #expect((noon + .seconds(2)) - noon == .seconds(2))
        #expect(noon - .seconds(2) < noon)
        #expect(noon + .milliseconds(1_500) == noon + .seconds(1) + .milliseconds(500))
        #expect(Timestamp(milliseconds: .max) + .seconds(1) == .distantFuture)
    }
}
