import Access
import HTTP
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

@Suite("Failed authentication")
struct AttemptThrottleTests {
    private let wrong = [InboundGuardTests.basic("acp:wrong")]
    private let body = #"{"user_identifier":"customer-4711@example.com"}"#

    private func status(
        _ calls: Calls,
        _ fields: [Field] = [Calls.credentials],
        from address: String = "192.0.2.1",
        path: String = "/user/verify"
    ) async throws -> Int {
        try await calls.post(path, body.utf8, fields, peer: Peer(address: address)).status
    }

    @Test("is followed by pauses that grow, for its address and for no other")
    func pauses() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            for _ in 0..<AttemptThrottle.free {
                #expect(try await status(calls, wrong) == 401)
                #expect(try await status(calls) == 200)
            }
            for pause in [1, 2, 4, 8, 16, 32, 60, 60] as [Int] {
                #expect(try await status(calls, wrong) == 401)
                // Nothing is looked at meanwhile, on any path; the account is not locked.
                let answer = try await calls.post(
                    "/user/verify",
                    body.utf8,
                    peer: Peer(address: "192.0.2.1")
                )
                #expect(answer.status == 429)
                #expect(answer.fields.first("retry-after") == "\(pause)")
                #expect(try await status(calls, path: "/authentication/start") == 429)
                #expect(try await status(calls, from: "192.0.2.2") == 200)
                stage.clock.advance(by: .seconds(pause) - .milliseconds(1))
                #expect(try await status(calls) == 429)
                stage.clock.advance(by: .milliseconds(1))
                #expect(try await status(calls) == 200)
            }
            stage.clock.advance(by: AttemptThrottle.memory + .seconds(1))
            #expect(try await status(calls, wrong) == 401)
            #expect(try await status(calls) == 200)
            #expect(stage.log.events.filter { $0 == "peer.throttled" }.count == 8)
        }
    }

    @Test("of an IPv6 address counts for its /64; a call without credentials is none")
    func blocks() async throws {
        let stage = try InboundStage()
        try await stage.run { (calls: Calls) async throws in
            for number in 0..<AttemptThrottle.free * 2 {
                #expect(try await status(calls, [], from: "2001:db8::\(number)") == 401)
            }
            for number in 0...AttemptThrottle.free {
                #expect(try await status(calls, wrong, from: "2001:db8::\(number)") == 401)
            }
            #expect(try await status(calls, from: "2001:db8::ffff") == 429)
            #expect(try await status(calls, from: "2001:db8:0:1::1") == 200)
        }
    }

    @Test("from very many addresses is remembered for a bounded number of them")
    func capacity() {
        let throttle = AttemptThrottle()
        let now = Timestamp(milliseconds: 1_000_000)
        for number in 0..<AttemptThrottle.capacity * 2 {
            _ = throttle.failed("10.\(number >> 16).\(number >> 8 & 255).\(number & 255)", at: now)
        }
        #expect(throttle.count <= AttemptThrottle.capacity)
    }

    @Test("is judged before the content has arrived, with the answers of the interface")
    func heads() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            for path in ["/user/verify", "/authentication/start"] {
                let route = try #require(calls.route("/acp" + path))
                func judged(_ fields: [Field]) -> Int? {
                    route.judge?(.example(.post, "/acp" + path, fields: fields))?.status
                }
                #expect(judged([Calls.credentials]) == nil)
                #expect(judged(wrong) == 401)
                #expect(judged([]) == 401)
                for status in [400, 405, 408, 413, 415, 417, 431, 503] {
                    let answer = route.failed(status, "The reason.")
                    #expect(
                        answer.status == status
                            && answer.contentType?.description == "application/json"
                    )
                    let text = String(decoding: answer.body, as: UTF8.self)
                    #expect(text.contains(#""error":""#))
                    #expect(text.contains(#""error_description":"The reason.""#))
                }
            }
        }
    }
}
