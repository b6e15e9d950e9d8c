import Foundation
import JSON
import Testing

@testable import Telemetry

@Suite("The log")
struct LineSinkTests {
    /// What is written between the two is returned, a line an element.
    private static func lines(
        _ format: LineSink.Format,
        _ body: (LineSink) -> Void
    ) throws -> [String] {
        let path = NSTemporaryDirectory() + UUID().uuidString
        let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        try #require(descriptor >= 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        let sink = LineSink(format, descriptor: descriptor)
        body(sink)
        sink.flush()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }

    @Test("writes one JSON object a line, with time, level and event")
    func json() throws {
        let before = Date()
        let lines = try Self.lines(.json) { sink in
            let log = Logger(threshold: .info, sink: sink)
            log.debug("not.this")
            log.info("a.plain")
            log.warning("b.members") { json in
                json.member("text", "line\nbreak \"quoted\" \u{1F600}")
                json.member("number", 7)
                json.member("none", nil as String?)
            }
            log.error("c.last")
        }
        try #require(lines.count == 3)
        let objects = try lines.map { line in
            try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            )
        }
        #expect(objects.map { $0["event"] as? String } == ["a.plain", "b.members", "c.last"])
        #expect(objects.map { $0["level"] as? String } == ["info", "warning", "error"])
        #expect(objects[1]["text"] as? String == "line\nbreak \"quoted\" \u{1F600}")
        #expect(objects[1]["number"] as? Int == 7)
        #expect(objects[1].count == 5)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        for object in objects {
            let time = try #require((object["time"] as? String).flatMap(formatter.date(from:)))
            // A millisecond of truncation, and no more than the test took.
            #expect(time.timeIntervalSince(before) > -0.002)
            #expect(time <= Date())
        }
    }

    @Test("writes text for people that cannot move a terminal's cursor")
    func text() throws {
        let lines = try Self.lines(.text) { sink in
            Logger(sink: sink).info("a.b") { json in
                json.member("plain", "word")
                json.member("spaced", "two words")
                json.member("hostile", "x\u{1B}[2J\u{9B}2J")
                json.member("count", 3)
            }
        }
        let line = try #require(lines.first)
        // The escape as JSON writes it, the C1 control replaced.
        let hostile = "\"x\\u001b[2J\u{FFFD}2J\""
        let expected = " info    a.b plain=word spaced=\"two words\" hostile=\(hostile) count=3"
        #expect(line.hasSuffix(expected), "\(line)")
        let controls = line.unicodeScalars.filter {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value)
        }
        #expect(controls.isEmpty)
    }

    @Test("keeps the order of each thread and mixes no lines")
    func threads() throws {
        let lines = try Self.lines(.json) { sink in
            DispatchQueue.concurrentPerform(iterations: 8) { thread in
                for number in 0..<500 {
                    sink.write(.info, "t", Array("\"thread\":\(thread),\"number\":\(number)".utf8))
                }
            }
        }
        #expect(lines.count == 4000)
        var next = [Int](repeating: 0, count: 8)
        for line in lines {
            let value = try JSONValue(Array(line.utf8))
            let thread = try #require(value["thread"]?.integer)
            #expect(value["number"]?.integer == next[thread])
            next[thread] += 1
        }
    }

    @Test("drops whole lines rather than wait for a reader, and says how many")
    func drops() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        // A pipe that is full: whoever writes to it waits.
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        var filled = 0
        while write(descriptor, "\n", 1) == 1 { filled += 1 }
        _ = fcntl(descriptor, F_SETFL, flags)

        let sink = LineSink(.json, descriptor: descriptor, limit: 2000)
        for number in 0..<1000 { sink.write(.info, "x", Array("\"number\":\(number)".utf8)) }
        // 1000 lines are far more than one batch on its way and one that waits.
        #expect(sink.dropped > 500)
        let dropped = sink.dropped

        let done = DispatchSemaphore(value: 0)
        let received = Received()
        Thread.detachNewThread {
            received.data = pipe.fileHandleForReading.readDataToEndOfFile()
            done.signal()
        }
        sink.flush()
        sink.write(.info, "after", [])
        sink.flush()
        try pipe.fileHandleForWriting.close()
        done.wait()
        let events = try received.data.split(separator: 0x0A).map { try JSONValue(Array($0)) }
        let kept = events.filter { $0["event"]?.string == "x" }
        #expect(kept.count + dropped == 1000)
        #expect(events.suffix(2).map { $0["event"]?.string } == ["log.dropped", "after"])
        #expect(events.dropLast().last?["lines"]?.integer == dropped)
        #expect(sink.dropped == dropped)
    }

    private final class Received: @unchecked Sendable {
        // Invariant behind @unchecked: written before the semaphore, read after it.
        var data = Data()
    }

    @Test(
        "writes the time as RFC 3339",
        arguments: [
            (0, 0, "1970-01-01T00:00:00.000Z"), (951_827_696, 7, "2000-02-29T12:34:56.007Z"),
            (1_798_761_599, 999, "2026-12-31T23:59:59.999Z"),
        ]
    )
    func time(_ seconds: Int, _ milliseconds: Int, expected: String) {
        var text = TimeText()
        text.set(seconds: seconds, milliseconds: milliseconds)
        #expect(String(decoding: text.bytes, as: UTF8.self) == expected)
    }
}
