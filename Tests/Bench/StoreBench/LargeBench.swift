import Access
import Cryptography
import Foundation
import JSON
import Logins
import SQLStore
import TestSupport
import Threads

/// What the number of rows costs: opening, a change, a look and the memory for all of them must not
/// depend on it, and reading every row only in its time.
enum LargeBench {
    /// Rows of one kind, and what is done with them.
    struct Subject: Sendable {
        let name: String
        /// The numbers of rows to measure with, ascending.
        let lengths: [Int]
        /// What has to be there before the first row.
        let beforeAll: [AccessChange]
        /// The changes that add a row.
        let row: @Sendable (Int) -> [AccessChange]
        /// What a change is called, and how one is made when that many rows are present.
        let changeName: String
        let change: @Sendable (any AccessStore, Int, _ present: Int) async throws -> Void
        /// Whether a change adds a row.
        let changeAdds: Bool
        let lookName: String
        let look: @Sendable (any AccessStore, Int, _ present: Int) async throws -> Void
        /// Reads every row and returns how many; nil if nothing does.
        let readAll: (@Sendable (any AccessStore) async throws -> Int)?
    }

    /// What was measured at one length.
    private struct Row {
        let rows: Int
        let opening: Double
        let change: (median: Double, slowest: Double)
        let look: (median: Double, slowest: Double)
        /// Seconds for each row of reading all.
        let reading: Double?
        let memory: (opened: Double, most: Double)

        func text(_ subject: Subject) -> String {
            String(
                format: "%10d %@: opened in %.1f ms, %@ %.0f us (p99 %.0f), %@ %.0f us (p99 %.0f)",
                rows,
                subject.name,
                opening * 1e3,
                subject.changeName,
                change.median * 1e6,
                change.slowest * 1e6,
                subject.lookName,
                look.median * 1e6,
                look.slowest * 1e6
            ) + (reading.map { String(format: ", verified at %.2f us each", $0 * 1e6) } ?? "")
                + String(
                    format: ", memory %.1f MB opened, %.1f MB at most",
                    memory.opened,
                    memory.most
                )
        }

        /// How many times what it took with fewer rows.
        func ratios(to small: Row, _ subject: Subject) -> String {
            String(
                format: "%10d : %d %@: opening %.2f, %@ %.2f, %@ %.2f, memory %.2f",
                rows,
                small.rows,
                subject.name,
                opening / small.opening,
                subject.changeName,
                change.median / small.change.median,
                subject.lookName,
                look.median / small.look.median,
                memory.most / small.memory.most
            )
                + (reading.flatMap { mine in
                    small.reading.map { String(format: ", verifying each %.2f", mine / $0) }
                } ?? "")
        }
    }

    static func run(_ subject: Subject) async throws {
        let directory = try TemporaryDirectory()
        var rows: [Row] = []
        var present = 0
        for length in subject.lengths {
            let filled = try Variant.usual.open(directory)
            if present == 0 { try await commit(subject.beforeAll, filled.access) }
            while present < length {
                let count = min(10_000, length - present)
                try await commit(
                    (present..<present + count).flatMap(subject.row),
                    filled.access
                )
                present += count
            }
            await filled.close()
            let row = try await measure(subject, directory, &present)
            print(row.text(subject))
            rows.append(row)
        }
        guard let small = rows.first else { return }
        for row in rows.dropFirst() { print(row.ratios(to: small, subject)) }
    }

    private static func measure(
        _ subject: Subject,
        _ directory: TemporaryDirectory,
        _ present: inout Int
    ) async throws -> Row {
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        let clock = ContinuousClock()
        let start = clock.now
        let store = try Variant.usual.open(directory)
        let opening = seconds(clock.now - start)
        let opened = try megabytes("VmRSS:")
        let access = store.access
        let before = present
        let changes = try await times(1_000) { try await subject.change(access, $0, before) }
        if subject.changeAdds { present += 1_000 }
        let after = present
        let looks = try await times(1_000) { try await subject.look(access, $0, after) }
        var reading: Double?
        if let readAll = subject.readAll {
            let began = clock.now
            let count = try await readAll(access)
            reading = seconds(clock.now - began) / Double(max(1, count))
        }
        await store.close()
        return Row(
            rows: present,
            opening: opening,
            change: changes,
            look: looks,
            reading: reading,
            memory: (opened, try megabytes("VmHWM:"))
        )
    }

    static func commit(_ changes: [AccessChange], _ access: any AccessStore) async throws {
        let refusal = try await access.commit(changes)
        precondition(refusal == nil, "\(String(describing: refusal))")
    }

    // MARK: The audit

