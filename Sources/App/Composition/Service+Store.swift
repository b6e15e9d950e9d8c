import Access
import Commands
import Endpoints
import Engine
import Identity
import JSON
import Logins
import SQLStore
import Telemetry
import Threads

// The store of the service.
extension Service {
    /// Opens the store, whose changes go to all that follow them.
    static func openStore(
        _ settings: StoreSettings,
        _ limits: LoginLimits,
        _ clock: SystemClock,
        _ changes: LoginChanges,
        _ activity: LoginActivity,
        _ live: LiveStreams,
        _ connections: DeviceConnections,
        _ journal: LateJournal,
        _ log: Logger,
        bulkStarts: @escaping @Sendable (ClientID) -> Void,
        usersBlocked: @escaping @Sendable (_ count: Int) -> Void,
        audited: @escaping @Sendable (_ foreign: [ClosedRange<Int64>]) -> Void
    ) throws -> SQLLoginStore {
        var options = StoreOptions(settings, role: .service, clock: clock)
        options.changedByOthers = { changes.publish($0) }
        options.isFollowed = { changes.isFollowed }
        options.othersWork = { changes.work.raise() }
        options.othersChanged = {
            changes.publishAll()
            live.sessionsEnded()
            connections.recheck()
        }
        options.devicesEnded = { for device in $0 { connections.ended(device) } }
        options.changes = {
            changes.publish($0)
            journal.note($0)
            activity.note($0)
        }
        options.takesOn = { changes.takeOn($0) }
        options.sessionsEnded = { live.sessionsEnded() }
        options.audited = audited
        options.limits = limits
        options.bulkStarts = bulkStarts
        options.usersBlocked = usersBlocked
        options.migration = { notice in
            switch notice {
            case .awaited: log.info("store.migration_awaited")
            case .begun(let from, let to):
                log.info("store.migration_begun") {
                    $0.member("from", from)
                    $0.member("to", to)
                }
            }
        }
        options.damaged = { number, error in
            log.error("store.damaged_row") {
                $0.member("number", Int(number.rawValue))
                $0.member("cause", "\(error)")
            }
        }
        do {
            return try SQLLoginStore(options)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The key of tickets: with PostgreSQL in the database, so that all processes have the same.
    static func tickets(
        _ store: SQLLoginStore,
        _ settings: StoreSettings,
        _ log: Logger
    ) throws -> TicketKey {
        guard settings.postgres != nil else {
            return TicketKeyFile.load(settings.sqlitePath + "-tickets", log: log)
        }
        do {
            let shared = try store.sharedSecrets()
            let bytes =
                try shared.read("tickets") ?? shared.keep("tickets", TicketKey().bytes, over: nil)
            guard let key = TicketKey(bytes) else {
                throw CommandFailure(.configuration, "the stored key of tickets is damaged")
            }
            return key
        } catch let error as StoreError {
            throw CommandFailure(error)
        }
    }
}

/// The journal of logins. The store, which tells it what happens, exists before its metrics do.
final class LateJournal: Sendable {
    private let journal = Locked<LoginJournal?>(nil)
    func begin(_ journal: LoginJournal) { self.journal.withLock { $0 = journal } }
    func note(_ step: LoginStep) { journal.withLock { $0 }?.note(step) }
}
