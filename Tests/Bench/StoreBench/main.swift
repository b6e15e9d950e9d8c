// Durable inserts a second by waiting callers, for each way of finding a login by its key.
//
//     swift run -c release store-bench [seconds] [rows present]
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
let rounds = 3

func fixture(_ number: Int) -> PendingLogin {
    var fixture = PendingLogin.Fixture(id: UUID().uuidString)
    fixture.user = "user-\(number % 100_003)-\(UUID().uuidString)"
    fixture.receivedAt = fixture.receivedAt + .milliseconds(Int64(number / 50))
    fixture.bindingMessage = "Pay 12.50 to Bob for order \(number)"
    return fixture.make()
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

var results: [String: [Double]] = [:]
for round in 1...rounds {
    for variant in variants {
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
            print("round \(round), \(variant.name), \(label): \(Int(rate)) inserts/s")
        }
        await store.close()
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
