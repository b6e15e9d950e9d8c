import CurlClient
import Foundation
import HTTP
import JSON
import TestSupport
import Testing

@Suite("The outbound client", .timeLimit(.minutes(3)))
struct CurlHTTPClientTests {
    let peer: PeerProcess
    let client = CurlHTTPClient()

    init() throws { peer = try sharedPeer.get() }

    @Test(
        "sends method, fields and body as they are",
        arguments: [
            (Method.get, ""), (.post, "{\"a\":1}"), (.post, ""), (.put, "x"), (.put, ""),
            (.patch, "y"), (.delete, ""), (.delete, "z"), (.options, ""), (.other("PURGE"), "q"),
        ]
    )
    func fidelity(method: HTTP.Method, body: String) async throws {
        let response = try await client.send(
            OutboundRequest(
                method,
                peer.url("/echo/a/../b?c=%2F"),
                fields: [Field("X-One", "1"), Field("X-Empty", "")],
                body: Array(body.utf8)
            )
        )
        #expect(response.status == 200)
        #expect(response.fields.first("x-padded") == "a b")
        #expect(response.fields.first("x-empty")?.isEmpty == true)
        let echo = try JSONValue(response.body)
        #expect(echo["method"]?.string == method.name)
        #expect(echo["path"]?.string == "/echo/a/../b?c=%2F")
        #expect(echo["body"]?.string == body)
        let fields = (echo["fields"]?.array ?? []).map {
            Field($0.array?.first?.string ?? "", $0.array?.last?.string ?? "")
        }
        #expect(fields.first("x-one") == "1")
        #expect(fields.first("x-empty")?.isEmpty == true)
        #expect(fields.first("host") == "127.0.0.1:\(peer.port)")
        #expect(fields.first("expect") == nil)
        #expect(fields.first("content-type") == nil)
        #expect(fields.first("accept-encoding") == nil)
        switch method {
        case .post, .put, .patch:
            #expect(fields.first("content-length") == String(body.utf8.count))
        default: break
        }
    }

    @Test("takes an answer to HEAD without a body")
    func head() async throws {
        let response = try await client.send(OutboundRequest(.head, peer.url("/echo")))
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
        #expect(response.fields.first("content-length") != nil)
        // The same handle serves an ordinary method afterwards.
        let next = try await client.send(
            OutboundRequest(.post, peer.url("/echo"), body: Array("after".utf8))
        )
        #expect(try JSONValue(next.body)["body"]?.string == "after")
    }

    @Test("hands over a body as it arrives, and keeps that of an error")
    func stream() async throws {
        let name = UUID().uuidString
        let (parts, arrived) = AsyncStream<[UInt8]>.makeStream()
        async let answer = client.stream(OutboundRequest(.get, peer.url("/part/\(name)"))) {
            arrived.yield($0)
        }
        var waiting = parts.makeAsyncIterator()
        // The peer sends the rest only after this: the first part did not wait for it.
        var body = String(decoding: await waiting.next() ?? [], as: UTF8.self)
        #expect(body == "part")
        let rest = try await client.send(OutboundRequest(.get, peer.url("/rest/\(name)")))
        #expect(rest.status == 200)
        let response = try await answer
        arrived.finish()
        while let part = await waiting.next() { body += String(decoding: part, as: UTF8.self) }
        #expect(body == "partrest")
        #expect(response.status == 200 && response.body.isEmpty)
        let refused = try await client.stream(OutboundRequest(.get, peer.url("/refuse"))) { _ in
            Issue.record("the body of an error is no part of a stream")
        }
        #expect(refused.status == 403 && refused.text == "why")
    }

    @Test("sends bodies larger than a socket's buffer", arguments: [100_000, 3_000_000])
    func largeBody(size: Int) async throws {
        let response = try await client.send(
            OutboundRequest(
                .post,
                peer.url("/echo"),
                body: [UInt8](repeating: UInt8(ascii: "b"), count: size),
                responseLimit: 8 << 20
            )
        )
        #expect(try JSONValue(response.body)["body"]?.string?.utf8.count == size)
    }

