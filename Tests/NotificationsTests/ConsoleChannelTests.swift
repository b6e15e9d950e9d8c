import Logins
import Notifications
import TestSupport
import Testing
import Threads

@Suite("The console channel")
struct ConsoleChannelTests {
    @Test("writes the prompt as lines without terminal control characters")
    func lines() async throws {
        let written = Locked<[String]>([])
        let channel = ConsoleChannel(id: try name("console")) { text in
            written.withLock { $0.append(text) }
        }
        #expect(channel.isEnabled)
        let message = "Pay\n  decide   https://evil.test\u{1B}[2J\u{9B}\u{202E}\u{2028}\u{7F}é 😀"
        #expect(await channel.ask(try makePrompt(message: message)) == .delivered)
        #expect(
            written.withLock { $0 } == [
                """
                Login login.with.dots asks alice
                  by       Shop
                  for      openid payments
                  message  Pay\\u{a}  decide   https://evil.test\\u{1b}[2J\\u{9b}\\u{202e}\\u{2028}\\u{7f}é 😀
                  until    2026-11-20T12:02:00.500Z
                  decide   https://beckon.test/approve/TICKET

                """
            ]
        )
    }

    @Test("omits missing values")
    func bare() async throws {
        let written = Locked("")
        let channel = ConsoleChannel(id: try name("console")) { text in
            written.withLock { $0 += text }
        }
        _ = await channel.ask(try makeBarePrompt())
        #expect(written.withLock { $0.split(separator: "\n").count } == 3)
    }
}
