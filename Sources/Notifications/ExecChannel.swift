import Configuration
import Glibc
import JSON
public import Logins
public import Telemetry
import Threads

/// Runs a command for each prompt, which it gets as JSON on standard input.
///
/// Its arguments come from the configuration only. So does its environment, except `TRACEPARENT`:
/// the trace of the login, with a span for this attempt. Its output is discarded, because it might
/// contain the ticket. Each running command occupies one thread.
public final class ExecChannel: NotificationChannel {
    /// `EX_TEMPFAIL` of sysexits.h: the command asks to be run again later.
    public static let temporaryFailure: Int32 = 75

    public struct Settings: Sendable {
        /// The command's absolute path and its arguments.
        public let command: [String]
        /// Its whole environment.
        public var environment: [String: String]
        /// The command and its process group are killed after this.
        public var timeLimit: Duration
        /// Further prompts wait.
        public var maximumCommands: Int

        /// Nil when the command has no absolute path, or a text contains NUL.
        public init?(
            command: [String],
            environment: [String: String] = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"],
            timeLimit: Duration = .seconds(20),
            maximumCommands: Int = 8
        ) {
            let texts = command + environment.keys + environment.values
            guard command.first?.hasPrefix("/") == true, maximumCommands > 0,
                !texts.contains(where: { $0.utf8.contains(0) }),
                !environment.keys.contains(where: { $0.isEmpty || $0.contains("=") })
            else { return nil }
            self.command = command
            self.environment = environment
            self.timeLimit = timeLimit
            self.maximumCommands = maximumCommands
        }
    }

    public let id: ChannelID
    public let retries: RetrySchedule
    public var isEnabled: Bool { true }
    private let settings: Settings
    private let clock: any WallClock
    private let log: Logger
    private let semaphore: AsyncSemaphore

    public init(
        id: ChannelID,
        settings: Settings,
        retries: RetrySchedule = RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0.2),
        clock: any WallClock,
        log: Logger
    ) {
        self.id = id
        self.settings = settings
        self.retries = retries
        self.clock = clock
        self.log = log
        semaphore = AsyncSemaphore(settings.maximumCommands)
    }

    /// Cancelling the task kills the command.
    public func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        await semaphore.wait()
        defer { semaphore.signal() }
        guard !Task.isCancelled else { return .later("cancelled", after: nil) }
        // It may have waited long for its turn.
        guard clock.now() < prompt.ends else { return .later("the prompt has expired", after: nil) }
        let input = PromptMessage(prompt).bytes + [0x0A]
        let outcome = await run(input, trace: prompt.origin?.trace)
        note(outcome)
        return Self.answer(to: outcome)
    }

    public func tell(_ notice: Notice) async -> DeliveryAnswer {
        await semaphore.wait()
        defer { semaphore.signal() }
        guard !Task.isCancelled else { return .later("cancelled", after: nil) }
        let outcome = await run(NoticeMessage(notice).bytes + [0x0A], trace: notice.origin?.trace)
        note(outcome)
        return Self.answer(to: outcome)
    }

    public var onlineChecks: [OnlineCheck] {
        [OnlineCheck("command") { .skipped("running it could notify somebody") }]
    }

    private func run(_ input: [UInt8], trace: String?) async -> ChildProcess.Outcome {
        guard let interruption = Interruption() else { return .didNotStart(EMFILE) }
        var settings = settings
        settings.environment["TRACEPARENT"] = trace.flatMap {
            TraceContext($0)?.child().traceparent
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                do throws(WorkerThread.Unavailable) {
                    try WorkerThread.start { [settings] in
                        let command = ChildProcess(
                            settings.command,
                            environment: settings.environment,
                            timeLimit: settings.timeLimit
                        )
                        waiter.resume(returning: command.run(input, until: interruption))
                    }
                } catch {
                    waiter.resume(returning: .didNotStart(error.code))
                }
            }
        } onCancel: {
            interruption.raise()
        }
    }

    private static func answer(to outcome: ChildProcess.Outcome) -> DeliveryAnswer {
        switch outcome {
        case .exited(0, _): .delivered
        case .exited(temporaryFailure, _): .later("exit status 75", after: nil)
        case .exited(let status, _): .refused("exit status \(status)")
        case .killed(let signal, _): .refused("killed by signal \(signal)")
        case .timedOut: .later("the command timed out", after: nil)
        case .interrupted: .later("cancelled", after: nil)
        // A shortage may pass, unlike a missing command.
        case .didNotStart(EAGAIN), .didNotStart(ENOMEM), .didNotStart(EMFILE), .didNotStart(ENFILE):
            .later("the system cannot start another process now", after: nil)
        case .didNotStart(let code): .refused("the command cannot be started (error \(code))")
        }
    }

    private func note(_ outcome: ChildProcess.Outcome) {
        if case .didNotStart(let code) = outcome {
            log.warning("channel.command_not_started") { json in
                json.member("channel", id.value)
                json.member("error_number", Int(code))
            }
        }
        guard case .exited(let status, let outputBytes) = outcome else { return }
        log.debug("channel.command") { json in
            json.member("channel", id.value)
            json.member("exit_status", Int(status))
            json.member("output_bytes", outputBytes)
        }
    }
}

extension ChannelKind {
    /// A command of the operator's.
    public static let exec = ChannelKind(
        name: "exec",
        about: "a command that gets the prompt as JSON on standard input",
        example: "sms"
    ) { section in
        guard let settings = ExecChannel.Settings(section) else { return nil }
        return { id, context in
            ExecChannel(id: id, settings: settings, clock: context.clock, log: context.log)
        }
    }
}

extension ExecChannel.Settings {
    init?(_ section: Section) {
        let command = section.texts(
            "argv",
            example: ["/usr/local/bin/send-sms", "--from", "Bank"],
            required: true,
            "The command's absolute path and its arguments."
        )
        let timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one run; the command is then killed."
        )
        let maximumCommands = section.number(
            "concurrency",
            default: 8,
            1...256,
            "Maximum number of concurrent runs."
        )
        if let path = command.first {
            if !path.hasPrefix("/") {
                section.problem("argv", "must begin with an absolute path, not \(path)")
            } else if let obstacle = section.environment.obstacle(path, .running) {
                section.problem("argv", "\(path) \(obstacle.reason)")
            } else if command.contains(where: { $0.utf8.contains(0) }) {
                section.problem("argv", "must not contain NUL")
            } else {
                for place in [path, Environment.directory(of: path)] {
                    guard let warning = section.environment.warning(trusted: place) else {
                        continue
                    }
                    section.warn("argv", "\(place) \(warning)")
                }
            }
        } else if section.has("argv") {
            section.problem("argv", "must contain a command")
        }
        self.init(command: command, timeLimit: timeLimit, maximumCommands: maximumCommands)
    }
}
