import CurlClient
import HTTP
import JSON
import TestSupport
import Testing

@Suite("A pooled connection", .timeLimit(.minutes(3)))
struct ConnectionReuseTests {
    let peer: PeerProcess
    let client = CurlHTTPClient()

    init() throws { peer = try sharedPeer.get() }

    @Test("is used again")
    func reuse() async throws {
        var connections: Set<Int> = []
        for _ in 0..<5 {
            let response = try await client.send(OutboundRequest(.post, peer.url("/echo")))
            connections.insert(try JSONValue(response.body)["connection"]?.integer ?? 0)
        }
        #expect(connections.count == 1)
    }

    @Test(
        "that ends after a second request has left makes that one doubtful, and nothing is repeated",
        arguments: [Method.post, .put, .patch, .delete]
    )
    func noRepetition(method: HTTP.Method) async throws {
        // Without a body the whole request is in the head: the case where libcurl has the least
        // reason to hesitate.
        for body in [[], Array("{}".utf8)] {
            let client = CurlHTTPClient()
            let path = unique("/once")
            let request = OutboundRequest(method, peer.url(path), body: body)
            #expect(try await client.send(request).text == "first")
            #expect(await send(client, request).errorKind == .ambiguous)
            #expect(try await peer.count(path, by: client) == 2)
            client.shutdown()
        }
    }

    @Test("that ends so lets a safe request be repeated", arguments: [Method.get, .head])
    func safeRepetition(method: HTTP.Method) async throws {
        let path = unique("/once")
        let request = OutboundRequest(method, peer.url(path))
        #expect(try await client.send(request).status == 200)
        #expect(try await client.send(request).status == 200)
        #expect(try await peer.count(path, by: client) == 3)
    }

    @Test("that the peer has closed is not used: the next request takes a new one")
    func closedWhileIdle() async throws {
        let path = unique("/leave")
        let request = OutboundRequest(.post, peer.url(path), body: [1])
        let first = try await client.send(request)
        // Counted after the connection is closed, so that its end is on the way before this answer.
        try await peer.arrival("/left" + path, by: CurlHTTPClient())
        let second = try await client.send(request)
        #expect(first.text != second.text)
    }
}