    @Test(
        "hands on every status, redirects too",
        arguments: [201, 204, 302, 308, 401, 410, 429, 503]
    )
    func status(status: Int) async throws {
        let path = unique("/status/\(status)")
        let response = try await client.send(OutboundRequest(.post, peer.url(path), body: [1]))
        #expect(response.status == status)
        #expect(response.fields.first("location") == "/moved" + path)
        #expect(response.retryAfter(secondsSince1970: 0) == .seconds(7))
        #expect(try await peer.count("/moved" + path, by: client) == 0)
    }

    @Test("leaves out interim responses and trailers")
    func interim() async throws {
        let response = try await client.send(OutboundRequest(.get, peer.url("/interim")))
        #expect(response.status == 200)
        #expect(response.text == "late")
        #expect(response.fields.first("x-early") == nil)
        let chunked = try await client.send(OutboundRequest(.get, peer.url("/chunked/3")))
        #expect(chunked.body.count == 3000)
        #expect(chunked.fields.first("x-trailer") == nil)
    }

    @Test("bounds the answer", arguments: ["/bytes/1001", "/chunked/2", "/flood", "/lines/250"])
    func bounds(path: String) async {
        let request = OutboundRequest(.get, peer.url(path), responseLimit: 1000)
        #expect(await send(client, request).errorKind == .unusableAnswer)
    }

    @Test("takes an answer that is as long as allowed", arguments: ["/bytes/1000", "/chunked/1"])
    func exactBound(path: String) async throws {
        let request = OutboundRequest(.get, peer.url(path), responseLimit: 1000)
        #expect(try await client.send(request).body.count == 1000)
    }

    @Test(
        "tells what an answer that fails means",
        arguments: [
            ("/cut", OutboundError.Kind.unusableAnswer), ("/stall", .unusableAnswer),
            ("/garbage", .unusableAnswer), ("/half", .unusableAnswer), ("/early", .ambiguous),
            ("/silent", .ambiguous), ("/reset", .ambiguous), ("/hang", .ambiguous),
        ]
    )
    func failures(path: String, kind: OutboundError.Kind) async {
        let request = OutboundRequest(
            .post,
            peer.url(path),
            body: [1, 2, 3],
            timeLimit: .milliseconds(500)
        )
        #expect(await send(client, request).errorKind == kind)
    }

    @Test("tells that nothing was sent when nobody listens or the name is unknown")
    func notSent() async throws {
        let gone = try PeerProcess(script: "peer.py").port
        let refused = OutboundRequest(.post, "http://127.0.0.1:\(gone)/", body: [1])
        #expect(await send(client, refused).errorKind == .notSent)
        let unknown = OutboundRequest(.post, "http://name.invalid/", body: [1])
        #expect(await send(client, unknown).errorKind == .notSent)
    }

    @Test("does not wait longer for a connection than its limit, and then nothing was sent")
    func connectLimit() async throws {
        let hasty = CurlHTTPClient(connectLimit: .milliseconds(200))
        // The peer speaks no TLS: it waits for the rest of what it takes for a request.
        let request = OutboundRequest(
            .post,
            peer.url("/echo", scheme: "https"),
            body: [1],
            timeLimit: .seconds(200)
        )
        let started = ContinuousClock.now
        #expect(await send(hasty, request).errorKind == .notSent)
        #expect(.now - started < .seconds(100))
    }

