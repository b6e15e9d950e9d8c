import Access
import Foundation
import JSON
import Logins
import SQLiteStore
import TestSupport

/// What the length of the audit costs: opening, an append, a page of a list and the memory for all of
/// them must not depend on it, and verification only in its time.
enum LargeBench {
    /// What was measured at one length.
    private struct Row {
        let entries: Int
        let opening: Double
        let append: (median: Double, slowest: Double)
        let page: (median: Double, slowest: Double)
        let verifying: Double
        let memory: (opened: Double, most: Double)

        var text: String {
            String(
                format: "%10d entries: opened in %.1f ms, append %.0f us (p99 %.0f),"
                    + " page of 50 %.0f us (p99 %.0f), verified at %.2f us each,"
                    + " memory %.1f MB opened, %.1f MB at most",
                entries,
                opening * 1e3,
                append.median * 1e6,
                append.slowest * 1e6,
                page.median * 1e6,
                page.slowest * 1e6,
                verifying * 1e6,
                memory.opened,
                memory.most
            )
        }

        /// How many times what the shorter audit has.
        func ratios(to small: Row) -> String {
            String(
                format: "%10d : %d entries: opening %.2f, append %.2f, page %.2f,"
                    + " verifying each %.2f, memory %.2f",
                entries,
                small.entries,
                opening / small.opening,
                append.median / small.append.median,
                page.median / small.page.median,
                verifying / small.verifying,
                memory.most / small.memory.most
            )
        }
    }

    /// Measures at each of the lengths, which ascend.
    static func run(_ lengths: [Int]) async throws {
        let directory = try TemporaryDirectory()
        var rows: [Row] = []
        var present = 0
        for length in lengths {
            let filled = try Variant.usual.open(directory)
            while present < length {
                let count = min(10_000, length - present)
                let changes = (present..<present + count).map { AccessChange.audit(event($0)) }
                _ = try await filled.access.commit(changes)
                present += count
            }
            await filled.close()
            let row = try await measure(directory, &present)
            print(row.text)
            rows.append(row)
        }
        guard let small = rows.first else { return }
        for row in rows.dropFirst() { print(row.ratios(to: small)) }
    }

    private static func measure(
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
        let appends = try await times(1_000) { number in
            _ = try await access.commit([.audit(event(present + number))])
        }
        present += 1_000
        let last = Int64(present)
        let pages = try await times(1_000) { number in
            let entries = try await access.audit(
                after: Int64(number) * 7_919 % max(1, last - 50),
                limit: 50
            )
            precondition(entries.count == 50)
        }
        var verifier = AuditVerifier()
        let verifying = try await clock.measure {
            while true {
                let page = try await access.auditPage(after: verifier.last?.number, limit: 1_000)
                if let fault = verifier.check(page) { throw fault }
                if page.isLast { break }
            }
        }
        await store.close()
        return Row(
            entries: present,
            opening: opening,
            append: appends,
            page: pages,
            verifying: seconds(verifying) / Double(max(1, verifier.count)),
            memory: (opened, try megabytes("VmHWM:"))
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
