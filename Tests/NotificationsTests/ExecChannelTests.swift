import Foundation
import Glibc
import JSON
import Logins
import Notifications
import Telemetry
import TestSupport
import Testing
import Threads

@Suite("The exec channel", .timeLimit(.minutes(3)))
struct ExecChannelTests {
    let directory: TemporaryDirectory
    let clock = ManualClock()
    let log = CapturedLog()

    init() throws { directory = try TemporaryDirectory() }

    /// Runs a script with the directory as its first argument.
    private func channel(
        _ script: String,
        timeLimit: Duration = .seconds(20),
        maximumCommands: Int = 8
    ) throws -> ExecChannel {
        ExecChannel(
            id: try name("exec"),
            settings: try #require(
                ExecChannel.Settings(
                    command: ["/bin/sh", "-c", script, "name", directory.path],
                    timeLimit: timeLimit,
                    maximumCommands: maximumCommands
                )
            ),
            clock: clock,
            log: log.logger
        )
    }

    private func written(_ file: String) throws -> String {
        try String(contentsOfFile: directory.file(file), encoding: .utf8)
    }

    @Test("writes the prompt as a line of JSON to the command's standard input")
    func input() async throws {
        let channel = try channel("cat > $1/input")
        #expect(await channel.ask(try makePrompt()) == .delivered)
        let text = try written("input")
        #expect(text.hasSuffix("}\n"))
        let message = try JSONValue(Array(text.utf8))
        #expect(message["type"]?.string == "login.prompt")
        #expect(message["data"]?["login_id"]?.string == "login.with.dots")
        #expect(message["data"]?["ticket"]?.string == "TICKET")
    }

    @Test("runs no command for a prompt that expired while it waited for its turn")
    func expired() async throws {
        let prompt = try makePrompt()
        let alive = try Liveness(directory.file("alive"))
        try #require(mkfifo(directory.file("go"), 0o600) == 0)
        let script = "exec 3> $1/alive; echo x >&3; echo run >> $1/runs; read go < $1/go"
        let channel = try channel(script, maximumCommands: 1)
        try await withThrowingTaskGroup(of: DeliveryAnswer.self) { group in
            group.addTask { await channel.ask(prompt) }
            #expect(await alive.hasSeenThemBegin())
            for _ in 0..<3 { group.addTask { await channel.ask(prompt) } }
            clock.advance(by: prompt.ends - clock.now())
            try Data("\n".utf8).write(to: URL(filePath: directory.file("go")))
            var answers: [DeliveryAnswer] = []
            for try await answer in group { answers.append(answer) }
            #expect(answers.filter { $0 == .delivered }.count == 1)
            #expect(
                answers.filter { $0 == .later("the prompt has expired", after: nil) }.count == 3
            )
        }
        #expect(try written("runs") == "run\n")
    }

    @Test("passes nothing of the prompt as argument or environment variable")
    func arguments() async throws {
        let script =
            "tr '\\0' '\\n' < /proc/$$/environ > $1/environment; pwd > $1/place; echo $# > $1/count"
        let channel = try channel(script)
        #expect(await channel.ask(try makePrompt(login: "$(touch x); `id`")) == .delivered)
        let environment = try written("environment").split(separator: "\n").sorted()
        #expect(environment == ["LANG=C.UTF-8", "PATH=/usr/bin:/bin"])
        #expect(try written("place") == "/\n")
        #expect(try written("count") == "1\n")
    }

    @Test("sets TRACEPARENT to the login's trace with a new span")
    func trace() async throws {
        let channel = try channel("echo $TRACEPARENT >> $1/traces")
        for _ in 0..<2 { _ = await channel.ask(try makePrompt(origin: .fixture)) }
        let contexts = try written("traces").split(separator: "\n")
            .compactMap { TraceContext(String($0)) }
        #expect(
            contexts.map(\.traceID)
                == Array(repeating: "4bf92f3577b34da6a3ce929d0e0e4736", count: 2)
        )
        #expect(Set(contexts.map(\.span) + [0x00F0_67AA_0BA9_02B7]).count == 3)
    }

    @Test("closes all files of the command except the standard three")
    func descriptors() async throws {
        // One that a library might have left open for children, with a number that a shell would
        // not give to a file of its own.
        let null = open("/dev/null", O_RDONLY)
        let stray = fcntl(null, F_DUPFD, 200)
        defer {
            close(null)
            close(stray)
        }
        let channel = try channel("for f in /proc/$$/fd/*; do echo ${f##*/}; done > $1/list")
        #expect(await channel.ask(try makePrompt()) == .delivered)
        let numbers = try written("list").split(separator: "\n").compactMap { Int($0) }
        #expect(Set(numbers).isSuperset(of: [0, 1, 2]))
        // 3 is the directory while it is listed, 10 and above the shell's own standard output.
        #expect(numbers.allSatisfy { $0 <= 3 || (10..<20).contains($0) })
    }

    @Test(
        "maps the exit status to an answer",
        arguments: [
            ("exit 0", DeliveryAnswer.delivered), ("exit 75", .later("exit status 75", after: nil)),
            ("exit 1", .refused("exit status 1")), ("exit 255", .refused("exit status 255")),
            ("kill -TERM $$", .refused("killed by signal 15")),
        ]
    )
    func exitStatus(script: String, answer: DeliveryAnswer) async throws {
        #expect(try await channel(script).ask(try makePrompt()) == answer)
    }

    @Test("refuses when the command does not exist or is not executable")
    func missing() async throws {
        for path in [directory.file("missing"), directory.path] {
            let settings = try #require(ExecChannel.Settings(command: [path]))
            let channel = ExecChannel(
                id: try name("exec"),
                settings: settings,
                clock: clock,
                log: log.logger
            )
            #expect(await channel.ask(try makePrompt()).kind == .refused)
        }
    }

    @Test("requires an absolute path and texts without NUL")
    func settings() {
        #expect(ExecChannel.Settings(command: []) == nil)
        #expect(ExecChannel.Settings(command: ["notify"]) == nil)
        #expect(ExecChannel.Settings(command: ["./notify"]) == nil)
        #expect(ExecChannel.Settings(command: ["/bin/echo", "a\u{0}b"]) == nil)
        #expect(ExecChannel.Settings(command: ["/bin/echo"], environment: ["A=B": "c"]) == nil)
        #expect(ExecChannel.Settings(command: ["/bin/echo", ""]) != nil)
    }

    @Test("kills the command and its children at the time limit")
    func timeLimit() async throws {
        let alive = try Liveness(directory.file("alive"))
        // Both hold the pipe open for as long as they live.
        let channel = try channel(
            "exec 3> $1/alive; echo x >&3; sleep 600 & sleep 600",
            timeLimit: .milliseconds(300)
        )
        #expect(await channel.ask(try makePrompt()).kind == .later)
        #expect(await alive.hasSeenThemEnd())
    }

    @Test("kills the command when its task is cancelled")
    func cancellation() async throws {
        let alive = try Liveness(directory.file("alive"))
        let channel = try channel("exec 3> $1/alive; echo x >&3; sleep 600 & sleep 600")
        let prompt = try makePrompt()
        let task = Task { await channel.ask(prompt) }
        #expect(await alive.hasSeenThemBegin())
        task.cancel()
        #expect(await task.value.kind == .later)
        #expect(await alive.hasSeenThemEnd())
    }

    @Test("does not wait for a child that keeps the output open")
    func leftBehind() async throws {
        let channel = try channel("sleep 600 & echo $! > $1/number; exit 0")
        #expect(await channel.ask(try makePrompt()) == .delivered)
        let number = try #require(pid_t(try written("number").dropLast()))
        // It was left alone, and this test leaves nothing.
        #expect(kill(number, SIGKILL) == 0)
    }

    @Test("tolerates a command that does not read, or reads late")
    func unread() async throws {
        let long = try makePrompt(message: String(repeating: "m", count: 300_000))
        #expect(try await channel("exit 0").ask(long) == .delivered)
        #expect(try await channel("exec 0<&-; exit 75").ask(long).kind == .later)
        #expect(try await channel("sleep 0.1; wc -c > $1/size").ask(long) == .delivered)
        #expect(try #require(Int(try written("size").dropLast())) > 300_000)
    }

    @Test("logs the length of the command's output, not the output")
    func output() async throws {
        let channel = try channel("cat; cat $1/../nothing; head -c 3000000 /dev/zero")
        #expect(await channel.ask(try makePrompt()) == .delivered)
        let line = try #require(log.lines.first { $0.event == "channel.command" })
        #expect(line.members.contains("\"output_bytes\":\(1 << 20)"))
        #expect(!log.lines.contains { $0.members.contains("TICKET") })
    }

    @Test("reaps every command")
    func zombies() async throws {
        let channel = try channel("echo $$ > $1/number")
        #expect(await channel.ask(try makePrompt()) == .delivered)
        let number = try #require(pid_t(try written("number").dropLast()))
        var status: Int32 = 0
        #expect(waitpid(number, &status, WNOHANG) == -1)
        #expect(errno == ECHILD)
    }

    @Test("limits the number of concurrent commands")
    func cap() async throws {
        // Fails when it sees more than two marks at once.
        let channel = try channel(
            """
            mkdir -p $1/marks; touch $1/marks/$$; sleep 0.02
            count=$(ls $1/marks | wc -l); rm $1/marks/$$; [ $count -le 2 ]
            """,
            maximumCommands: 2
        )
        let prompt = try makePrompt()
        let delivered = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 { group.addTask { await channel.ask(prompt) == .delivered } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(delivered == 10)
    }
}

/// A named pipe that processes hold open while they live.
private final class Liveness: Sendable {
    private let descriptor: Int32

    struct Failed: Error {}

    init(_ path: String) throws {
        guard mkfifo(path, 0o600) == 0 else { throw Failed() }
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failed() }
    }

    deinit { close(descriptor) }

    func hasSeenThemBegin() async -> Bool { await wait(for: POLLIN) }

    func hasSeenThemEnd() async -> Bool { await wait(for: POLLHUP) }

    /// On a thread of its own: the shared pool has few, and the channel needs one.
    private func wait(for event: Int32) async -> Bool {
        await withCheckedContinuation { waiter in
            do {
                try WorkerThread.start { [descriptor] in
                    var wanted = pollfd(fd: descriptor, events: Int16(event & POLLIN), revents: 0)
                    let count = poll(&wanted, 1, 30_000)
                    waiter.resume(returning: count == 1 && Int32(wanted.revents) & event != 0)
                }
            } catch {
                waiter.resume(returning: false)
            }
        }
    }
}
