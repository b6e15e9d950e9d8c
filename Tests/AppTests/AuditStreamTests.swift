import Access
import Engine
import Foundation
import JSON
import Logins
import Telemetry
import TestSupport
import Testing
import Threads

@testable import App

@Suite("The audit as it happens", .timeLimit(.minutes(1)))
struct AuditStreamTests {
    private let directory: TemporaryDirectory
    private let store = MemoryAccessStore()
    private let clock = ManualClock()
    private let wake = Signal()
    private let log = CapturedLog()

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.file("audit.ndjson") }

    private func append(_ numbers: ClosedRange<Int>) async throws {
        for number in numbers {
            let event = AuditEvent("a.b", at: clock.now(), ["n": .integer(number)])
            #expect(try await store.commit([.audit(event)]) == nil)
            wake.raise()
        }
    }

    private func lines(_ path: String) -> [String] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    private var stored: [String] {
        get async throws {
            try await store.auditPage(after: nil, limit: .max).records.map(\.line)
        }
    }

    /// Runs the stream during `body` and lets it finish.
    private func with(
        _ body: (AuditStream) async throws -> Void = { _ in }
    ) async throws {
        let stream = AuditStream(
            .file(path),
            store: store,
            wake: wake,
            clock: clock,
            log: log.logger
        )
        async let running: Void = stream.run()
        try await body(stream)
        await stream.finish(within: .seconds(30))
        await running
    }

    /// Waits for something that another task does.
    private func eventually(_ what: String, _ isTrue: @escaping @Sendable () -> Bool) async throws {
        try await within(.seconds(30), what) {
            while !isTrue() {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
    }

    @Test("has each entry as the export has it, from the start of the service on")
    func follows() async throws {
        try await append(1...3)
        try await with { _ in
            try await eventually("the file") { [path] in
                FileManager.default.fileExists(atPath: path)
            }
            try await append(4...9)
        }
        #expect(lines(path) == Array(try await stored[3...]))
    }

    @Test("goes on after the last entry of the file, whose cut-off line is written anew")
    func restart() async throws {
        try await append(1...3)
        let all = try await stored
        try (all[0] + "\n" + all[1] + "\n" + all[2].prefix(20)).write(
            toFile: path,
            atomically: true,
            encoding: .utf8
        )
        try await with { _ in try await append(4...5) }
        #expect(lines(path) == (try await stored))
    }

    @Test("is written to a new file after it was renamed, without a gap")
    func reopened() async throws {
        try await with { stream in
            try await eventually("the file") { [path] in
                FileManager.default.fileExists(atPath: path)
            }
            try await append(1...2)
            try await eventually("two lines") { [self] in lines(path).count == 2 }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            stream.reopen()
            try await append(3...4)
            try await eventually("two more lines") { [self] in lines(path).count == 2 }
        }
        #expect(lines(path + ".1") + lines(path) == (try await stored))
    }

    @Test("falls behind on a full disk, counts and says so once, and catches up without a gap")
    func full() async throws {
        try FileManager.default.createSymbolicLink(
            atPath: path,
            withDestinationPath: "/dev/full"
        )
        try await with { stream in
            // The first ones may be older than the stream.
            var number = 0
            while stream.failures < 2 {
                number += 1
                try await append(number...number)
                await Task.yield()
            }
            #expect(stream.backlog > 0)
            try FileManager.default.removeItem(atPath: path)
            stream.reopen()
            try await append(number + 1...number + 2)
            try await eventually("all lines") { [self] in lines(path).count >= 2 }
        }
        let all = try await stored
        #expect(lines(path).last == all.last)
        #expect(lines(path) == Array(all.suffix(lines(path).count)))
        #expect(log.events.filter { $0 == "audit.not_written" }.count == 1)
    }
}
