import AuthorizationServers
import Commands
import Configuration
import CurlClient
import Endpoints
import Engine
import HTTP
import Identity
import Logins
import Notifications
import SQLStore
import Telemetry
import Threads
import Trust

/// What the systems of a configuration answered, a line each.
struct OnlineReport: Sendable {
    /// In the order of the configuration.
    var lines: [String] = []
    /// How many of them say that something does not work.
    var failures = 0

    /// Asks all of them at once.
    init(_ checks: [(subject: String, check: OnlineCheck)]) async {
        let outcomes = await withTaskGroup(of: (Int, OnlineCheck.Outcome).self) { group in
            for (index, entry) in checks.enumerated() {
                group.addTask { (index, await entry.check.run()) }
            }
            var outcomes: [Int: OnlineCheck.Outcome] = [:]
            for await (index, outcome) in group { outcomes[index] = outcome }
            return outcomes
        }
        for (index, entry) in checks.enumerated() {
            guard let outcome = outcomes[index] else { continue }
            let (word, text) =
                switch outcome {
                case .works(let text): ("ok", text)
                case .fails(let text): ("failed", text)
                case .skipped(let text): ("skipped", text)
                }
            if word == "failed" { failures += 1 }
            lines.append("\(word): \(entry.subject) \(entry.check.name): \(text)")
        }
    }
}

extension ServiceConfiguration {
    /// The questions of every part, in the order of the file. `user` should exist.
    func onlineChecks(
        about user: UserID?,
        _ http: any OutboundHTTP,
        _ clock: any WallClock
    ) throws(ConfigurationProblem) -> [(subject: String, check: OnlineCheck)] {
        // What a part logs is also in its answer.
        let log = Logger.silent
        var checks = store.postgres.map { [("store", $0.onlineCheck)] } ?? []
        let directory = users.directory(local: NoUsers(), client: http, clock: clock)
        checks += directory.onlineChecks(about: user).map { ("users", $0) }
        if let accounts {
            checks += HTTPAccounts(accounts, client: http).onlineChecks(listing: user)
                .map { ("accounts", $0) }
        }
        for servers in authorizationServers {
            checks += try servers.onlineChecks(http, clock, log).map { id, check in
                ("authorization_servers.\(id)", check)
            }
        }
        for settings in signIn {
            checks += try settings.provider(http, clock, log).provider.onlineChecks
                .map { (settings.path, $0) }
        }
        let context = ChannelKind.Context(
            client: http,
            mail: CurlMailer(),
            addresses: RecordedAddresses(desk: nil),
            brand: branding.name,
            clock: clock,
            log: log
        ) { _ in }
        for channel in channels {
            checks += channel.make(context).onlineChecks.map { ("channels.\(channel.id)", $0) }
        }
        return checks
    }
}

extension Composition {
    /// Asks every system of a configuration.
    static func ask(
        _ configuration: ServiceConfiguration,
        about user: UserID?
    ) async throws -> OnlineReport {
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        do throws(ConfigurationProblem) {
            return await OnlineReport(
                try configuration.onlineChecks(about: user, client, SystemClock())
            )
        } catch {
            throw CommandFailure(.configuration, "\(error)")
        }
    }
}

extension PostgresOptions {
    /// Whether the database can be used; asked on a thread of its own.
    fileprivate var onlineCheck: OnlineCheck {
        OnlineCheck("database") {
            await withCheckedContinuation { waiter in
                do {
                    try WorkerThread.start {
                        do throws(StoreError) {
                            let report = try PostgresReport(self)
                            waiter.resume(
                                returning: report.problems.isEmpty
                                    ? .works(report.text)
                                    : .fails(
                                        (report.problems + [report.text]).joined(separator: "; ")
                                    )
                            )
                        } catch {
                            waiter.resume(returning: .fails("\(error)"))
                        }
                    }
                } catch {
                    waiter.resume(returning: .fails("\(error)"))
                }
            }
        }
    }
}

/// Stands in for the users in the store, which a check does not open.
private struct NoUsers: UserDirectory {
    func user(_ id: UserID) async throws(DirectoryError) -> User? { nil }
}
