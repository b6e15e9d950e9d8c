import HTTP
import Net
import TestSupport
import Testing
import Threads

/// Routes of an interface with a judge, a limit and a form of errors of its own.
private let guarded: [Route] = [
    Route(
        .post,
        "/guarded",
        deadline: .milliseconds(200),
        contentLimit: 100,
        judge: { request in
            request.field("authorization") == "right"
                ? nil : Response(status: 401, body: Array("who?".utf8))
        },
        failure: { status, _ in Response(status: status, body: Array("ours \(status)".utf8)) }
    ) { request in
        if request.body.elementsEqual("wait".utf8) { await Signal().wait() }
        return Response(status: 200, body: Array(request.body))
    },
    Route(.post, "/spacious", oversizeLimit: 100_000) { request in
        let text = "\(request.body.count) bytes, oversized: \(request.isOversized)"
        return Response(status: 200, body: Array(text.utf8))
    },
]

private let right = "Authorization: right\r\n"

@Suite("Content that has not arrived", .timeLimit(.minutes(3)))
struct ContentTests {
    private func head(_ fields: String, _ length: Int = 50) -> String {
        "POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\(fields)\r\n"
    }

    @Test(
        "is not read from a peer whose head its route refuses",
        arguments: [
            "Content-Length: 50\r\n", "Content-Length: 65537\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 50\r\nExpect: 100-continue\r\n",
        ]
    )
    func judged(fields: String) async throws {
        try await withServer(guarded) { server in
            let peer = try server.peer()
            try peer.send("POST /guarded HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
            let answer = try peer.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 401"))
            #expect(answer.contains("Connection: close\r\n") && answer.hasSuffix("who?"))
        }
    }

    @Test(
        "is not read, nor asked for, of a request that no route takes",
        arguments: [
            ("POST /nowhere", 404), ("PUT /nowhere", 404), ("POST /hello", 405),
            ("GET /guarded", 405), ("DELETE /guarded", 405), ("HEAD /guarded", 405),
            ("POST /nowhere?a=b", 404), ("HEAD /nowhere", 404),
        ],
        [
            "Content-Length: 5\r\n", "Content-Length: 65537\r\n", "Transfer-Encoding: chunked\r\n",
            "Content-Length: 50\r\nExpect: 100-continue\r\n",
        ]
    )
    func unrouted(request: (line: String, status: Int), fields: String) async throws {
        try await withServer(guarded + testRoutes) { server in
            let peer = try server.peer()
            try peer.send("\(request.line) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
            let answer = try peer.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 \(request.status)"))
            #expect(answer.contains("Connection: close\r\n"))
            #expect(answer.contains("\r\nAllow: ") == (request.status == 405))
        }
    }

    @Test(
        "is refused as soon as it exceeds the limit of its route",
        arguments: [
            "Content-Length: 101\r\n\r\n", "Content-Length: 101\r\nExpect: 100-continue\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n65\r\n",
            "Content-Length: 101\r\n\r\n" + String(repeating: "a", count: 101),
            "Content-Length: 65537\r\n\r\n",
        ]
    )
    func limited(rest: String) async throws {
        try await withServer(guarded) { server in
            let peer = try server.peer()
            try peer.send("POST /guarded HTTP/1.1\r\nHost: x\r\n" + right + rest)
            let answer = try peer.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 413") && answer.hasSuffix("ours 413"))
        }
    }

    @Test(
        "reaches a handler that can tell more about too much of it, up to the limit of its route",
        arguments: [
            (65_536, "65536 bytes, oversized: false"), (65_537, "65537 bytes, oversized: true"),
            (100_000, "100000 bytes, oversized: true"), (100_001, nil),
        ],
        [false, true]
    )
    func oversized(content: (count: Int, answer: String?), isChunked: Bool) async throws {
        try await withServer(guarded) { server in
            let peer = try server.peer()
            let size = String(content.count, radix: 16)
            let letters = String(repeating: "a", count: content.count)
            let head = "POST /spacious HTTP/1.1\r\nHost: x\r\n"
            try peer.send(
                head
                    + (isChunked
                        ? "Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(letters)\r\n0\r\n\r\n"
                        : "Content-Length: \(content.count)\r\n\r\n\(letters)")
            )
            guard let answer = content.answer else {
                #expect(try peer.receiveAll().hasPrefix("HTTP/1.1 413"))
                return
            }
            #expect(try peer.receive(until: answer).hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test(
        "is limited as always on other paths of a server with such a route",
        arguments: [("/echo", 413), ("/nowhere", 404), ("/hello", 405), ("/guarded", 401)]
    )
    func limitedBesides(path: String, status: Int) async throws {
        try await withServer(guarded + testRoutes) { server in
            let peer = try server.peer()
            try peer.send("POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n")
            #expect(try peer.receiveAll().hasPrefix("HTTP/1.1 \(status)"))
        }
    }

    @Test("is awaited for requests that the route accepts, and each request is judged anew")
    func accepted() async throws {
        try await withServer(guarded) { server in
            let peer = try server.peer()
            for _ in 0..<2 {
                try peer.send(head(right + "Expect: 100-continue\r\n", 5))
                _ = try peer.receive(until: "HTTP/1.1 100 Continue\r\n\r\n")
                try peer.send("hello")
                #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            }
            try peer.send(head(""))
            #expect(try peer.receiveAll().hasSuffix("who?"))
        }
    }

    @Test(
        "Errors before the handler have the form of the interface",
        arguments: [
            ("GET /guarded HTTP/1.1\r\nHost: x\r\n\r\n", 405),
            ("POST /guarded?" + String(repeating: "x", count: 9000) + " HTTP/1.1\r\n", 414),
            ("POST /guarded?" + String(repeating: "x", count: 20_000), 414),
            ("POST http://x/guarded?" + String(repeating: "x", count: 20_000), 414),
            ("POST /guarded HTTP/2.0\r\n", 505),
            ("POST /guarded HTTP/9\r\n", 400),
            ("POST /guarded\r\n", 400),
            ("POST /guarded \r\n", 400),
            ("POST /guarded#x HTTP/1.1\r\n", 400),
            ("POST /guarded?\u{1} HTTP/1.1\r\n", 400),
            ("P@ST /guarded HTTP/1.1\r\n", 400),
            ("POST /guarded HTTP/1.1\nHost: x\n\n", 400),
            ("POST /guarded HTTP/1.1", 408),
            ("POST /guarded HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
            ("POST /guarded HTTP/1.1\r\nHost: x\r\nBad Field: 1\r\n\r\n", 400),
            ("POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
            ("POST /guarded HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n", 417),
            ("POST /guarded HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
            (
                "POST /guarded HTTP/1.1\r\nHost: x\r\nX: " + String(repeating: "x", count: 20_000),
                431
            ),
            ("POST /guarded HTTP/1.1\r\nHost: x\r\n", 408),
            ("POST /guarded HTTP/1.1\r\nHost: x\r\n\(right)Content-Length: 5\r\n\r\nab", 408),
            (
                "POST /guarded HTTP/1.1\r\nHost: x\r\n\(right)Transfer-Encoding: chunked\r\n\r\nx\r\n",
                400
            ),
            ("POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwait", 503),
        ]
    )
    func forms(text: String, status: Int) async throws {
        try await withServer(guarded) {
            $0.deadlines.header = .milliseconds(200)
            $0.deadlines.body = .milliseconds(200)
        } _: { server in
            let peer = try server.peer()
            try peer.send(text)
            let answer = try peer.receive(until: "ours \(status)")
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
            #expect(answer.hasSuffix("ours \(status)"))
            #expect(answer.contains("\r\nAllow: POST\r\n") == (status == 405))
        }
    }

    @Test("of all peers, and of one address, takes no more memory than its limits")
    func budget() async throws {
        for ofAll in [true, false] {
            try await withServer {
                $0.pendingInput = ofAll ? 50_000 : 1 << 20
                $0.pendingInputPerAddress = ofAll ? 1 << 20 : 50_000
            } _: { server in
                let text = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n"
                let first = try server.peer()
                try first.send(text + String(repeating: "a", count: 19_999))
                let second = try server.peer()
                try second.send(text + String(repeating: "a", count: 19_999))
                let answer = try second.receiveAll()
                #expect(answer.hasPrefix("HTTP/1.1 503"))
                #expect(answer.contains("\r\nRetry-After: 1\r\n"))
                // Whole requests need none of it, and a request that ends gives it back.
                let third = try server.peer()
                try third.send(post("/echo", "whole"))
                #expect(try third.receive(until: "whole").hasPrefix("HTTP/1.1 200"))
                try first.send("b")
                #expect(try first.receive(until: "ab").hasPrefix("HTTP/1.1 200"))
                let fourth = try server.peer()
                try fourth.send(text + String(repeating: "a", count: 19_999))
                try fourth.send("b")
                #expect(try fourth.receive(until: "ab").hasPrefix("HTTP/1.1 200"))
            }
        }
    }
}
