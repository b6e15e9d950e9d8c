import Foundation
import Glibc
import SQLStore
import TestSupport
import Testing
import Threads

/// A PostgreSQL of the tests: the newest that Debian's packages have installed, in a temporary folder,
/// reached by a Unix socket only. It ends with this process, however that ends.
///
/// Its databases sort as English people do, so that a column whose order is not by bytes is noticed.
final class PostgresServer: Sendable {
    let directory: TemporaryDirectory
    private let programs: String
    private let settings: [String]
    /// Where it listens for TLS, if it does. Also in the name of its socket.
    let port: Int
    private let child = Locked<ChildProcess?>(nil)
    private let databases = Locked((made: 0, template: String?.none))

    /// Nil if PostgreSQL is not installed; the reason is printed once.
    static let shared: PostgresServer? = {
        do {
            guard let programs = newest() else {
                print(
                    "The tests of the store in PostgreSQL are skipped: version 15 or later is not installed."
                )
                return nil
            }
            let server = try PostgresServer(programs)
            atexit { PostgresServer.shared?.stop() }
            return server
        } catch {
            Issue.record("PostgreSQL does not start: \(error)")
            return nil
        }
    }()

    static var isInstalled: Bool { newest() != nil }

    /// The folder of the programs of the newest version that Beckon works with.
    private static func newest() -> String? {
        let folder = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return versions.compactMap { Int($0) }.filter { $0 >= 15 }.sorted(by: >)
            .map { "\(folder)/\($0)/bin" }
            .first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }

    struct DidNotStart: Error {
        let output: String
    }

