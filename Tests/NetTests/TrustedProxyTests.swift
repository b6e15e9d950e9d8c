import HTTP
import TestSupport
import Testing

@testable import Net

@Suite("The word of a proxy", .timeLimit(.minutes(3)))
struct TrustedProxyTests {
    private static let loopback = ["127.0.0.0/8", "10.0.0.0/8"].compactMap { AddressRange($0) }

    private static let others = ["10.0.0.0/8"].compactMap { AddressRange($0) }

    private func answer(
        _ text: [UInt8],
        trusting ranges: [AddressRange] = loopback
    ) async throws
        -> String
    {
        var answer = ""
        try await withServer {
            $0.trustedProxies = ranges
        } _: { server in
            let peer = try server.peer()
            try peer.send(text)
            answer = try peer.receive(until: " false none")
        }
        return answer
    }

    private func address(
        _ fields: String,
        trusting ranges: [AddressRange] = loopback
    ) async throws
        -> String
    {
        let answer = try await answer(Array(get("/peer", fields).utf8), trusting: ranges)
        guard answer.hasPrefix("HTTP/1.1 200") else { return String(answer.dropFirst(9).prefix(3)) }
        guard let end = answer.firstRange(of: "\r\n\r\n")?.upperBound else { return "" }
        return String(answer[end...].dropLast(" false none".count))
    }

    @Test(
        "is the last address that is no trusted proxy",
        arguments: [
            ("X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"),
            ("X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.7\r\n", "192.0.2.1"),
            ("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"),
            ("X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n", "10.0.0.1"),
            ("X-Forwarded-For: 192.0.2.1:4711\r\n", "192.0.2.1"),
            ("X-Forwarded-For: 2001:DB8:0:0::1\r\n", "2001:db8::1"),
            ("X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1"),
            ("X-Forwarded-For: ::ffff:192.0.2.1\r\n", "192.0.2.1"),
            ("X-Forwarded-For: unknown\r\n", "unknown"),
            ("Forwarded: for=192.0.2.1\r\n", "192.0.2.1"),
            ("Forwarded: For=\"[2001:db8:cafe::17]:4711\"\r\n", "2001:db8:cafe::17"),
            (
                "Forwarded: for=6.6.6.6, for=192.0.2.1;proto=https;by=10.0.0.7, for=10.0.0.9\r\n",
                "192.0.2.1"
            ),
            ("Forwarded: host=\"a,b\";for=_secret\r\n", "unknown"),
            // An element may leave out `for`: nothing before it is believed.
            ("Forwarded: by=10.0.0.7;proto=https\r\n", "unknown"),
            ("Forwarded: for=6.6.6.6, by=10.0.0.7;proto=https\r\n", "unknown"),
            ("Forwarded: for=6.6.6.6, proto=https, for=10.0.0.9\r\n", "unknown"),
            ("Forwarded: ;for=192.0.2.1;;proto=https; , for=10.0.0.9;\r\n", "192.0.2.1"),
            ("Forwarded: by=10.0.0.8, for=192.0.2.1;by=10.0.0.7\r\n", "192.0.2.1"),
            ("Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n", "192.0.2.1"),
            // Empty elements of a list mean nothing.
            ("X-Forwarded-For: 192.0.2.1,\r\n", "192.0.2.1"),
            ("X-Forwarded-For: , 6.6.6.6,, 192.0.2.1, ,10.0.0.7,\r\n", "192.0.2.1"),
            ("Forwarded: for=192.0.2.1,\r\n", "192.0.2.1"),
            (
                "Forwarded: , for=6.6.6.6,,for=192.0.2.1;proto=https , ,for=10.0.0.7 ,\r\n",
                "192.0.2.1"
            ),
            ("", "127.0.0.1"),
        ]
    )
    func fields(fields: String, expected: String) async throws {
        #expect(try await address(fields) == expected)
    }

    @Test(
        "does not hide who has sent the request: the hop is not named by fields",
        arguments: [
            ("", "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1 127.0.0.1;"),
            ("", "Forwarded: for=192.0.2.1, for=10.0.0.7\r\n", "192.0.2.1 127.0.0.1;"),
            ("", "", "127.0.0.1 127.0.0.1;"),
            ("PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n", "", "192.0.2.7 192.0.2.7;"),
            (
                "PROXY TCP4 10.0.0.7 127.0.0.1 4711 80\r\n", "X-Forwarded-For: 192.0.2.1\r\n",
                "192.0.2.1 10.0.0.7;"
            ),
        ]
    )
    func hop(preamble: String, fields: String, expected: String) async throws {
        let route = Route(.get, "/hop") { request in
            let text = "\(request.peer.address) \(request.peer.hop);"
            return Response(status: 200, body: Array(text.utf8))
        }
        try await withServer([route]) {
            $0.trustedProxies = Self.loopback
        } _: { server in
            let peer = try server.peer()
            try peer.send(Array((preamble + get("/hop", fields)).utf8))
            #expect(try peer.receive(until: ";").hasSuffix("\r\n\r\n\(expected)"))
        }
    }

