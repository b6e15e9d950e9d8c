import Foundation
import Glibc
import TestSupport
import Testing
import Threads

/// A PgBouncer in front of the tests' PostgreSQL, in transaction mode, with fewer sessions than the
/// stores have connections, so that one connection soon gets the session of another. It ends with this
/// process, however that ends.
final class Pooler: Sendable {
    let directory: TemporaryDirectory
    private let child: ChildProcess

    /// Nil if it or PostgreSQL is not installed; the reason is printed once.
    static let shared: Pooler? = {
        guard let server = PostgresServer.shared else { return nil }
        guard access(program, X_OK) == 0 else {
            print("The tests of the store behind a pooler are skipped: pgbouncer is not installed.")
            return nil
        }
        do {
            return try Pooler(before: server)
        } catch {
            Issue.record("PgBouncer does not start: \(error)")
            return nil
        }
    }()

    private static let program = "/usr/sbin/pgbouncer"

    private init(before server: PostgresServer) throws {
        directory = try TemporaryDirectory()
        if geteuid() == 0 { _ = try ChildProcess.run(["chown", "postgres", directory.path]) }
        // Of the port only the socket's name remains.
        try """
        [databases]
        * = host=\(server.directory.path)
        [pgbouncer]
        listen_port = 5432
        unix_socket_dir = \(directory.path)
        pool_mode = transaction
        default_pool_size = 3
        max_client_conn = 2000
        server_idle_timeout = 2
        auth_type = trust
        auth_file = \(directory.file("users"))
        """.write(toFile: directory.file("settings"), atomically: true, encoding: .utf8)
        try "\"beckon\" \"\"\n".write(
            toFile: directory.file("users"),
            atomically: true,
            encoding: .utf8
        )
        // The shell's input ends with this process, also if it is killed. Signals that this process blocks
        // are blocked in it too.
        child = try ChildProcess(
            [
                "bash", "-c", #""$@" & pooler=$!; read -r; kill -KILL "$pooler"; wait "$pooler""#,
                "pooler",
            ] + PostgresServer.asUser + [Self.program, directory.file("settings")],
            errors: .withOutput
        )
        var output = ""
        var isReady = false
        while !isReady, let line = child.readLine() {
            output += line + "\n"
            isReady = line.contains("process up")
        }
        guard isReady else { throw PostgresServer.DidNotStart(output: output) }
        try WorkerThread.start { [child] in while !child.read(upTo: 4_096).isEmpty {} }
        atexit { Pooler.shared?.child.closeInput() }
    }
}
