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
        // The store is opened only if users or devices are in it.
        let isNeeded =
            configuration.users.isLocal
            || channels(configuration, nil, client, clock, terminal).contains(where: \.usesDevices)
        let stores = isNeeded ? try await openStores(configuration.store) : nil
        do {
            let test = try await notify(id, configuration, stores, client, clock, terminal)
            await stores?.close()
            return test
        } catch {
            await stores?.close()
            throw error
        }
    }

    private static func channels(
        _ configuration: ServiceConfiguration,
        _ stores: Stores?,
        _ client: any OutboundHTTP,
        _ clock: SystemClock,
        _ terminal: any Terminal
    ) -> [any NotificationChannel] {
        let context = ChannelKind.Context(
            client: client,
            mail: CurlMailer(),
            addresses: RecordedAddresses(desk: nil, devices: stores?.devices),
            brand: configuration.branding.name,
            clock: clock,
            log: .silent
        ) { terminal.output($0) }
        return configuration.channels.map { $0.make(context) }
    }

    private static func notify(
        _ id: UserID,
        _ configuration: ServiceConfiguration,
        _ stores: Stores?,
        _ client: any OutboundHTTP,
        _ clock: SystemClock,
        _ terminal: any Terminal
    ) async throws -> NotifyTest {
        let channels = channels(configuration, stores, client, clock, terminal)
        let directory = configuration.users.directory(
            local: Local(store: stores?.users),
            client: client,
            clock: clock,
            extended: { directory in
                guard let stores else { return directory }
                return DirectoryWithDevices.extending(directory, stores.devices, for: channels)
            }
        )
        let found: User?
        do throws(DirectoryError) {
            found = try await directory.current(id)
        } catch .unavailable(let reason) {
            throw CommandFailure(.unavailable, "the directory cannot be asked: \(reason)")
        }
        guard let user = found else { throw CommandFailure(.failed, "there is no user \(id)") }
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
        return await NotifyTest(prompt, channels)
    }

    /// The users in the store, if it is open.
    private struct Local: UserDirectory {
        let store: (any UserStore)?
        func user(_ id: UserID) async throws(DirectoryError) -> User? {
            try await store?.user(id)
        }
    }
}
