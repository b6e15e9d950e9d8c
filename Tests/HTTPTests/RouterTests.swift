import HTTP
import Testing

@Suite("A router")
struct RouterTests {
    private func request(_ method: String, _ target: String) throws -> Request {
        var parser = RequestParser()
        var bytes = Array("\(method) \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        let end = bytes.count
        let parsed = try parser.parse(&bytes, from: 0, to: end)
        return try #require(parsed)
    }

    private static let router = Router([
        Route(.get, "/a") { _ in Response(status: 200) },
        Route(.post, "/a") { _ in Response(status: 200) },
        Route(.get, "/a/{name}") { _ in Response(status: 200) },
        Route(.get, "/a/fixed") { _ in Response(status: 200) },
        Route(.delete, "/a/{name}/b/{other}") { _ in Response(status: 200) },
    ])

    @Test(
        "finds the route for a method and a path",
        arguments: [
            ("GET", "/a", 0), ("HEAD", "/a", 0), ("POST", "/a", 1), ("GET", "/a?b", 0),
            ("GET", "/a/x", 2), ("GET", "/a/fixed", 3), ("DELETE", "/a/x/b/y", 4),
        ]
    )
    func found(method: String, target: String, expected: Int) throws {
        var request = try request(method, target)
        guard case .route(let number) = Self.router.match(&request) else {
            Issue.record("no route")
            return
        }
        #expect(number == expected)
    }

    @Test("decodes parameters, and does not split them at an escaped slash")
    func parameters() throws {
        var request = try request("DELETE", "/a/%C3%A4%2F/b/c+d")
        _ = Self.router.match(&request)
        #expect(request.parameters["name"] == "ä/")
        #expect(request.parameters["other"] == "c+d")
        #expect(request.parameters["third"] == nil)
    }

    @Test("skips a pattern whose parameters cannot be decoded")
    func undecodable() throws {
        let router = Router([
            Route(.get, "/a/{name}/{other}/c") { _ in Response(status: 200) },
            Route(.get, "/a/{name}/b/c") { _ in Response(status: 200) },
            Route(.get, "/a/{name}/{other}/{third}") { _ in Response(status: 200) },
            Route(.get, "/a/%FF/{other}/c") { _ in Response(status: 200) },
        ])
        func number(_ target: String) throws -> Int? {
            var request = try request("GET", target)
            guard case .route(let number) = router.match(&request) else { return nil }
            return number
        }
        #expect(try number("/a/x/b/c") == 0)
        #expect(try number("/a/x/%62/c") == 0)
        // What is not UTF-8 is no parameter, wherever it stands, but no reason to look no further.
        #expect(try number("/a/x/%FF/c") == nil)
        #expect(try number("/a/%FF/b/d") == nil)
        #expect(try number("/a/%FF/b/c") == 3)
        #expect(try number("/a/x/b/d") == 2)
    }

    @Test("tells literal paths of one length apart, and prefers them to patterns that come first")
    func literals() throws {
        let paths = ["/aa/b", "/a/bb", "/", "/aa/c", "/a/bb/c"]
        let router = Router(
            [Route(.get, "/{one}/{two}") { _ in Response(status: 200) }]
                + paths.map { Route(.get, $0) { _ in Response(status: 200) } }
        )
        for (index, path) in paths.enumerated() {
            for (method, isFound) in [("GET", true), ("PUT", false)] {
                var request = try request(method, path)
                let match = router.match(&request)
                if case .route(let number) = match { #expect(isFound && number == index + 1) }
                if case .methodNotAllowed = match { #expect(!isFound) }
                if case .notFound = match { Issue.record("\(path) was not found") }
                #expect(router.routeOfPath(request) == index + 1)
            }
        }
        var other = try request("GET", "/aa/d")
        guard case .route(0) = router.match(&other) else {
            Issue.record("not the pattern")
            return
        }
    }

    @Test(
        "finds no route for an unknown path",
        arguments: ["/", "/A", "/a/", "/b", "/a/x/b", "/a/x/b/", "/a/x/c/y", "//a"]
    )
    func notFound(target: String) throws {
        var request = try request("GET", target)
        guard case .notFound = Self.router.match(&request) else {
            Issue.record("found something")
            return
        }
    }

    @Test(
        "lists the methods of a path",
        arguments: [
            ("PUT", "/a", "GET, POST, HEAD"), ("POST", "/a/x", "GET, HEAD"),
            ("GET", "/a/x/b/y", "DELETE"), ("get", "/a", "GET, POST, HEAD"),
        ]
    )
    func notAllowed(method: String, target: String, allowed: String) throws {
        var request = try request(method, target)
        guard case .methodNotAllowed(let methods) = Self.router.match(&request) else {
            Issue.record("allowed or not found")
            return
        }
        #expect(methods.map(\.name).joined(separator: ", ") == allowed)
    }
}
