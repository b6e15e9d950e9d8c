import Access
import Foundation
import JSON
import Logins
import SQLStore
import TestSupport

/// What a token, a look at a client's standing and the verification of the audit cost, fresh and with
/// rows present: all must stay flat.
enum AccessBench {
    static let robot = try? APIClient(
        document: .members([
            "client_id": .string("robot"), "type": .string("user"), "name": .string("Robot"),
            "status": .string("active"), "created_at": .integer(0),
            "token_endpoint_auth_method": .string("private_key_jwt"),
            "keys": .array([
                .members([
                    "kid": .string("k-1"),
                    "jwk": .members([
                        "kty": .string("EC"), "crv": .string("P-256"),
                        "x": .string("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"),
                        "y": .string("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"),
                    ]),
                    "added_at": .integer(0),
                ])
            ]),
            "grants": .texts(["client_credentials"]), "scope": .string("admin:read"),
        ])
    )

    /// The list that a token is issued with.
    static func token(_ number: Int, _ client: APIClientID) -> [AccessChange] {
        let now = Timestamp(milliseconds: 1_930_000_000_000 + Int64(number / 10))
        var key: [UInt8] = []
        var word = UInt64(truncatingIfNeeded: number)
        for _ in 0..<4 {
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9 &+ 0x9E37_79B9_7F4A_7C15
            word ^= word >> 27
            withUnsafeBytes(of: word) { key += $0 }
        }
        let event = AuditEvent(
            "token.issued",
            at: now,
            [
                "client": .string(client.value), "grant": .string("client_credentials"),
                "jti": .string("Zq3kY0bV8mWc2xN7"), "scope": .string("admin:read"),
                "certificate": .string("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
                "address": .string("203.0.113.9"),
            ]
        )
        return [
            .use(key: key, until: now + .minutes(10)), .noteUse(client, at: now), .audit(event),
        ]
    }

    static func run(seconds: Double, present: Int) async throws {
        guard let robot else { return print("no client") }
        let directory = try TemporaryDirectory()
        let store = try Variant.usual.open(directory)
        let access = store.access
        _ = try await access.commit([.addClient(robot)])
        for rows in [0, present] {
            if rows > 0 {
                for start in stride(from: 0, to: rows, by: 1_000) {
                    let lists = (start..<min(start + 1_000, rows)).map { token(-$0 - 1, robot.id) }
                    _ = try await access.commit(lists.flatMap(\.self))
                }
            }
            let first = rows + 1
            let clock = ContinuousClock()
            let before = try spent()
            let start = clock.now
            let end = start + .seconds(seconds)
            let tokens = await withTaskGroup(of: Int.self) { group in
                for caller in 0..<64 {
                    group.addTask {
                        var count = 0
                        while clock.now < end {
                            let list = token(first + count * 64 + caller, robot.id)
                            guard (try? await access.commit(list) == nil) == true else { break }
                            count += 1
                        }
                        return count
                    }
                }
                return await group.reduce(0, +)
            }
            let after = try spent()
            let cost = Cost(
                insertsPerSecond: Double(tokens)
                    / (Double((clock.now - start).milliseconds) / 1000),
                bytesWritten: (after.bytes - before.bytes) / Double(tokens),
                microseconds: (after.seconds - before.seconds) * 1e6 / Double(tokens)
            )
            print("tokens with \(rows) present: \(cost.text)")
            let question = StandingQuestion(client: robot.id, token: "t", user: .named("anna"))
            let standing = try await clock.measure {
                for _ in 0..<10_000 { _ = try await access.standing(question) }
            }
            print("    standing \(standing / 10_000)")
            try await verify(access)
            try await printQueries(store)
        }
        await store.close()
    }

    private static func verify(_ access: any AccessStore) async throws {
        var verifier = AuditVerifier()
        let took = try await ContinuousClock().measure {
            while true {
                let page = try await access.auditPage(after: verifier.last?.number, limit: 1_000)
                if let fault = verifier.check(page) { return print("\(fault)") }
                if page.isLast { return }
            }
        }
        print("    verified \(verifier.count) entries in \(took)")
    }
}
