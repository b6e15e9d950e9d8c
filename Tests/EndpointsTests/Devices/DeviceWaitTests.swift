import Access
import Consents
import Cryptography
import Devices
import Endpoints
import Engine
import HTTP
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("A device that waits", .timeLimit(.minutes(3)))
struct DeviceWaitTests {
    private func wait(
        _ phone: TestDevice,
        _ tag: String,
        seconds: Int = 30
    ) async throws -> Response {
        try await phone.send(
            .get,
            "/device/v1/logins/one",
            nil,
            [Field("If-None-Match", tag), Field("Prefer", "respond-async, wait=\(seconds)")]
        )
    }

    @Test("gets the login as soon as it has changed, and 304 if it has not")
    func longPoll() async throws {
        try await DeviceStage.with { stage in
            let phones = [try await stage.phone(), try await stage.phone()]
            try await stage.prompt("one")
            let first = try await phones[0].send(.get, "/device/v1/logins/one")
            let tag = try #require(first.field("etag"))
            let same = try await phones[0].send(
                .get,
                "/device/v1/logins/one",
                nil,
                [Field("If-None-Match", tag)]
            )
            #expect(same.status == 304 && same.body.isEmpty && same.field("etag") == tag)
            let waiting = Task { try await wait(phones[0], tag, seconds: 600) }
            try await stage.clock.alarm(by: stage.clock.now() + .seconds(60))
            #expect(stage.desk.connections.count == 1)
            #expect(try await phones[1].decide("deny", "one").status == 200)
            let changed = try await waiting.value
            #expect(changed.status == 200)
            #expect(changed.field("preference-applied") == "wait=60")
            #expect(changed.json["answered_elsewhere"] == .bool(true))
            #expect(changed.json["outcome"] == .string("denied"))
            #expect(stage.desk.connections.count == 0)

            let last = try #require(changed.field("etag"))
            let end = stage.clock.now() + .seconds(5)
            let timed = Task { try await wait(phones[0], last, seconds: 5) }
            try await stage.clock.alarm(by: end)
            stage.clock.advance(by: .seconds(5))
            #expect(try await timed.value.status == 304)
        }
    }

    /// What ends a device.
    enum Ending: CaseIterable { case revoked, userRemoved, elsewhere }