    static func audit(_ lengths: [Int]) -> Subject {
        Subject(
            name: "entries of the audit",
            lengths: lengths,
            beforeAll: [],
            row: { [.audit(event($0))] },
            changeName: "append",
            change: { try await commit([.audit(event($2 + $1))], $0) },
            changeAdds: true,
            lookName: "page of 50",
            look: { access, number, present in
                let last = Int64(present)
                let page = try await access.audit(
                    after: Int64(number) * 7_919 % max(1, last - 50),
                    limit: 50
                )
                precondition(page.count == 50)
            },
            readAll: { access in
                var verifier = AuditVerifier()
                while true {
                    let page = try await access.auditPage(
                        after: verifier.last?.number,
                        limit: 1_000
                    )
                    if let fault = verifier.check(page) { throw fault }
                    if page.isLast { return Int(verifier.count) }
                }
            }
        )
    }

    private static func event(_ number: Int) -> AuditEvent {
        AuditEvent(
            "token.issued",
            at: Timestamp(milliseconds: 1_930_000_000_000 + Int64(number)),
            [
                "client": .string("robot-\(number % 100)"), "grant": .string("client_credentials"),
                "jti": .string("Zq3kY0bV8mWc2xN7-\(number)"), "scope": .string("admin:read"),
                "address": .string("203.0.113.9"),
            ]
        )
    }

    // MARK: Refresh tokens

    /// Families of refresh tokens, each with one in force; a change is a refresh.
    static func refreshTokens(_ lengths: [Int], of client: APIClient) -> Subject {
        let times = Locked<[Int: Int]>([:])
        /// How often a family was refreshed so far.
        @Sendable func version(_ number: Int, next: Bool = false) -> Int {
            times.withLock { table in
                let version = table[number, default: 0]
                if next { table[number] = version + 1 }
                return version
            }
        }
        /// One of those present, far from its neighbours in time.
        @Sendable func pick(_ number: Int, _ present: Int) -> Int { number * 7_919 % present }
        return Subject(
            name: "refresh tokens",
            lengths: lengths,
            beforeAll: [.addClient(client)],
            row: { number in
                let code = digest(number, 1 << 32)
                return [
                    .addCode(
                        AuthorizationCode(
                            digest: code,
                            client: client.id,
                            user: .named("user-\(number)"),
                            redirectURI: "https://app.example/back",
                            challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                            scopes: scopes,
                            proofKey: nil,
                            endsAt: issued + .minutes(1)
                        )
                    ),
                    .openFamily(family(number, 0, client), code: code),
                ]
            },
            changeName: "refresh",
            change: { access, number, present in
                let picked = pick(number, present)
                let old = version(picked, next: true)
                try await commit(
                    [
                        .rotateFamily(family(picked, old + 1, client), from: digest(picked, old)),
                        .audit(event(number)),
                    ],
                    access
                )
            },
            changeAdds: false,
            lookName: "look",
            look: { access, number, present in
                let picked = pick(number, present)
                let found = try await access.family(family(picked, 0, client).id)
                precondition(found?.current == digest(picked, version(picked)))
            },
            readAll: nil
        )
    }

    private static let scopes: Set<AccessScope> = [.loginsRead]
    private static let issued = Timestamp(milliseconds: 1_930_000_000_000)

    private static func family(_ number: Int, _ version: Int, _ client: APIClient) -> TokenFamily {
        TokenFamily(
            id: Base64URL.encode(Array(digest(number, 1 << 33).prefix(16))),
            client: client.id,
            user: .named("user-\(number)"),
            scopes: scopes,
            binding: .certificate(thumbprint: digest(number, 2), key: digest(number, 3)),
            current: digest(number, version),
            rotatedAt: issued,
            startedAt: issued,
            endsAt: issued + .seconds(90 * 86_400)
        )
    }

    /// 32 bytes that look random.
    private static func digest(_ number: Int, _ version: Int) -> [UInt8] {
        SHA256.digest(Array("\(number)-\(version)".utf8))
    }

    private static func times(
        _ count: Int,
        _ body: (Int) async throws -> Void
    ) async throws -> (median: Double, slowest: Double) {
        var times: [Double] = []
        let clock = ContinuousClock()
        for number in 0..<count {
            let start = clock.now
            try await body(number)
            times.append(seconds(clock.now - start))
        }
        times.sort()
        return (times[count / 2], times[count * 99 / 100])
    }

    private static func seconds(_ duration: Duration) -> Double {
        let parts = duration.components
        return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    }

    /// A value of this process's status.
    private static func megabytes(_ name: String) throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        let kilobytes = line?.split(separator: " ").compactMap { Double($0) }.first
        return (kilobytes ?? 0) / 1_024
    }
}
