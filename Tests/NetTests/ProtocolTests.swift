import Foundation
import HTTP
import Net
import TestSupport
import Testing

@Suite("A server's response", .timeLimit(.minutes(3)))
struct ProtocolTests {
    @Test("to HEAD has the length and no body")
    func head() async throws {
        try await withServer { server in
            let peer = try server.peer()
            try peer.send("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let answer = try peer.receiveAll()
            #expect(answer.contains("\r\nContent-Length: 5\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test("to a wrong method is 405 with the allowed methods")
    func methodNotAllowed() async throws {
        try await withServer { server in
            let peer = try server.peer()
            try peer.send("DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try peer.receive(until: "\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n"))
            #expect(answer.contains("\r\nAllow: GET, HEAD\r\n"))
        }
    }

    @Test("to an unknown path is 404 and keeps the connection open")
    func notFound() async throws {
        try await withServer { server in
            let peer = try server.peer()
            try peer.send(get("/nowhere") + get("/hello"))
            let answer = try peer.receive(until: "hello")
            #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
            #expect(answer.contains("application/problem+json"))
            #expect(server.events.current.routes == [nil, 0])
        }
    }

    @Test("to Expect: 100-continue is sent before the body arrives")
    func expectation() async throws {
        try await withServer { server in
            let peer = try server.peer()
            let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
            try peer.send(head + "Expect: 100-continue\r\n\r\n")
            #expect(try peer.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try peer.send("body")
            #expect(try peer.receive(until: "body").hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test("to Expect: 100-continue with too large a body is 413 at once")
    func expectationRefused() async throws {
        try await withServer { server in
            let peer = try server.peer()
            let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n"
            try peer.send(head + "Expect: 100-continue\r\n\r\n")
            let answer = try peer.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
            #expect(!answer.contains("100 Continue"))
        }
    }

    @Test(
        "to an invalid request is an error and closes the connection",
        arguments: [
            ("GARBAGE\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("\u{16}\u{3}\u{1}", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: br\r\n\r\n", 501),
        ]
    )
    func refused(text: String, status: Int) async throws {
        try await withServer { server in
            let peer = try server.peer()
            try peer.send(text)
            let answer = try peer.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            try await server.events.until { $0.statuses == [status] && $0.closed == 1 }
        }
    }

    @Test("is sent before the refusal of a later request")
    func order() async throws {
        try await withServer { server in
            let peer = try server.peer()
            try peer.send(get("/hello") + "GARBAGE\r\n\r\n" + get("/hello"))
            let answer = try peer.receiveAll()
            let statuses = answer.components(separatedBy: "HTTP/1.1 ").dropFirst().map {
                $0.prefix(3)
            }
            #expect(statuses == ["200", "400"])
        }
    }

    @Test("can be read by a peer that keeps sending after a refusal")
    func lingering() async throws {
        try await withServer { server in
            let peer = try server.peer()
            let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
            // More than the sockets hold: sent while the server has long refused.
            try peer.send(head + String(repeating: "x", count: 1_000_000))
            #expect(try peer.receiveAll().hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test(
        "closes the connection when either side says so",
        arguments: [
            "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "GET /hello HTTP/1.0\r\n\r\n",
            "GET /last HTTP/1.1\r\nHost: x\r\n\r\n",
        ]
    )
    func closing(text: String) async throws {
        let last = Route(.get, "/last") { _ in
            var response = Response(status: 200, body: Array("hello".utf8))
            response.closesConnection = true
            return response
        }
        try await withServer(testRoutes + [last]) { server in
            let peer = try server.peer()
            try peer.send(text)
            let answer = try peer.receiveAll()
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.hasSuffix("hello"))
        }
    }

    @Test("keeps an HTTP/1.0 connection open on request")
    func oldKeepAlive() async throws {
        try await withServer { server in
            let peer = try server.peer()
            for _ in 0..<2 {
                try peer.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                let answer = try peer.receive(until: "hello")
                #expect(answer.contains("\r\nConnection: keep-alive\r\n"))
            }
        }
    }

    @Test("follows a chunked body, however it is cut")
    func chunked() async throws {
        try await withServer { server in
            let peer = try server.peer()
            let text = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            for byte in (text + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n").utf8 {
                try peer.send([byte])
            }
            #expect(try peer.receive(until: "hello world").contains("Content-Length: 11\r\n"))
        }
    }

    @Test("follows a body larger than a buffer, between small requests")
    func large() async throws {
        try await withServer { server in
            let peer = try server.peer()
            let body = String(repeating: "0123456789", count: 6000)
            for _ in 0..<3 {
                try peer.send(get("/hello") + post("/echo", body) + post("/echo", "small;"))
                let answer = try peer.receive(until: "small;")
                #expect(answer.contains("\r\n\r\n\(body)HTTP/1.1 200"))
            }
        }
    }

    @Test("is made by a handler that knows the peer")
    func peer() async throws {
        try await withServer { server in
            let peer = try server.peer()
            try peer.send(get("/peer", "Connection: close\r\n"))
            #expect(try peer.receiveAll().hasSuffix("\r\n\r\n127.0.0.1 false none"))
        }
    }

    @Test("belongs to a request with a unique number")
    func identifiers() async throws {
        try await withServer(loops: 2) { server in
            for _ in 0..<4 {
                let peer = try server.peer()
                try peer.send(get("/hello") + get("/hello", "Connection: close\r\n"))
                _ = try peer.receiveAll()
            }
            try await server.events.until { $0.ids.count == 8 }
            #expect(Set(server.events.current.ids).count == 8)
        }
    }
}
