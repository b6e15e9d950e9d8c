import Identity
import Logins
import TestSupport
import Testing
import Threads

@Suite("A cached directory", .timeLimit(.minutes(3)))
struct CachedDirectoryTests {
    let clock = ManualClock()
    let source = Source()

    private func cached(capacity: Int = 100) -> CachedDirectory {
        CachedDirectory(
            source,
            clock: clock,
            found: .seconds(10),
            notFound: .seconds(3),
            capacity: capacity
        )
    }

    private func id(_ text: String) throws -> UserID { try #require(UserID(text)) }

    @Test("caches a user until the lifetime is over")
    func found() async throws {
        let directory = cached()
        let alice = try id("alice")
        source.know("alice")
        #expect(directory.peek(alice) == nil)
        #expect(try await directory.user(alice)?.isActive == true)
        clock.advance(by: .milliseconds(9_999))
        #expect(directory.peek(alice)??.id == alice)
        _ = try await directory.user(alice)
        #expect(source.count == 1)
        clock.advance(by: .milliseconds(1))
        #expect(directory.peek(alice) == nil)
        _ = try await directory.user(alice)
        #expect(source.count == 2)
    }

    @Test("caches a missing user, with a lifetime of its own")
    func notFound() async throws {
        let directory = cached()
        let bob = try id("bob")
        #expect(try await directory.user(bob) == nil)
        #expect(directory.peek(bob) == .some(nil))
        clock.advance(by: .milliseconds(2_999))
        #expect(try await directory.user(bob) == nil)
        #expect(source.count == 1)
        clock.advance(by: .milliseconds(1))
        source.know("bob")
        #expect(directory.peek(bob) == nil)
        #expect(try await directory.user(bob)?.id == bob)
    }

    @Test("asks again for a user that it was told to forget, and for nobody else")
    func forgotten() async throws {
        let directory = cached()
        let (alice, bob) = (try id("alice"), try id("bob"))
        source.know("alice")
        source.know("bob")
        _ = try await directory.user(alice)
        _ = try await directory.user(bob)
        directory.forget(alice)
        #expect(directory.peek(alice) == nil)
        #expect(directory.peek(bob)??.id == bob)
        _ = try await directory.user(alice)
        #expect(directory.peek(alice)??.id == alice)
        #expect(source.count == 3)
    }

    @Test("does not keep an answer that was asked for before the user was forgotten")
    func forgottenMeanwhile() async throws {
        let alice = try id("alice")
        let slow = Overtaken()
        let directory = CachedDirectory(slow, clock: clock)
        slow.overtaking.withLock { $0 = { directory.forget(alice) } }
        #expect(try await directory.user(alice)?.id == alice)
        #expect(directory.peek(alice) == nil)
        #expect(try await directory.current(alice)?.id == alice)
        #expect(directory.peek(alice) == nil)
        slow.overtaking.withLock { $0 = nil }
        _ = try await directory.user(alice)
        #expect(directory.peek(alice)??.id == alice)
    }

    /// A directory in which something happens while it is asked.
    private final class Overtaken: UserDirectory {
        let overtaking = Locked<(@Sendable () -> Void)?>(nil)

        func user(_ id: UserID) async throws(DirectoryError) -> User? {
            overtaking.withLock { $0 }?()
            return User(id: id, isActive: true)
        }
    }

    @Test("ages by the time that passed, however the clock is set", arguments: [-86_400, 86_400])
    func clockSet(seconds: Int64) async throws {
        let directory = cached()
        let alice = try id("alice")
        source.know("alice")
        _ = try await directory.user(alice)
        clock.set(clock.now() + .seconds(seconds))
        clock.advance(by: .milliseconds(9_999))
        #expect(directory.peek(alice)??.id == alice)
        clock.advance(by: .milliseconds(1))
        #expect(directory.peek(alice) == nil)
    }

    @Test("does not cache an error")
    func failure() async throws {
        let directory = cached()
        let alice = try id("alice")
        source.know("alice")
        source.fail(with: .unavailable("down"))
        await #expect(throws: DirectoryError.unavailable("down")) {
            try await directory.user(alice)
        }
        #expect(directory.peek(alice) == nil)
        source.fail(with: nil)
        #expect(try await directory.user(alice) != nil)
        #expect(source.count == 2)
    }

