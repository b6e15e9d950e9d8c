import Glibc
import JSON
public import Logins
public import Telemetry
import Threads

/// Runs a command for each prompt, which it gets as JSON on its standard input.
///
/// Its arguments come from the configuration alone, its environment too but for `TRACEPARENT`: the
/// trace of the login, with a span for this attempt. What it writes is not kept: it might hold the
/// ticket. Each running command occupies one thread.
public final class ExecChannel: NotificationChannel {
    /// `EX_TEMPFAIL` of sysexits.h: the command asks to be run again later.
    public static let temporaryFailure: Int32 = 75

    public struct Settings: Sendable {
        /// The command's absolute path and its arguments.
        public let command: [String]
        /// All that it finds in its environment.
        public var environment: [String: String]
        /// After which the command and all it started in its process group are killed.
        public var timeLimit: Duration
        /// More prompts than this wait for their turn.
        public var maximumCommands: Int

        /// Nil when the command has no absolute path, or a text has a NUL.
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
    private let turns: Turns

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
        turns = Turns(settings.maximumCommands)
    }

    /// Cancelling the task kills the command.
    public func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        await turns.take()
        defer { turns.giveBack() }
        guard !Task.isCancelled else { return .later("cancelled", after: nil) }
        let input = PromptMessage(prompt, at: clock.now()).bytes + [0x0A]
        let outcome = await run(input, trace: prompt.origin?.trace)
        note(outcome)
        return Self.answer(to: outcome)
    }

    private func run(_ input: [UInt8], trace: String?) async -> Command.Outcome {
        guard let interruption = Interruption() else { return .didNotStart(EMFILE) }
        var settings = settings
        settings.environment["TRACEPARENT"] = trace.flatMap {
            TraceContext($0)?.child().traceparent
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                WorkerThread.start { [settings] in
                    let command = Command(
                        settings.command,
                        environment: settings.environment,
                        timeLimit: settings.timeLimit
                    )
                    waiter.resume(returning: command.run(input, until: interruption))
                }
            }
        } onCancel: {
            interruption.raise()
        }
    }

    private static func answer(to outcome: Command.Outcome) -> DeliveryAnswer {
        switch outcome {
        case .exited(0, _): .delivered
        case .exited(temporaryFailure, _): .later("exit status 75", after: nil)
        case .exited(let status, _): .refused("exit status \(status)")
        case .killed(let signal, _): .refused("killed by signal \(signal)")
        case .tookTooLong: .later("the command took too long", after: nil)
        case .interrupted: .later("cancelled", after: nil)
        // What may be missing for a moment, unlike the command itself.
        case .didNotStart(EAGAIN), .didNotStart(ENOMEM), .didNotStart(EMFILE), .didNotStart(ENFILE):
            .later("the system has no room for a command", after: nil)
        case .didNotStart(let code): .refused("the command does not start (error \(code))")
        }
    }

    private func note(_ outcome: Command.Outcome) {
        guard case .exited(let status, let outputBytes) = outcome else { return }
        log.debug("channel.command") { json in
            json.member("channel", id.value)
            json.member("exit_status", Int(status))
            json.member("output_bytes", outputBytes)
        }
    }
}
