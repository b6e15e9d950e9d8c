import Foundation
import HTTP
import JSON
import TestSupport
import Testing

@testable import Telemetry

@Suite("The request log")
struct RequestLogTests {
    private static let routes = [
        Route(.post, "/user/verify") { _ in Response(status: 200) },
        Route(.get, "/approve/{ticket}") { _ in Response(status: 200) },
    ]

    private static func lines(
        _ selection: RequestLog.Selection,
        _ body: (RequestLog) -> Void
    ) throws -> [JSONValue] {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        let descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let sink = LineSink(.json, descriptor: descriptor)
        body(RequestLog(selection, routes: routes, sink: sink))
        sink.flush()
        let text = try Data(contentsOf: URL(fileURLWithPath: path))
        return try text.split(separator: 0x0A).map { try JSONValue(Array($0)) }
    }

    @Test("says what was asked for by its route, how it ended, and how long it took")
    func members() throws {
        let trace = TraceContext(
            trace: (0x0AF7_6519_16CD_43DD, 0x8448_EB21_1C80_319C),
            span: 0x00F0_67AA_0BA9_02B7,
            isSampled: true
        )
        let line = try #require(
            Self.lines(.all) { log in
                log.finished(
                    route: 1,
                    method: .get,
                    status: 200,
                    nanoseconds: 12_034_567,
                    id: 42,
                    trace: trace
                )
            }.first
        )
        #expect(line["event"]?.string == "request.finished")
        #expect(line["level"]?.string == "info")
        #expect(line["method"]?.string == "GET")
        #expect(line["route"]?.string == "/approve/{ticket}")
        #expect(line["status"]?.integer == 200)
        #expect(line["ms"] == .number("12.034"))
        #expect(line["id"]?.integer == 42)
        #expect(line["trace_id"]?.string == "0af7651916cd43dd8448eb211c80319c")
        #expect(line["span"]?.string == "00f067aa0ba902b7")
    }

    @Test("does not repeat a method that a peer made up")
    func unmatched() throws {
        let line = try #require(
            Self.lines(.all) { log in
                let method = Method.other("SECRET")
                log.finished(
                    route: nil,
                    method: method,
                    status: 501,
                    nanoseconds: 1,
                    id: 1,
                    trace: nil
                )
            }.first
        )
        #expect(line["method"]?.string == "other")
        #expect(line["route"] == nil)
        #expect(line["ms"] == .number("0.000"))
        #expect(line["trace_id"] == nil)
        #expect(line["level"]?.string == "warning")
    }

    @Test(
        "has the requests that were asked for",
        arguments: [
            (RequestLog.Selection.all, [200, 302, 404, 500]), (.errors, [404, 500]), (.off, []),
        ]
    )
    func selection(_ selection: RequestLog.Selection, statuses: [Int]) throws {
        let lines = try Self.lines(selection) { log in
            for status in [200, 302, 404, 500] {
                log.finished(
                    route: 0,
                    method: .post,
                    status: status,
                    nanoseconds: 1_000_000,
                    id: 1,
                    trace: nil
                )
            }
        }
        #expect(lines.compactMap { $0["status"]?.integer } == statuses)
    }
}
