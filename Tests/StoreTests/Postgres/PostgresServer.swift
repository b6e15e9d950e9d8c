import Foundation
import Glibc
import PostgresStore
import TestSupport
import Testing
import Threads

/// A PostgreSQL of the tests: the newest that Debian's packages have installed, in a temporary folder,
/// reached by a Unix socket only. It ends with this process, however that ends.
///
/// Its databases sort as English people do, so that a column whose order is not by bytes is noticed.
final class PostgresServer: Sendable {
    let directory: TemporaryDirectory
    private let child: ChildProcess
    private let databases = Locked(0)

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

    private init(_ programs: String) throws {
        directory = try TemporaryDirectory()
        let data = directory.file("data")
        // It refuses to run as root.
        var asUser: [String] = []
        if geteuid() == 0 {
            asUser = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            _ = try ChildProcess.run(["chown", "postgres", directory.path])
        }
        let made = try ChildProcess.run(
            asUser + [
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
        local all all scram-sha-256
        """.write(toFile: directory.file("hba"), atomically: true, encoding: .utf8)
        let server =
            asUser + [
                "\(programs)/postgres", "-D", data, "-k", directory.path, "-F",
                "-c", "listen_addresses=", "-c", "hba_file=\(directory.file("hba"))",
                "-c", "max_connections=200", "-c", "log_min_messages=log",
            ]
        // The shell's input ends with this process, also if it is killed.
        child = try ChildProcess(
            [
                "bash", "-c", #""$@" & server=$!; read -r; kill -QUIT "$server"; wait "$server""#,
                "postgres",
            ] + server,
            errors: .withOutput
        )
        var output = ""
        while let line = child.readLine() {
            output += line + "\n"
            if line.hasSuffix("database system is ready to accept connections") { break }
        }
        guard output.hasSuffix("ready to accept connections\n") else {
            throw DidNotStart(output: output)
        }
        // Else the server would wait until somebody reads its log.
        try WorkerThread.start { [child] in while !child.read(upTo: 4_096).isEmpty {} }
    }

    private func stop() {
        child.closeInput()
        _ = child.wait()
    }

    /// How to reach a database.
    func options(_ database: String, user: String = "beckon") -> PostgresOptions {
        PostgresOptions(
            addresses: [PostgresOptions.Address(host: directory.path)],
            database: database,
            user: user
        )
    }

    /// Makes an empty database and returns its name.
    func makeDatabase() throws -> String {
        let name = databases.withLock { count in
            count += 1
            return "test\(count)"
        }
        try run("CREATE DATABASE \(name) TEMPLATE template0")
        return name
    }

    /// Runs SQL of the tests over a connection of its own.
    func run(_ sql: String, in database: String = "postgres") throws {
        let answer = try ChildProcess.run(
            [
                "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", directory.path, "-U", "beckon",
                "-d", database, "-c", sql,
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