    @Test(
        "refuses what cannot be sent safely",
        arguments: [
            OutboundRequest(.get, "ftp://127.0.0.1/"), OutboundRequest(.get, "file:///etc/hosts"),
            OutboundRequest(.get, "127.0.0.1"), OutboundRequest(.get, ""),
            OutboundRequest(.get, "http://"), OutboundRequest(.get, "http://127.0.0.1:99999/"),
            OutboundRequest(.get, "http://127.0.0.1/a b"),
            OutboundRequest(.get, "http://127.0.0.1/\u{0}"),
            OutboundRequest(.get, "http://127.0.0.1/é"),
            OutboundRequest(.get, "http://user:word@127.0.0.1/"),
            OutboundRequest(.get, "http://127.0.0.1/", body: [1]),
            OutboundRequest(.other("A B"), "http://127.0.0.1/"),
            OutboundRequest(.get, "http://127.0.0.1/", fields: [Field("A", "b\r\nC: d")]),
            OutboundRequest(.get, "http://127.0.0.1/", fields: [Field("A:", "b")]),
            OutboundRequest(.get, "http://127.0.0.1/", fields: [Field("", "b")]),
            OutboundRequest(.post, "http://127.0.0.1/", fields: [Field("Content-Length", "3")]),
            OutboundRequest(
                .post,
                "http://127.0.0.1/",
                fields: [Field("transfer-encoding", "chunked")]
            ),
        ]
    )
    func invalid(request: OutboundRequest) async {
        #expect(await send(client, request).errorKind == .invalid)
    }

    @Test("abandons the exchange when its task is cancelled")
    func cancellation() async throws {
        let client = client
        let path = unique("/hang")
        let request = OutboundRequest(.post, peer.url(path), body: [1], timeLimit: .seconds(30))
        let task = Task { await send(client, request) }
        try await peer.arrival(path, by: client)
        task.cancel()
        #expect(await task.value.errorKind == .ambiguous)
        try await peer.arrival(path, closing: true, by: client)
    }

    @Test("does not begin when the task is cancelled already")
    func cancelledBefore() async throws {
        let client = client
        let path = unique("/echo")
        let request = OutboundRequest(.post, peer.url(path), body: [1])
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await send(client, request)
        }
        #expect(await task.value.errorKind == .notSent)
        #expect(try await peer.count(path, by: client) == 0)
    }

    @Test("makes exchanges wait for their turn, and no longer than they may")
    func queue() async throws {
        let narrow = CurlHTTPClient(maximumTransfers: 1)
        let first = unique("/hang")
        let second = unique("/echo")
        let long = OutboundRequest(.post, peer.url(first), timeLimit: .seconds(30))
        let hanging = Task { await send(narrow, long) }
        try await peer.arrival(first, by: client)
        let late = OutboundRequest(.post, peer.url(second), timeLimit: .milliseconds(100))
        #expect(await send(narrow, late).errorKind == .notSent)
        let next = OutboundRequest(.post, peer.url(second), timeLimit: .seconds(30))
        let patient = Task { await send(narrow, next) }
        hanging.cancel()
        #expect(await hanging.value.errorKind == .ambiguous)
        #expect(await patient.value.status == 200)
        #expect(try await peer.count(second, by: client) == 1)
        narrow.shutdown()
    }

    @Test("can be shut down before it was ever used")
    func shutdownUnused() async {
        let unused = CurlHTTPClient()
        unused.shutdown()
        let request = OutboundRequest(.get, peer.url("/echo"))
        #expect(await send(unused, request).errorKind == .notSent)
        unused.shutdown()
    }

    @Test("answers everybody when it is shut down, and sends nothing afterwards")
    func shutdown() async throws {
        let other = CurlHTTPClient()
        let path = unique("/hang")
        let long = OutboundRequest(.post, peer.url(path), timeLimit: .seconds(30))
        let hanging = Task { await send(other, long) }
        try await peer.arrival(path, by: client)
        other.shutdown()
        other.shutdown()
        #expect(await hanging.value.errorKind == .ambiguous)
        let later = unique("/echo")
        #expect(await send(other, OutboundRequest(.post, peer.url(later))).errorKind == .notSent)
        #expect(try await peer.count(later, by: client) == 0)
    }

    @Test("carries many exchanges at once, each with its own answer")
    func many() async throws {
        let client = client
        let peer = peer
        let wrong = try await within {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let body = Array("n\(number)".utf8)
                        let response = try await client.send(
                            OutboundRequest(.post, peer.url("/echo"), body: body)
                        )
                        return try JSONValue(response.body)["body"]?.string == "n\(number)"
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 0 : 1) }
            }
        }
        #expect(wrong == 0)
    }
}
