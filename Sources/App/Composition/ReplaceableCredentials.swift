import Configuration
import Cryptography
import Glibc
import HTTP
import JSON
import Logins
import OAuthClient
import Telemetry
import Threads

/// What proves us to one authorization server, made anew when its files change.
///
/// Nobody watches the files: whoever is about to use the credentials looks at them, every few
/// seconds at most. A replacement that is no good is logged once, and what was there stays in use.
final class ReplaceableCredentials: Sendable {
    /// How long a change may go unseen. A look costs a few system calls.
    static let interval = Duration.seconds(2)

    private struct State {
        var credentials: ClientCredentials
        var stamps: [FileStamp?]
        /// Of the files' contents, so that one which was only touched changes nothing.
        var digests: [[UInt8]?]
        var looksAgainAt: Timestamp
    }

    private let settings: ClientAuthenticationSettings
    let server: AuthorizationServerID
    private let environment = Environment.real(directory: "")
    private let clock: any WallClock
    private let log: Logger
    private let state: Locked<State>

    /// - Throws: what is wrong with the files. An expired certificate is taken, because nothing
    ///   better is there yet.
    init(
        _ settings: ClientAuthenticationSettings,
        of server: AuthorizationServerID,
        clock: any WallClock,
        log: Logger
    ) throws(ClientAuthenticationSettings.Problem) {
        self.settings = settings
        self.server = server
        self.clock = clock
        self.log = log
        let environment = environment
        // Before the contents: what changes in between is seen at the next look.
        let stamps = settings.files.map { FileStamp($0) }
        let digests = settings.files.map { environment.digest(of: $0) }
        state = Locked(
            State(
                credentials: try settings.credentials(in: environment, goodAt: nil),
                stamps: stamps,
                digests: digests,
                looksAgainAt: clock.now() + Self.interval
            )
        )
    }

    /// The newest that are good.
    var current: ClientCredentials {
        if settings.files.isEmpty { return state.withLock { $0.credentials } }
        let now = clock.now()
        let isDue = state.withLock { state in
            // A clock that was set back must not make us look later.
            if now < state.looksAgainAt, state.looksAgainAt <= now + Self.interval { return false }
            state.looksAgainAt = now + Self.interval
            return true
        }
        if isDue { look() }
        return state.withLock { $0.credentials }
    }

    /// The last moment of the certificate in use; nil without one.
    var certificateEnd: Timestamp? {
        current.identity
            .flatMap { try? CertifiedKey(certificate: $0.certificate, key: $0.key) }
            .map { Timestamp(milliseconds: $0.notAfter * 1000) }
    }

    /// Reads the files now, whether or not they seem to have changed.
    func reload() {
        state.withLock { $0.stamps = [] }
        look()
    }

    private func look() {
        let stamps = settings.files.map { FileStamp($0) }
        guard stamps != state.withLock({ $0.stamps }) else { return }
        let digests = settings.files.map { environment.digest(of: $0) }
        let isSame = state.withLock { state in
            state.stamps = stamps
            return state.digests == digests
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
                state.digests = digests
            }
            log.info("credentials.replaced") { $0.member("server", server.value) }
        } catch {
            log.error("credentials.not_replaced") {
                $0.member("server", server.value)
                $0.member("key", error.key)
                $0.member("cause", error.reason)
            }
        }
    }
}

/// What tells one version of a file from another without reading it.
private struct FileStamp: Hashable {
    let inode: UInt64
    let size: Int64
    let seconds: Int
    let nanoseconds: Int

    /// Nil for a file that is not there.
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
