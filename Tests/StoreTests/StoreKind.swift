import Access
import Devices
import Foundation
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

/// The stores that must keep the contract of `LoginStore`; a new store adds a case.
enum StoreKind: Sendable {
    case sqlite
    /// The same with so little in memory that its index is merged all the time.
    case sqliteMergingOften
    case postgres
    /// The same behind a pooler, where each transaction may have another session.
    case postgresPooled

    /// Those that can be tested on this machine.
    static let allCases: [StoreKind] =
        [.sqlite, .sqliteMergingOften] + (PostgresServer.shared == nil ? [] : [.postgres])
        + (Pooler.shared == nil ? [] : [.postgresPooled])

    var isInPostgres: Bool { self == .postgres || self == .postgresPooled }
}

/// The files of a store, which outlive its opening.
final class StorePlace: Sendable {
    let kind: StoreKind
    let directory: TemporaryDirectory
    let clock = ManualClock()
    /// The changes that observers received, in order.
    let heard = Locked<[StoredLogin]>([])
    let damaged = Locked<[LoginNumber]>([])
    /// The name of a database in PostgreSQL; nil for a file.
    let database: String?

    init(_ kind: StoreKind, isEmpty: Bool = false) throws {
        self.kind = kind
        directory = try TemporaryDirectory()
        database =
            kind.isInPostgres ? try PostgresServer.shared?.makeDatabase(isEmpty: isEmpty) : nil
    }

    /// The database as it is now, which is what a crash would leave.
    convenience init(copyOf other: StorePlace) throws {
        try self.init(other.kind, isEmpty: true)
        if let database, let original = other.database {
            try PostgresServer.shared?.copy(original, to: database)
            return
        }
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(
                atPath: other.path + suffix,
                toPath: path + suffix
            )
        }
    }

    var path: String { directory.file("beckon.db") }

    struct Opened: Sendable {
        let logins: any LoginStore
        let users: any UserStore
        let access: any AccessStore
        let devices: any DeviceStore
        let close: @Sendable () async -> Void
    }

    func open(_ role: StoreRole = .service) throws -> Opened {
        let store = try SQLLoginStore(options(role))
        return Opened(
            logins: store,
            users: store.users,
            access: store.access,
            devices: store.devices,
            close: { await store.close() }
        )
    }

    func options(_ role: StoreRole = .service) -> StoreOptions {
        var options = StoreOptions(path: path, role: role, clock: clock)
        if let database {
            options.postgres = PostgresServer.shared?.options(
                database,
                through: kind == .postgresPooled ? Pooler.shared : nil
            )
            options.postgres?.readers = 2
        }
        options.changes = { [heard] step in heard.withLock { $0.append(step.after) } }
        options.damaged = { [damaged] number, _ in damaged.withLock { $0.append(number) } }
        options.busyTimeout = .milliseconds(50)
        if kind == .sqliteMergingOften { options.newestInMemory = 8 }
        return options
    }
}

/// Opens a store of that kind for `body` and closes it.
func withStore(
    _ kind: StoreKind,
    _ body: (any LoginStore, StorePlace) async throws -> Void
) async throws {
    let place = try StorePlace(kind)
    let store = try place.open()
    do {
        try await body(store.logins, place)
    } catch {
        await store.close()
        throw error
    }
    await store.close()
}

extension LoginStore {
    /// Inserts a new login without limits.
    @discardableResult
    func insertNew(_ login: PendingLogin) async throws -> StoredLogin {
        guard case .inserted(let stored) = try await insert(login, limits: .none) else {
            Issue.record("the login was known")
            throw StoreError.closed
        }
        return stored
    }

    /// Applies an event; fails when there is no such login or it refuses the event.
    @discardableResult
    func apply(
        _ event: PendingLogin.Event,
        to number: LoginNumber,
        at now: Timestamp
    ) async throws -> StoredLogin {
        let result = try await update(number) { (login) throws(PendingLogin.Refusal) in
            try login.apply(event, at: now)
        }
        return try #require(try result?.get())
    }
}

func fixture(
    _ id: String,
    _ change: (inout PendingLogin.Fixture) -> Void = { _ in }
) -> PendingLogin.Fixture {
    var fixture = PendingLogin.Fixture(id: id)
    change(&fixture)
    return fixture
}

let noon = Timestamp(milliseconds: 1_795_176_000_000)
