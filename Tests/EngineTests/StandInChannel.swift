import Identity
import Logins
import TestSupport
import Testing
import Threads

/// A channel with scripted answers that records its prompts. It fails the test for prompts that
/// nobody could answer.
final class StandInChannel: NotificationChannel {
    struct Asked: Sendable {
        let prompt: Prompt
        let at: Timestamp
    }

    private struct State {
        var isEnabled = true
        var answers: [DeliveryAnswer] = []
    }

    let id: ChannelID
    let retries = RetrySchedule(first: .seconds(1), cap: .seconds(4), jitter: 0.5)
    let asked = Recorded<Asked>()
    /// One entry for each answer.
    let answered = Recorded<LoginNumber>()
    let gate = Gate()
    private let crowd: Crowd
    private let clock: ManualClock
    private let state = Locked(State())

    init(_ id: String, clock: ManualClock, crowd: Crowd) {
        self.id = .named(id)
        self.clock = clock
        self.crowd = crowd
    }

    var isEnabled: Bool { state.withLock { $0.isEnabled } }

    func disable() { state.withLock { $0.isEnabled = false } }

    /// Sets the answers to the next prompts. Later ones get `delivered`.
    func answer(_ answers: DeliveryAnswer...) {
        state.withLock { $0.answers = answers }
    }

    func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        await crowd.within {
            #expect(prompt.ends > clock.now(), "a prompt that has ended")
            #expect(prompt.link == Stage.publicURL + "/approve/" + prompt.ticket)
            #expect(PromptTicket(prompt.ticket)?.number == prompt.number)
            asked.append(Asked(prompt: prompt, at: clock.now()))
            await gate.pass()
            answered.append(prompt.number)
            return state.withLock {
                $0.answers.isEmpty ? .delivered : $0.answers.removeFirst()
            }
        }
    }
}

/// A directory of users, at first `alice` only. It can be made unavailable.
final class StandInDirectory: UserDirectory {
    private struct State {
        var users: [UserID: User] = [.named("alice"): User(id: .named("alice"), isActive: true)]
        var isDown = false
    }

    let asked = Recorded<UserID>()
    private let state = Locked(State())

    func put(_ user: User) { state.withLock { $0.users[user.id] = user } }
    func remove(_ id: UserID) { state.withLock { $0.users[id] = nil } }
    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    func user(_ id: UserID) async throws(DirectoryError) -> User? {
        asked.append(id)
        return try state.withLock { (state) throws(DirectoryError) in
            if state.isDown { throw .unavailable("down for a test") }
            return state.users[id]
        }
    }
}