    @Test("combines concurrent look-ups of one user", arguments: [true, false])
    func oneLookUp(fails: Bool) async throws {
        let directory = cached()
        let alice = try id("alice")
        let source = source
        source.know("alice")
        if fails { source.fail(with: .unavailable("down")) }
        let opened = Signal()
        source.hold(until: opened)
        let answers = try await within {
            await withTaskGroup(of: Result<User?, DirectoryError>.self) { group in
                for _ in 0..<20 { group.addTask { await look(directory, alice) } }
                await source.hasBegun.wait()
                opened.raise()
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(answers.count == 20)
        if fails {
            // Those who came after the failure asked again, so only the answers are certain.
            #expect(answers.allSatisfy { $0 == .failure(.unavailable("down")) })
        } else {
            #expect(answers.allSatisfy { (try? $0.get())??.id == alice })
            #expect(source.count == 1)
        }
    }

    @Test("repeats a look-up for the others when its task is cancelled")
    func leaderCancelled() async throws {
        let directory = cached()
        let alice = try id("alice")
        let source = source
        source.know("alice")
        // The first look-up ends only by being cancelled.
        source.hold(until: Signal())
        let leader = Task { await look(directory, alice) }
        await source.hasBegun.wait()
        let follower = Task { await look(directory, alice) }
        leader.cancel()
        #expect(await leader.value == .failure(.unavailable("cancelled")))
        #expect(try await within { (try await follower.value.get())?.id } == alice)
        #expect(source.count == 2)
    }

    @Test("looks up different users concurrently")
    func independence() async throws {
        let directory = cached()
        let alice = try id("alice")
        let bob = try id("bob")
        let source = source
        source.know("bob")
        let opened = Signal()
        source.hold(until: opened)
        let slow = Task { await look(directory, alice) }
        await source.hasBegun.wait()
        #expect(try await directory.user(bob)?.id == bob)
        opened.raise()
        #expect(await slow.value == .success(nil))
    }

    @Test("evicts older users when it is full")
    func capacity() async throws {
        let directory = cached(capacity: 10)
        for number in 0..<100 { _ = try await directory.user(try id("user\(number)")) }
        let remembered = try (0..<100).filter { directory.peek(try id("user\($0)")) != nil }
        #expect(remembered.count <= 10)
        #expect(remembered.contains(99))
        #expect(!remembered.contains(0))
    }
}

private func look(
    _ directory: CachedDirectory,
    _ id: UserID
) async -> Result<User?, DirectoryError> {
    do throws(DirectoryError) {
        return .success(try await directory.user(id))
    } catch {
        return .failure(error)
    }
}

/// A directory that counts, fails and waits as it is told.
final class Source: UserDirectory {
    private struct State {
        var known: Set<String> = []
        var count = 0
        var failure: DirectoryError?
        var gate: Signal?
    }

    let hasBegun = Signal()
    private let state = Locked(State())

    var count: Int { state.withLock { $0.count } }
    func know(_ name: String) { state.withLock { _ = $0.known.insert(name) } }
    func fail(with error: DirectoryError?) { state.withLock { $0.failure = error } }
    /// Only the next look-up waits.
    func hold(until gate: Signal) { state.withLock { $0.gate = gate } }

    func user(_ id: UserID) async throws(DirectoryError) -> User? {
        let gate = state.withLock { state in
            state.count += 1
            defer { state.gate = nil }
            return state.gate
        }
        hasBegun.raise()
        await gate?.wait()
        if Task.isCancelled { throw .unavailable("cancelled") }
        return try state.withLock { (state) throws(DirectoryError) in
            if let failure = state.failure { throw failure }
            return state.known.contains(id.value) ? User(id: id, isActive: true) : nil
        }
    }
}
