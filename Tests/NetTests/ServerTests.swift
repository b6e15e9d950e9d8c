import HTTP
import Net
import TestSupport
import Testing

@Suite("A server", .timeLimit(.minutes(3)))
struct ServerTests {
    @Test("answers and keeps the connection open")
    func keepAlive() async throws {
        try await withServer { server in
            let peer = try server.peer()
            for _ in 0..<3 {
                try peer.send(get("/hello"))
                let answer = try peer.receive(until: "hello")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nDate: "))
                #expect(answer.contains("\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"))
                #expect(!answer.contains("Connection"))
            }
            try await server.events.until { $0.statuses == [200, 200, 200] }
            #expect(server.events.current.opened == 1)
        }
    }

    @Test("answers pipelined requests in order")
    func pipelining() async throws {
        try await withServer { server in
            let peer = try server.peer()
            let bodies = (0..<200).map { "body-\($0);" }
            try peer.send(bodies.map { post("/echo", $0) }.joined())
            let answer = try peer.receive(until: "body-199;")
            let order = answer.split(separator: "\r\n\r\n").dropFirst().map {
                $0.prefix { $0 != ";" } + ";"
            }
            #expect(order.map(String.init) == bodies)
        }
    }

    @Test("answers a peer that has closed its sending side")
    func halfClose() async throws {
        try await withServer { server in
            let peer = try server.peer()
            try peer.send(get("/hello"))
            peer.endOutput()
            let answer = try peer.receiveAll()
            #expect(answer.hasSuffix("\r\n\r\nhello"))
        }
    }

    @Test("answers a peer that sends byte by byte")
    func dribble() async throws {
        try await withServer { server in
            let peer = try server.peer()
            for byte in post("/echo", "drop by drop").utf8 { try peer.send([byte]) }
            #expect(try peer.receive(until: "drop by drop").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("answers a request when the peer closes within the next one")
    func endsWithinTheNextRequest() async throws {
        try await withServer { server in
            let peer = try server.peer()
            try peer.send(get("/hello") + post("/echo", "second").prefix(30))
            peer.endOutput()
            #expect(try peer.receiveAll().hasSuffix("\r\n\r\nhello"))
        }
    }

    @Test("answers a request before the next one is complete")
    func oneAndAHalf() async throws {
        try await withServer { server in
            let peer = try server.peer()
            let next = post("/echo", "second")
            try peer.send(get("/hello") + next.prefix(30))
            #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            try peer.send(String(next.dropFirst(30)))
            #expect(try peer.receive(until: "second").hasPrefix("HTTP/1.1 200"))
        }
    }
}