    @Test(
        "is refused when it cannot be read or contradicts itself",
        arguments: [
            "X-Forwarded-For: nonsense\r\n", "X-Forwarded-For: 192.0.2.1 192.0.2.2\r\n",
            "X-Forwarded-For: \r\n", "X-Forwarded-For: , ,\r\n", "Forwarded: ,\r\n",
            "Forwarded: for=nonsense\r\n", "Forwarded: proto\r\n",
            "Forwarded: for=\"192.0.2.1\r\n", "Forwarded: for=192.0.2.1;for=192.0.2.2\r\n",
            "Forwarded: \r\n",
            "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n",
        ]
    )
    func malformed(fields: String) async throws {
        #expect(try await address(fields) == "400")
    }

    @Test("is refused from others, and not read where no proxy is trusted")
    func forged() async throws {
        for field in ["X-Forwarded-For: 192.0.2.1\r\n", "Forwarded: for=192.0.2.1\r\n"] {
            #expect(try await address(field, trusting: Self.others) == "403")
            #expect(try await address(field, trusting: []) == "127.0.0.1")
        }
        for ranges in [[], Self.others] {
            for preamble in [Self.line("192.0.2.1"), Self.binary([192, 0, 2, 1])] {
                let answer = try await answer(
                    preamble + Array(get("/peer").utf8),
                    trusting: ranges
                )
                #expect(answer.hasPrefix("HTTP/1.1 400"))
            }
        }
    }

    private static func line(_ address: String) -> [UInt8] {
        Array("PROXY TCP4 \(address) 10.0.0.1 4711 443\r\n".utf8)
    }

    /// Version 2, with an extension after the addresses.
    private static func binary(_ address: [UInt8], command: UInt8 = 0x21) -> [UInt8] {
        let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
        let rest = address + [UInt8](repeating: 1, count: address.count) + [0x12, 0x67, 1, 187]
        let extra: [UInt8] = [0x04, 0, 1, 0]
        let family: UInt8 = address.count == 4 ? 0x11 : 0x21
        return signature + [command, family, 0, UInt8(rest.count + extra.count)] + rest + extra
    }

    @Test("may come before the first byte (PROXY protocol)")
    func preamble() async throws {
        let six: [UInt8] = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        let rows: [([UInt8], String)] = [
            (Self.line("192.0.2.1"), "192.0.2.1"),
            (Array("PROXY TCP6 2001:db8::1 ::1 4711 443\r\n".utf8), "2001:db8::1"),
            (Array("PROXY UNKNOWN\r\n".utf8), "127.0.0.1"),
            (Self.binary([192, 0, 2, 1]), "192.0.2.1"),
            (Self.binary(six), "2001:db8::1"),
            (Self.binary([192, 0, 2, 1], command: 0x20), "127.0.0.1"),
        ]
        for (preamble, expected) in rows {
            try await withServer {
                $0.trustedProxies = Self.loopback
            } _: { server in
                // In one piece, and byte by byte.
                for size in [preamble.count, 1] {
                    let peer = try server.peer()
                    for start in stride(from: 0, to: preamble.count, by: size) {
                        try peer.send(Array(preamble[start..<min(preamble.count, start + size)]))
                    }
                    try peer.send(get("/peer"))
                    let answer = try peer.receive(until: " false none")
                    #expect(answer.hasSuffix("\r\n\r\n\(expected) false none"))
                }
                // The client behind it is no proxy.
                let peer = try server.peer()
                try peer.send(preamble + Array(get("/peer", "X-Forwarded-For: 6.6.6.6\r\n").utf8))
                let status = expected == "127.0.0.1" ? "200" : "403"
                #expect(try peer.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 \(status)"))
            }
        }
    }

    @Test(
        "ends the connection when its preamble is malformed",
        arguments: [
            Array("PROXY TCP4 nonsense 10.0.0.1 1 1\r\n".utf8),
            Array("PROXY TCP4 2001:db8::1 ::1 1 1\r\n".utf8),
            Array("PROXY TCP4 192.0.2.1 10.0.0.1 1 70000\r\n".utf8),
            Array("PROXY \r\n".utf8),
            Array("PROXY ".utf8) + [UInt8](repeating: 0x41, count: 120),
            [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10, 0x31, 0x11, 0, 12],
            [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10, 0x21, 0x11, 0xFF, 0xFF],
            [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10, 0x21, 0x11, 0, 4, 1, 2, 3, 4],
        ]
    )
    func malformedPreamble(bytes: [UInt8]) async throws {
        #expect(ProxyPreamble(bytes[...]) == .malformed)
        #expect(try await answer(bytes + Array(get("/peer").utf8)) == "")
    }
}
