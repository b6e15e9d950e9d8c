import Access
import Endpoints
import HTTP
import Logins
import TestSupport
import Testing

@Suite("Events of the console", .timeLimit(.minutes(3)))
struct ConsoleLiveTests {
    /// The next piece as text; nil at the end.
    private func next(_ stream: any ResponseStream) async throws -> String? {
        try await within { await stream.next().map { String(decoding: $0, as: UTF8.self) } }
    }

    private func open(
        _ stage: ConsoleStage,
        _ who: ConsoleStage.Who = .moderator
    ) async throws -> any ResponseStream {
        let answer = try await stage.send(.get, "/console/events", as: who)
        #expect(answer.status == 200)
        #expect(answer.contentType?.description == "text/event-stream; charset=utf-8")
        return try #require(answer.stream)
    }

    @Test("send the overview at once, and again when a login has changed, at most once a second")
    func changes() async throws {
        try await ConsoleStage.with { stage in
            let stream = try await open(stage)
            let first = try #require(try await next(stream))
            #expect(first.hasPrefix("retry: 3000\nevent: overview\ndata: <p"))
            #expect(!first.contains("<html"))
            try await stage.login("one")
            async let second = next(stream)
            try await stage.clock.alarm(by: stage.clock.now() + .seconds(1))
            stage.clock.advance(by: .seconds(1))
            let strandedOne = try #require(try await second)
            #expect(
                strandedOne.contains(
                    "phase=stranded\">Stranded</a><strong><bdi class=\"number\">1<"
                )
            )
            stream.close()
            #expect(try await next(stream) == nil)
            #expect(stage.live.count == 0)
        }
    }

    @Test("end when the session is ended by an administrator")
    func ended() async throws {
        try await ConsoleStage.with { stage in
            let stream = try await open(stage)
            _ = try await next(stream)
            let form = [Field("of", "console")]
            let path = "/console/sessions/session-moderator/end"
            #expect(try await stage.send(.post, path, form: form).status == 303)
            #expect(try await next(stream)?.hasPrefix("event: end\n") == true)
            #expect(try await next(stream) == nil)
        }
    }

    @Test("are no use of the session, and are limited for each session")
    func limits() async throws {
        try await ConsoleStage.with { stage in
            stage.clock.advance(by: .seconds(200))
            let streams = [try await open(stage), try await open(stage)]
            let third = try await stage.send(.get, "/console/events", as: .moderator)
            #expect(third.status == 503)
            _ = try await open(stage, .admin)
            stage.clock.advance(by: .seconds(101))
            #expect(try await next(streams[0])?.hasPrefix("event: end\n") == true)
            #expect(try await stage.send(.get, "/console", as: .moderator).status == 401)
        }
    }

    @Test(
        "are refused to strangers and to sessions of the inbox",
        arguments: [ConsoleStage.Who.stranger, .inbox]
    )
    func refused(_ who: ConsoleStage.Who) async throws {
        try await ConsoleStage.with { stage in
            let answer = try await stage.send(.get, "/console/events", as: who)
            #expect(answer.status == 401)
        }
    }
}