    // rule: A6
    @Test(
        "hears at once that it was revoked, by this process or another one",
        arguments: Ending.allCases
    )
    func revoked(by ending: Ending) async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            try await stage.prompt("one")
            let shown = try await phone.document("one")
            let tag = try #require(
                try await phone.send(.get, "/device/v1/logins/one").field("etag")
            )
            let stream = try #require(try await phone.send(.get, "/device/v1/events").stream)
            _ = await stream.next()
            let waiting = Task { try await wait(phone, tag) }
            let last = Task { await stream.next() }
            while stage.desk.connections.count < 2 { await Task.yield() }
            try await stage.clock.alarm(by: stage.clock.now() + .seconds(30))
            let device = try #require(
                try await stage.store.devices.deviceKey(phone.credential)?.device
            )
            switch ending {
            case .revoked:
                try await stage.desk.revoke(device.id, of: device.user, by: .commandLine)
            case .userRemoved:
                try await stage.store.users.put(User(id: device.user, isActive: true))
                #expect(try await stage.store.users.remove(device.user))
            case .elsewhere:
                // What another process does, without a word to this one.
                let tool = try stage.tool()
                let change = DeviceChange.removeDevice(device.id, of: device.user)
                #expect(try await tool.devices.commit([change]) == nil)
                await tool.close()
                stage.desk.connections.recheck()
            }
            #expect(try await waiting.value.status == 401)
            #expect(await last.value == nil)
            #expect(stage.desk.connections.count == 0)
            // The prompt that was open on it decides nothing.
            let late = try await phone.decide("approve", "one", as: shown)
            #expect(late.status == 401)
        }
    }

    private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

    // rule: N-6
    @Test("hears of arrivals and of answers elsewhere as events")
    func events() async throws {
        try await DeviceStage.with { stage in
            let phones = [try await stage.phone(), try await stage.phone()]
            try await stage.prompt("one")
            let answer = try await phones[0].send(.get, "/device/v1/events")
            #expect(answer.status == 200)
            #expect(answer.contentType.map { "\($0)" }?.hasPrefix("text/event-stream") == true)
            #expect(answer.field("dpop-nonce") != nil)
            let stream = try #require(answer.stream)
            #expect(
                text(await stream.next())
                    == "retry: 3000\n\nevent: login\ndata: {\"id\":\"one\",\"state\":\"arrived\"}\n\n"
            )
            try await stage.prompt("two")
            #expect(
                text(await stream.next())
                    == "event: login\ndata: {\"id\":\"two\",\"state\":\"arrived\"}\n\n"
            )
            #expect(try await phones[1].decide("approve", "one").status == 200)
            #expect(
                text(await stream.next())
                    == "event: login\ndata: {\"id\":\"one\",\"state\":\"withdrawn\",\"reason\":\"approved\",\"answered_elsewhere\":true}\n\n"
            )
            #expect(try await phones[0].decide("deny", "two").status == 200)
            #expect(
                text(await stream.next())
                    == "event: login\ndata: {\"id\":\"two\",\"state\":\"withdrawn\",\"reason\":\"denied\",\"answered_elsewhere\":false}\n\n"
            )
            let beat = Task { await stream.next() }
            try await stage.clock.alarm(by: stage.clock.now() + .seconds(15))
            // Whoever sets the clock back does not make it wait longer.
            stage.clock.set(stage.clock.now() - .seconds(60))
            stage.clock.advance(by: .seconds(15))
            #expect(text(await beat.value) == ": \n\n")
            stream.close()
            #expect(await stream.next() == nil)
            #expect(stage.desk.connections.count == 0)
        }
    }

    @Test("reads the store when something may have changed, and not at each beat")
    func beats() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let number = try await stage.prompt("one")
            let answer = try await phone.send(.get, "/device/v1/events")
            let stream = try #require(answer.stream)
            #expect(text(await stream.next()).contains("arrived"))
            // Beside the service, which does not hear of it at once.
            let tool = try stage.tool()
            let now = stage.clock.now()
            _ = try await tool.update(number) { (login) throws(PendingLogin.Refusal) in
                try login.apply(.unusable(.noChannel), at: now)
            }
            await tool.close()
            for _ in 0..<2 {
                async let beat = stream.next()
                try await stage.clock.alarm(by: stage.clock.now() + .seconds(15))
                stage.clock.advance(by: .seconds(15))
                #expect(text(await beat) == ": \n\n")
            }
            stage.desk.connections.recheck()
            #expect(text(await stream.next()).contains("withdrawn"))
        }
    }

    @Test("hears of an expiry with the next beat, though nobody could write it down")
    func expiry() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let number = try await stage.prompt("one")
            let ends = try #require(try await stage.store.login(number)).login.terms.promptEnds
            let stream = try #require(try await phone.send(.get, "/device/v1/events").stream)
            #expect(text(await stream.next()).contains("arrived"))
            stage.clock.set(ends)
            async let event = stream.next()
            try await stage.clock.alarm(by: ends + .seconds(15))
            stage.clock.advance(by: .seconds(15))
            #expect(text(await event).contains("\"reason\":\"expired\""))
        }
    }

    @Test("in too many requests at a time is refused")
    func tooMany() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            var streams: [any ResponseStream] = []
            for _ in 0..<DeviceConnections.mostOfDevice {
                streams.append(
                    try #require(try await phone.send(.get, "/device/v1/events").stream)
                )
            }
            #expect(try await phone.send(.get, "/device/v1/events").status == 503)
            streams[0].close()
            #expect(try await phone.send(.get, "/device/v1/events").status == 200)
        }
    }
}