    /// One that a test may kill. It writes to disk as one in production does.
    static func own(_ settings: [String] = []) throws -> PostgresServer {
        try PostgresServer(try #require(newest()), ["-c", "fsync=on"] + settings)
    }

    /// One that listens on 127.0.0.1 too, with TLS and passwords only, and with the certificate of that
    /// name.
    static func protected(by certificates: Certificates, _ name: String) throws -> PostgresServer {
        // Below those that the kernel hands out. Another process may have it.
        let first = 20_000 + Int(getpid() % 100) * 100
        var port = first
        while true {
            do {
                return try PostgresServer(
                    try #require(newest()),
                    [
                        "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on",
                        "-c", "ssl_cert_file=certificate.pem", "-c", "ssl_key_file=key.pem",
                    ],
                    port: port,
                    files: [
                        "certificate.pem": certificates.certificate(name),
                        "key.pem": certificates.key(name),
                    ]
                )
            } catch let error as DidNotStart {
                guard error.output.contains("in use"), port < first + 100 else { throw error }
                port += 1
            }
        }
    }

    private init(
        _ programs: String,
        _ settings: [String] = ["-F"],
        port: Int = 5_432,
        files: [String: String] = [:]
    ) throws {
        self.programs = programs
        self.settings = settings
        self.port = port
        directory = try TemporaryDirectory()
        let data = directory.file("data")
        if geteuid() == 0 { _ = try ChildProcess.run(["chown", "postgres", directory.path]) }
        let made = try ChildProcess.run(
            Self.asUser + [
                "\(programs)/initdb", "--pgdata=\(data)", "--username=beckon", "--auth=trust",
                "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu",
                "--icu-locale=en", "--no-sync",
            ],
            errors: .withOutput
        )
        guard made.isSuccess else { throw DidNotStart(output: made.output) }
        // Roles of their own have passwords.
        try """
        local all beckon trust
        local replication beckon trust
        local all all scram-sha-256
        hostssl all all 127.0.0.1/32 scram-sha-256
        """.write(toFile: directory.file("hba"), atomically: true, encoding: .utf8)
        for (name, source) in files {
            let copied = try ChildProcess.run(
                ["install", "-m", "600"] + (geteuid() == 0 ? ["-o", "postgres"] : [])
                    + [source, "\(data)/\(name)"],
                errors: .withOutput
            )
            guard copied.isSuccess else { throw DidNotStart(output: copied.output) }
        }
        try start()
    }

    /// A standby of another server, to which each commit of that one waits.
    init(standbyOf other: PostgresServer) throws {
        programs = other.programs
        settings = other.settings
        port = other.port
        directory = try TemporaryDirectory()
        if geteuid() == 0 { _ = try ChildProcess.run(["chown", "postgres", directory.path]) }
        let copied = try ChildProcess.run(
            Self.asUser + [
                "\(programs)/pg_basebackup", "-h", other.directory.path, "-U", "beckon", "-R",
                "-X", "stream", "-c", "fast", "-D", directory.file("data"),
            ],
            errors: .withOutput
        )
        guard copied.isSuccess else { throw DidNotStart(output: copied.output) }
        _ = try ChildProcess.run(["cp", other.directory.file("hba"), directory.file("hba")])
        try start()
        try other.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try other.run("SELECT pg_reload_conf()")
    }

    /// It refuses to run as root.
    static var asUser: [String] {
        geteuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
    }

    /// Starts it, also again after `kill`, and returns when it takes connections.
    func start() throws {
        let server =
            Self.asUser + [
                "\(programs)/postgres", "-D", directory.file("data"), "-k", directory.path,
                "-c", "listen_addresses=", "-c", "port=\(port)", "-c",
                "hba_file=\(directory.file("hba"))",
                "-c", "max_connections=300", "-c", "log_min_messages=log",
            ] + settings
        // The shell's input ends with this process, also if it is killed.
        let child = try ChildProcess(
            [
                "bash", "-c", #""$@" & server=$!; read -r; kill -QUIT "$server"; wait "$server""#,
                "postgres",
            ] + server,
            errors: .withOutput
        )
        var output = ""
        var isReady = false
        while !isReady, let line = child.readLine() {
            output += line + "\n"
            isReady = line.contains("database system is ready to accept")
        }
        guard isReady else { throw DidNotStart(output: output) }
        // Else the server would wait until somebody reads its log.
        try WorkerThread.start { [child] in while !child.read(upTo: 4_096).isEmpty {} }
        self.child.withLock { $0 = child }
    }

    /// Ends it at once: it writes nothing more and breaks all connections. The next start recovers from
    /// the log, as after a crash.
    func crash() { stop() }

    /// Makes a standby take changes.
    func promote() throws {
        let answer = try ChildProcess.run(
            Self.asUser + ["\(programs)/pg_ctl", "promote", "-w", "-D", directory.file("data")],
            errors: .withOutput
        )
        guard answer.isSuccess else { throw DidNotStart(output: answer.output) }
    }

    private func stop() {
        child.withLock { child in
            child?.closeInput()
            _ = child?.wait()
            child = nil
        }
    }

    deinit { stop() }

    /// How to reach a database, itself or through a pooler in front of it.
    func options(
        _ database: String,
        user: String = "beckon",
        through pooler: Pooler? = nil
    ) -> PostgresOptions {
        PostgresOptions(
            addresses: [PostgresOptions.Address(host: (pooler?.directory ?? directory).path)],
            database: database,
            user: user
        )
    }

    /// Makes a database and returns its name: an empty one, or one with Beckon's tables.
    func makeDatabase(isEmpty: Bool = false) throws -> String {
        let (name, template) = try databases.withLock { count in
            if !isEmpty, count.template == nil {
                try run("CREATE DATABASE template_beckon TEMPLATE template0")
                _ = try SQLLoginStore.migrate(options("template_beckon"))
                count.template = "template_beckon"
            }
            count.made += 1
            return ("test\(count.made)", isEmpty ? "template0" : count.template ?? "template0")
        }
        try run("CREATE DATABASE \(name) TEMPLATE \(template)")
        return name
    }

    /// Copies what a crash of the server would keep into an empty database.
    func copy(_ original: String, to copy: String) throws {
        let answer = try ChildProcess.run(
            [
                "bash", "-c",
                """
                set -o pipefail
                pg_dump -h "$0" -U beckon --no-unlogged-table-data "$1" |
                    psql -X -q -v ON_ERROR_STOP=1 -h "$0" -U beckon -d "$2"
                """,
                directory.path, original, copy,
            ],
            errors: .withOutput
        )
        guard answer.isSuccess else { throw DidNotStart(output: answer.output) }
    }

    /// Runs SQL of the tests over a connection of its own.
    func run(_ sql: String, in database: String = "postgres") throws {
        let answer = try ChildProcess.run(
            [
                "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", directory.path, "-p", "\(port)",
                "-U", "beckon", "-d", database, "-c", sql,
            ],
            errors: .withOutput
        )
        guard answer.isSuccess else { throw DidNotStart(output: answer.output) }
    }
}

extension Trait where Self == ConditionTrait {
    /// For suites that need PostgreSQL.
    static var needsPostgres: Self {
        .enabled(if: PostgresServer.isInstalled, "PostgreSQL 15 or later is not installed")
    }
}
