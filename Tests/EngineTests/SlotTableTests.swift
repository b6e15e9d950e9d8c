import Logins
import TestSupport
import Testing

@testable import Engine

@Suite("Slots of duties")
struct SlotTableTests {
    private func claim(_ duty: PendingLogin.Duty, server: String = "cloudentity") -> Claim {
        var fixture = PendingLogin.Fixture()
        fixture.server = server
        return Claim(
            stored: StoredLogin(number: LoginNumber(1), login: fixture.make()),
            duty: duty
        )
    }

    private func looked(calls: Int) -> SlotTable {
        var slots = SlotTable(calls: calls)
        slots.beginLook()
        slots.endLook()
        return slots
    }

    @Test("are taken at once while some are free, each queue its own")
    func free() {
        var slots = looked(calls: 2)
        for duty in [PendingLogin.Duty.prepare, .report] {
            let taken = (0..<3).map { _ in slots.takeAtOnce(claim(duty)) }
            #expect(taken == [true, true, false])
            let others = slots.takeAtOnce(claim(duty, server: "other"))
            #expect(others)
        }
        let notified = (0..<40).count { _ in slots.takeAtOnce(claim(.notify)) }
        #expect(notified == 32)
        slots.count(claim(.prepare), isLast: false, -1)
        let again = (0..<2).map { _ in slots.takeAtOnce(claim(.prepare)) }
        #expect(again == [true, false])
    }

    @Test(
        "are not taken before the first look, and during one, which counts on them",
        arguments: [0, 1]
    )
    func looking(looks: Int) {
        var slots = looks == 0 ? SlotTable(calls: 2) : looked(calls: 2)
        if looks > 0 { slots.beginLook() }
        let taken = slots.takeAtOnce(claim(.prepare))
        #expect(!taken)
        let goesOn = slots.takeFree(claim(.notify))
        #expect(goesOn)
        slots.endLook()
        let later = slots.takeAtOnce(claim(.prepare))
        #expect(later)
    }

    @Test(
        "are not taken before those who wait for one of the same queue",
        arguments: [
            (PendingLogin.Duty.prepare, false), (.prepare, true), (.report, true), (.end, true),
        ]
    )
    func waiting(full: PendingLogin.Duty, isOther: Bool) {
        var slots = SlotTable(calls: 1)
        let holder = claim(full, server: full == .prepare && isOther ? "other" : "cloudentity")
        slots.beginLook()
        slots.count(holder, isLast: false, 1)
        slots.endLook()
        #expect(slots.isCrowded)
        slots.count(holder, isLast: false, -1)
        // Whoever found no slot gets this one, with the next look.
        let before = slots.takeAtOnce(claim(.prepare))
        #expect(before == isOther)
        if before { slots.count(claim(.prepare), isLast: false, -1) }
        slots.beginLook()
        slots.endLook()
        let after = slots.takeAtOnce(claim(.prepare))
        #expect(after)
    }
}
