import CSpawn
import Glibc

/// One run of a program, in a process group of its own, with only the given environment, only the
/// three standard files open, and a time limit. Blocks the thread it runs on.
@safe struct ChildProcess {
    enum Outcome: Equatable, Sendable {
        case exited(Int32, outputBytes: Int)
        case killed(Int32, outputBytes: Int)
        case timedOut
        case interrupted
        /// The error number of posix_spawn or of a call before it.
        case didNotStart(Int32)
    }

    /// Output beyond this is read, so that the process does not block, but not counted.
    static let outputLimit = 1 << 20

    private let words: [String]
    private let environment: [String: String]
    private let timeLimit: Duration

    init(_ words: [String], environment: [String: String], timeLimit: Duration) {
        self.words = words
        self.environment = environment
        self.timeLimit = timeLimit
    }

    /// Returns when the process has ended and been reaped, or was killed with its group.
    func run(_ input: [UInt8], until interruption: Interruption) -> Outcome {
        blockBrokenPipes()
        guard let standardInput = Descriptor.pipe(), let standardOutput = Descriptor.pipe() else {
            return .didNotStart(EMFILE)
        }
        var process: pid_t = 0
        let code = spawn(
            &process,
            standardInput: standardInput.reading.number,
            standardOutput: standardOutput.writing.number
        )
        guard code == 0 else { return .didNotStart(code) }
        let descriptor = beckon_pidfd_open(process)
        guard descriptor >= 0 else {
            let code = errno
            return end(process, .didNotStart(code))
        }
        var exchange = ProcessIO(
            input: input,
            standardInput: standardInput.takeWriting(),
            standardOutput: standardOutput.takeReading(),
            process: Descriptor(descriptor)
        )
        switch exchange.run(until: interruption, limit: .now + timeLimit) {
        case .ended: return reap(process, outputBytes: exchange.outputBytes)
        case .timedOut: return end(process, .timedOut)
        case .interrupted: return end(process, .interrupted)
        }
    }

    /// Turns writing to a process that does not read into an error. The pending signal ends with
    /// this thread.
    private func blockBrokenPipes() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    // MARK: Starting

    private func spawn(
        _ process: inout pid_t,
        standardInput: Int32,
        standardOutput: Int32
    ) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, standardOutput, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, standardOutput, STDERR_FILENO)
        // Closes whatever else is open, ours or a library's.
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
        unsafe posix_spawn_file_actions_addchdir_np(&actions, "/")
        // No signal is blocked or ignored at first, unlike in this process.
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        let path = words[0]
        return unsafe Self.withCStrings(words) { words in
            unsafe Self.withCStrings(environment.map { "\($0)=\($1)" }) { environment in
                unsafe posix_spawn(&process, path, &actions, &attributes, words, environment)
            }
        }
    }

    /// Lends an array of C strings that ends with nil.
    private static func withCStrings<Result>(
        _ texts: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let room = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
            capacity: texts.count + 1
        )
        for (index, text) in texts.enumerated() {
            unsafe (room + index).initialize(to: strdup(text))
        }
        unsafe (room + texts.count).initialize(to: nil)
        defer {
            for index in texts.indices { unsafe free(room[index]) }
            unsafe room.deallocate()
        }
        return unsafe body(room)
    }

    // MARK: Ending

    /// The process has not been reaped, so neither its number nor its group's can be another's.
    private func end(_ process: pid_t, _ outcome: Outcome) -> Outcome {
        kill(-process, SIGKILL)
        _ = reap(process, outputBytes: 0)
        return outcome
    }

    private func reap(_ process: pid_t, outputBytes: Int) -> Outcome {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        // WIFEXITED, WEXITSTATUS and WTERMSIG are macros.
        let signal = status & 0x7F
        return signal == 0
            ? .exited(status >> 8 & 0xFF, outputBytes: outputBytes)
            : .killed(signal, outputBytes: outputBytes)
    }
}
