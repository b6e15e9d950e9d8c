// What durable inserts by 64 waiting callers cost, and what the engine's queries cost.
//
//     swift run -c release store-bench [seconds] [rows present] [rounds]
//     swift run -c release store-bench count [rows]
//     swift run -c release store-bench access [seconds] [rows present]
//     swift run -c release store-bench large [rows…]
//
// The first form compares variants, in turn and in several rounds, so that a slow moment of the
// machine affects all of them. The second form inserts rows and ends: for `valgrind
// --tool=callgrind`, whose counts do not depend on the machine's load. The third form is about tokens
// and the audit (`AccessBench`), the fourth about audits and refresh tokens of different numbers
// (`LargeBench`).
//
// A variant is a page size and the number of entries of the index by hash that are kept in memory
// (`TailIndex`). With one entry, each commit writes its entries to random pages, as a plain index
// does.
import Foundation
import Logins
import SQLStore
import TestSupport
import Threads

struct Variant: Sendable {
    let pageSize: Int
    let entriesInMemory: Int

    var name: String {
        let index = entriesInMemory > 1 ? "\(entriesInMemory) in memory" : "index on disk"
        return "\(index), \(pageSize / 1_024) KiB pages"
    }

    func open(_ directory: TemporaryDirectory) throws -> SQLLoginStore {
        var options = StoreOptions(
            path: directory.file("bench.db"),
            role: .service,
            clock: ManualClock()
        )
        options.pageSize = pageSize
        options.newestInMemory = entriesInMemory
        return try SQLLoginStore(options)
    }

    /// As the product has it.
    static let usual = Variant(pageSize: 4_096, entriesInMemory: 65_536)
    static let all = [
        usual, Variant(pageSize: 8_192, entriesInMemory: 65_536),
        Variant(pageSize: 4_096, entriesInMemory: 1), Variant(pageSize: 8_192, entriesInMemory: 1),
    ]
}

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
    details.consentID = ConsentID("consent-" + text)
    details.bindingMessage = BindingMessage("Pay 12.50 € to Bob for the order of today")
    let received = template.terms.receivedAt + .milliseconds(Int64(number / 50))
    var fixture = PendingLogin.Fixture(id: text)
    fixture.receivedAt = received
    return fixture.make(details)
}

/// Inserts from many callers at once until `isOver`, and returns how many became durable.
func insert(
    into store: SQLLoginStore,
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

/// How long the engine's queries take with everything due, and the memory of the process.
func printQueries(_ store: SQLLoginStore) async throws {
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

/// Bytes written to files and seconds of processor time, of this process so far.
func spent() throws -> (bytes: Double, seconds: Double) {
    let lines = try String(contentsOfFile: "/proc/self/io", encoding: .utf8).split(separator: "\n")
    let written = lines.first { $0.hasPrefix("wchar: ") }?.dropFirst(7)
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return (
        written.flatMap { Double($0) } ?? 0, Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    )
}

/// What inserts cost: on a machine that does other work too, the last two are the ones to compare.
struct Cost {
    let insertsPerSecond: Double
    let bytesWritten: Double
    let microseconds: Double

    var text: String {
        String(
            format: "%.0f inserts/s, %.1f KiB and %.1f us of CPU each",
            insertsPerSecond,
            bytesWritten / 1_024,
            microseconds
        )
    }
}

/// What inserts of a variant cost, on a fresh file and with rows present.
func measure(_ variant: Variant, seconds: Double, present: Int) async throws -> [String: Cost] {
    let directory = try TemporaryDirectory()
    let store = try variant.open(directory)
    var costs: [String: Cost] = [:]
    for (label, rows) in [("fresh", 0), ("\(present) present", present)] {
        if rows > 0 {
            _ = await insert(into: store, callers: 512, from: 0) { $0 * 512 >= rows }
        }
        let clock = ContinuousClock()
        let before = try spent()
        let start = clock.now
        let end = start + .seconds(seconds)
        let inserts = Double(
            await insert(into: store, callers: 64, from: rows) { _ in clock.now >= end }
        )
        let after = try spent()
        let cost = Cost(
            insertsPerSecond: inserts / (Double((clock.now - start).milliseconds) / 1000),
            bytesWritten: (after.bytes - before.bytes) / inserts,
            microseconds: (after.seconds - before.seconds) * 1e6 / inserts
        )
        costs[label] = cost
        print("\(variant.name), \(label): \(cost.text)")
        try await printQueries(store)
    }
    let closing = ContinuousClock().now
    await store.close()
    let opening = ContinuousClock().now
    let again = try variant.open(directory)
    print("    closed in \(opening - closing), opened again in \(ContinuousClock().now - opening)")
    await again.close()
    return costs
}

func compare(seconds: Double, present: Int, rounds: Int) async throws {
    var results: [String: [Cost]] = [:]
    for _ in 0..<rounds {
        for variant in Variant.all {
            for (label, cost) in try await measure(variant, seconds: seconds, present: present) {
                results["\(variant.name), \(label)", default: []].append(cost)
            }
        }
    }
    for (name, costs) in results.sorted(by: { $0.key < $1.key }) {
        func median(_ value: (Cost) -> Double) -> Double {
            costs.map(value).sorted()[costs.count / 2]
        }
        let cost = Cost(
            insertsPerSecond: median(\.insertsPerSecond),
            bytesWritten: median(\.bytesWritten),
            microseconds: median(\.microseconds)
        )
        print("\(name): medians \(cost.text)")
    }
}

func run(_ arguments: [String]) async throws {
    if arguments.first == "access" {
        let numbers = arguments.compactMap { Double($0) }
        return try await AccessBench.run(
            seconds: numbers.first ?? 3,
            present: Int(numbers.dropFirst().first ?? 1_000_000)
        )
    }
    if arguments.first == "large" {
        let lengths = arguments.dropFirst().compactMap { Int($0) }
        try await LargeBench.run(
            LargeBench.audit(lengths.isEmpty ? [10_000, 1_000_000, 10_000_000] : lengths)
        )
        guard let client = AccessBench.robot else { return print("no client") }
        return try await LargeBench.run(
            LargeBench.refreshTokens(lengths.isEmpty ? [10_000, 1_000_000] : lengths, of: client)
        )
    }
    guard arguments.first == "count" else {
        let numbers = arguments.compactMap { Double($0) }
        try await compare(
            seconds: numbers.first ?? 2,
            present: Int(numbers.dropFirst().first ?? 200_000),
            rounds: Int(numbers.dropFirst(2).first ?? 3)
        )
        return
    }
    let store = try Variant.usual.open(try TemporaryDirectory())
    let rows = arguments.dropFirst().first.flatMap { Int($0) } ?? 10_240
    let count = await insert(into: store, callers: 64, from: 0) { $0 * 64 >= rows }
    await store.close()
    print("\(count) inserts")
}

// Not `await` at the top: the main thread would leave its body, which valgrind does not survive.
let isOver = ThreadSemaphore()
Task.detached {
    do {
        try await run(Array(CommandLine.arguments.dropFirst()))
    } catch {
        print("failed: \(error)")
    }
    isOver.signal()
}
isOver.wait()
