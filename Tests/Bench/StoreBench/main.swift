// Durable inserts a second by waiting callers, for each way of finding a login by its key.
//
//     swift run -c release store-bench [seconds] [rows present] [rounds]
//
// Variants run in turn, several rounds, so that a slow moment of the machine hits all of them.
import Foundation
import Logins
import SQLiteStore
import TestSupport

struct Variant: Sendable {
    let name: String
    let pageSize: Int
    let newestInMemory: Int
}

let variants = [
    Variant(name: "index on disk, 4 KiB pages", pageSize: 4_096, newestInMemory: 0),
    Variant(name: "index on disk, 8 KiB pages", pageSize: 8_192, newestInMemory: 0),
    Variant(name: "newest in memory, 4 KiB pages", pageSize: 4_096, newestInMemory: 32_768),
    Variant(name: "newest in memory, 8 KiB pages", pageSize: 8_192, newestInMemory: 32_768),
]
let arguments = CommandLine.arguments.dropFirst().compactMap { Double($0) }
let seconds = arguments.first ?? 2
let present = Int(arguments.dropFirst().first ?? 200_000)
let callers = 64
let rounds = Int(arguments.dropFirst(2).first ?? 3)

let template = PendingLogin.Fixture(id: "template").make()

/// A login with a random-looking name and user, made cheaply: what is measured is the store.
func fixture(_ number: Int) -> PendingLogin {
    func mixed(_ seed: UInt64) -> UInt64 {
        var word = (UInt64(number) &+ seed) &* 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return word ^ (word >> 27)
    }
    let text = String(mixed(1), radix: 16) + String(mixed(2), radix: 16)
    var details = template.details
    details.user = .named("user-" + text)
    details.bindingMessage = "Pay 12.50 € to Bob for the order of today"
    let received = template.terms.receivedAt + .milliseconds(Int64(number / 50))
    var fixture = PendingLogin.Fixture(id: text)
    fixture.receivedAt = received
    return fixture.make(details)
}

/// Inserts from many callers at once until `isOver`, and returns how many came to be durable.
func insert(
    into store: SQLiteLoginStore,
    callers: Int,
    from start: Int,
    until isOver: @escaping @Sendable (Int) -> Bool
) async -> Int {
    await withTaskGroup(of: Int.self) { group in
        for caller in 0..<callers {
            group.addTask {
                var count = 0
                while !isOver(count) {
                    let login = fixture(start + count * callers + caller)
                    guard (try? await store.insert(login, limits: .none)) != nil else { break }
                    count += 1
                }
                return count
            }
        }
        return await group.reduce(0, +)
    }
}

/// How long the engine's questions take, with everything due; and the memory of the process.
func printQuestions(_ store: SQLiteLoginStore) async throws {
    let clock = ContinuousClock()
    let next = try await clock.measure {
        for _ in 0..<1_000 { _ = try await store.nextDue() }
    }
    let claim = try await clock.measure {
        for _ in 0..<100 {
            for claim in try await store.claim(at: .distantFuture, within: Slots(100)) {
                store.release(claim)
            }
        }
    }
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let memory = status.split(separator: "\n").first { $0.hasPrefix("VmRSS") } ?? "?"
    print("    nextDue \(next / 1_000), claim of 100 \(claim / 100), \(memory)")
}

var results: [String: [Double]] = [:]
let wanted = ProcessInfo.processInfo.environment["ONLY"]
for round in 1...rounds {
    for variant in variants where wanted.map({ variant.name.contains($0) }) ?? true {
        let directory = try TemporaryDirectory()
        var options = StoreOptions(
            path: directory.file("bench.db"),
            role: .service,
            clock: ManualClock()
        )
        options.pageSize = variant.pageSize
        options.newestInMemory = variant.newestInMemory
        let store = try SQLiteLoginStore(options)
        for (label, rows) in [("fresh", 0), ("\(present) present", present)] {
            if rows > 0 {
                _ = await insert(into: store, callers: 512, from: 0) { $0 * 512 >= rows }
            }
            let clock = ContinuousClock()
            let start = clock.now
            let end = start + .seconds(seconds)
            let count = await insert(into: store, callers: callers, from: rows) { _ in
                clock.now >= end
            }
            let rate = Double(count) / (Double((clock.now - start).milliseconds) / 1000)
            results["\(variant.name), \(label)", default: []].append(rate)
            try await printQuestions(store)
            print("round \(round), \(variant.name), \(label): \(Int(rate)) inserts/s")
        }
        await store.close()
        let opening = ContinuousClock().now
        await (try SQLiteLoginStore(options)).close()
        print("    opened again and closed in \(ContinuousClock().now - opening)")
    }
}
let best = results.values.compactMap { $0.sorted()[$0.count / 2] }.max() ?? 1
for (name, rates) in results.sorted(by: { $0.key < $1.key }) {
    let sorted = rates.sorted()
    let median = sorted[sorted.count / 2]
    let ratio = String(format: "%.2f", median / best)
    print(
        "\(name): median \(Int(median)), \(Int(sorted[0]))-\(Int(sorted[sorted.count - 1])), \(ratio)"
    )
}
