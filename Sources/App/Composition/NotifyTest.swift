import Commands
import Configuration
import Cryptography
import CurlClient
import Endpoints
import Engine
import HTTP
import Identity
import Logins
import Notifications
import Telemetry

/// What each channel answered to a test message.
struct NotifyTest: Sendable {
    /// In the order of the configuration.
    private(set) var lines: [String] = []
    /// How many channels were asked, and how many of these delivered.
    private(set) var asked = 0
    private(set) var delivered = 0

    /// Asks the channels one after the other.
    init(_ prompt: Prompt, _ channels: [any NotificationChannel]) async {
        let user = prompt.user
        for channel in channels {
            guard user.channels?.contains(channel.id) ?? true else {
                lines.append("skipped: \(channel.id): the user may not be notified through it")
                continue
            }
            guard channel.isEnabled, channel.reaches(user) else {
                lines.append("skipped: \(channel.id): the user has no address for it")
                continue
            }
            asked += 1
            switch await channel.ask(prompt) {
            case .delivered:
                delivered += 1
                lines.append("delivered: \(channel.id)")
            case .later(let reason, _): lines.append("later: \(channel.id): \(reason)")
            case .refused(let reason): lines.append("refused: \(channel.id): \(reason)")
            case .gone(let reason): lines.append("gone: \(channel.id): \(reason)")
            }
        }
    }
}

extension Composition {
    /// Sends a test message to a user through each channel of a configuration.
    static func notify(
        _ id: UserID,
        _ configuration: ServiceConfiguration,
        _ terminal: any Terminal
    ) async throws -> NotifyTest {
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        let clock = SystemClock()
        guard let user = try await find(id, configuration, client, clock) else {
            throw CommandFailure(.failed, "there is no user \(id)")
        }
        let random = Base64URL.encode(Random.bytes(12))
        guard let server = configuration.serverIDs.first, let login = LoginID("test-" + random)
        else { throw CommandFailure(.configuration, "there is no authorization server") }
        let now = clock.now()
        let prompt = Prompt(
            number: LoginNumber(0),
            key: LoginKey(server: server, tenant: nil, login: login),
            user: user,
            clientName: nil,
            scopes: [],
            bindingMessage: nil,
            received: now,
            ends: now + .seconds(120),
            link: configuration.publicURL + "/approve/test",
            ticket: "test",
            isTest: true
        )
        let context = ChannelKind.Context(
            client: client,
            mail: CurlMailer(),
            addresses: RecordedAddresses(desk: nil),
            brand: configuration.branding.name,
            clock: clock,
            log: .silent
        ) { terminal.output($0) }
        return await NotifyTest(prompt, configuration.channels.map { $0.make(context) })
    }

    /// Opens the store only if the users are in it.
    private static func find(
        _ id: UserID,
        _ configuration: ServiceConfiguration,
        _ client: any OutboundHTTP,
        _ clock: SystemClock
    ) async throws -> User? {
        let stores =
            configuration.users.isLocal ? try await openStores(configuration.store) : nil
        let directory = configuration.users.directory(
            local: Local(store: stores?.users),
            client: client,
            clock: clock
        )
        let found: Result<User?, DirectoryError>
        do throws(DirectoryError) {
            found = .success(try await directory.current(id))
        } catch {
            found = .failure(error)
        }
        await stores?.close()
        switch found {
        case .success(let user): return user
        case .failure(.unavailable(let reason)):
            throw CommandFailure(.unavailable, "the directory cannot be asked: \(reason)")
        }
    }

    /// The users in the store, if it is open.
    private struct Local: UserDirectory {
        let store: (any UserStore)?
        func user(_ id: UserID) async throws(DirectoryError) -> User? {
            try await store?.user(id)
        }
    }
}
