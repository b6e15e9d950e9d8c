import Configuration
import Cryptography
import Glibc
import HTTP
import JSON
public import Logins
public import Telemetry
import Threads

/// The credentials for one authorization server, reloaded when their files change.
///
/// No task watches the files: `current` checks them, every few seconds at most. A replacement that
/// cannot be read or is invalid is logged once and tried again, and the credentials in use stay.
public final class ReplaceableCredentials: Sendable {
    /// How often the files are checked. A check costs a few system calls.
    static let interval = Duration.seconds(2)

    private struct State {
        var credentials: ClientCredentials
        /// Of the versions that were read, or found to be unchanged; empty while they are not known.
        var stamps: [FileStamp?]
        /// Of the files' contents, so that one which was only touched changes nothing.
        var digests: [[UInt8]?]
        var looksAgainAt: Duration
        /// Why the files could not be used at the last check; logged when it changes.
        var lastProblem: Problem?

        struct Problem: Equatable {
            let stamps: [FileStamp?]
            let reason: String
        }
    }

    private let settings: ClientAuthenticationSettings
    private let server: String
    private let environment = Environment.real(directory: "")
    private let clock: any WallClock
    private let log: Logger
    private let state: Locked<State>

    /// `server` is the server's name in the log and in metrics.
    ///
    /// - Throws: what is wrong with the files. An expired certificate is accepted, because there is
    ///   no better one yet.
    public init(
        _ settings: ClientAuthenticationSettings,
        of server: String,
        clock: any WallClock,
        log: Logger
    ) throws(ClientAuthenticationSettings.Problem) {
        self.settings = settings
        self.server = server
        self.clock = clock
        self.log = log
        let environment = environment
        // Before the contents: a change in between is noticed by the next check.
        let stamps = settings.files.map { FileStamp($0) }
        let digests = settings.files.map { environment.digest(of: $0) }
        state = Locked(
            State(
                credentials: try settings.credentials(in: environment, goodAt: nil),
                stamps: stamps,
                digests: digests,
                looksAgainAt: clock.uptime() + Self.interval
            )
        )
    }

    /// The newest valid credentials.
    public var current: ClientCredentials {
        if settings.files.isEmpty { return state.withLock { $0.credentials } }
        let now = clock.uptime()
        let isDue = state.withLock { state in
            if now < state.looksAgainAt { return false }
            state.looksAgainAt = now + Self.interval
            return true
        }
        if isDue { look() }
        return state.withLock { $0.credentials }
    }

    /// Registers the metrics of the credentials.
    public func register(in registry: MetricsRegistry) {
        guard settings.hasCertificate else { return }
        registry.gauge(
            "beckon_client_certificate_expiry_timestamp_seconds",
            "Expiry of the client certificate in use, in seconds since 1970.",
            [("server", server)]
        ) { self.certificateEnd.map { Double($0.milliseconds / 1000) } ?? .nan }
    }

    /// When the certificate in use expires; nil without one.
    var certificateEnd: Timestamp? {
        current.identity
            .flatMap { try? CertifiedKey(certificate: $0.certificate, key: $0.key) }
            .map { Timestamp(milliseconds: $0.notAfter * 1000) }
    }

    /// Reads the files now, even if they seem unchanged.
    public func reload() {
        state.withLock { state in
            state.stamps = []
            state.lastProblem = nil
        }
        look()
    }

    /// Reads the files if they have changed. The stamps are noted only once the files were read: one
    /// that cannot be read or used now is tried again at the next check.
    private func look() {
        let stamps = settings.files.map { FileStamp($0) }
        guard stamps != state.withLock({ $0.stamps }) else { return }
        let digests = settings.files.map { environment.digest(of: $0) }
        let isSame = state.withLock { state in
            guard state.digests == digests, !digests.contains(nil) else { return false }
            state.stamps = stamps
            state.lastProblem = nil
            return true
        }
        if isSame { return }
        do throws(ClientAuthenticationSettings.Problem) {
            let credentials = try settings.credentials(
                in: environment,
                goodAt: clock.now()
            )
            state.withLock { state in
                let revision = state.credentials.revision + 1
                state.credentials = credentials
                state.credentials.revision = revision
                state.stamps = stamps
                state.digests = digests
                state.lastProblem = nil
            }
            log.info("credentials.replaced") { $0.member("server", server) }
        } catch {
            let problem = State.Problem(stamps: stamps, reason: error.reason)
            let isNew = state.withLock { state in
                defer { state.lastProblem = problem }
                return state.lastProblem != problem
            }
            guard isNew else { return }
            log.error("credentials.not_replaced") {
                $0.member("server", server)
                $0.member("key", error.key)
                $0.member("cause", error.reason)
            }
        }
    }
}

/// Distinguishes two versions of a file without reading it.
struct FileStamp: Hashable {
    let inode: UInt64
    let size: Int64
    let seconds: Int
    let nanoseconds: Int

    /// Nil for a file that does not exist.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}

extension Environment {
    fileprivate func digest(of file: String) -> [UInt8]? {
        guard case .success(let bytes) = read(file) else { return nil }
        return SHA256.digest(bytes)
    }
}
