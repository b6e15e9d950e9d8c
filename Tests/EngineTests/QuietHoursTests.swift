import Engine
import Logins
import TestSupport
import Testing

@Suite("Quiet hours")
struct QuietHoursTests {
    /// 2026-11-20 12:00 UTC and so many minutes.
    private func moment(_ minutes: Int64) -> Timestamp {
        let midnight = Timestamp(milliseconds: 1_795_176_000_000 / 86_400_000 * 86_400_000)
        return midnight + .minutes(minutes)
    }

    private func quiet(_ from: Int, _ to: Int, offset: Int = 0) -> QuietHours {
        QuietHours(from: from, to: to) { _, _ in offset }
    }

    private let user = User(id: .named("alice"), isActive: true)

    @Test(
        "hold back until their end, by the user's time zone, also over midnight",
        arguments: [
            // Minutes after midnight UTC, from, to, offset in minutes, the end.
            (1_319, 1_320, 420, 0, nil), (1_320, 1_320, 420, 0, 1_860), (0, 1_320, 420, 0, 420),
            (419, 1_320, 420, 0, 420), (420, 1_320, 420, 0, nil), (600, 540, 720, 0, 720),
            (720, 540, 720, 0, nil), (1_260, 1_320, 420, 60, 1_800),
            (1_320, 1_320, 420, -60, nil), (0, 600, 600, 0, nil),
        ] as [(Int64, Int, Int, Int, Int64?)]
    )
    func ends(_ now: Int64, _ from: Int, _ to: Int, _ offset: Int, _ end: Int64?) {
        let hours = quiet(from, to, offset: offset * 60)
        let login = PendingLogin.Fixture().make()
        #expect(hours.end(for: user, of: login, at: moment(now)) == end.map(moment))
    }

    @Test("let clients and scopes that are exempt ring")
    func exempt() {
        var hours = quiet(0, 1_439)
        let login = PendingLogin.Fixture().make()
        #expect(hours.end(for: user, of: login, at: moment(60)) != nil)
        hours.clients = [.named("shop")]
        #expect(hours.end(for: user, of: login, at: moment(60)) == nil)
        hours.clients = []
        hours.scopes = ["payment:1"]
        #expect(hours.end(for: user, of: login, at: moment(60)) == nil)
    }

    @Test("end on the clock of the day when the clocks change in between")
    func clockChange() {
        let change = moment(120)
        let hours = QuietHours(from: 0, to: 420) { _, at in at < change ? 0 : 3_600 }
        let login = PendingLogin.Fixture().make()
        // 07:00 of summer time is 06:00 UTC.
        #expect(hours.end(for: user, of: login, at: moment(60)) == moment(360))
    }
}
