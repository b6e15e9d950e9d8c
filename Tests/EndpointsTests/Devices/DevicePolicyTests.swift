import Devices
import Engine
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@Suite("A number to match at a device", .timeLimit(.minutes(3)))
struct DeviceNumberTests {
    private func message(_ number: String) throws -> BindingMessage {
        BindingMessage("Till 7: " + number, NumberRule(.enter, try NumberPattern("######")))
    }

    // rule: N3, N6
    @Test("is not in what the device is shown, and approves with the signature and the PIN")
    func right() async throws {
        try await DeviceStage.with([.deviceKeyAndPIN]) { stage in
            let phone = try await stage.phone(pin: "4711")
            let number = try await stage.prompt("one", message: message("471185"))
            let shown = try await phone.document("one")
            #expect(!String(decoding: shown.bytes, as: UTF8.self).contains("471185"))
            #expect(shown["number_matching"]?["mode"] == .string("enter"))
            let without = try await phone.decide("approve", "one", pin: "4711")
            #expect(without.status == 422)
            #expect(try await stage.outcome(number) == nil)
            let answer = try await phone.decide("approve", "one", pin: "4711", code: "471 185")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try await stage.outcome(number)?.isApproval == true)
        }
    }

    // rule: N7
    @Test("is not guessed with a right PIN: five wrong ones over several logins block the user")
    func guessed() async throws {
        try await DeviceStage.with([.deviceKeyAndPIN]) { stage in
            let phone = try await stage.phone(pin: "4711")
            for id in ["one", "two", "three", "four"] {
                try await stage.prompt(id, message: message("471185"))
                let answer = try await phone.decide("approve", id, pin: "4711", code: "000000")
                #expect(answer.status == 403)
                #expect(answer.json["type"] == .string("urn:beckon:problem:wrong-code"))
            }
            let last = try await stage.prompt("five", message: message("471185"))
            _ = try await phone.decide("approve", "five", pin: "4711", code: "000000")
            let blocked = try await phone.decide("approve", "five", pin: "4711", code: "471185")
            #expect(blocked.json["type"] == .string("urn:beckon:problem:user-blocked"))
            #expect(try await stage.outcome(last) == nil)
            #expect(try await phone.decide("deny", "five").status == 200)
        }
    }
}

@Suite("The protection of a device's key", .timeLimit(.minutes(3)))
struct KeyProtectionTests {
    // rule: P10
    @Test("counts where it is demanded", arguments: Device.Protection.allCases, [true, false])
    func demanded(protection: Device.Protection, isDemanded: Bool) async throws {
        try await DeviceStage.with([.deviceKey], hardwareKeys: isDemanded) { stage in
            let phone = try await stage.phone(protection: protection)
            let number = try await stage.prompt("one")
            let counts = !isDemanded || protection == .hardware
            let shown = try await phone.document("one")
            #expect(shown["methods"] == .texts(counts ? ["device_key"] : []))
            let answer = try await phone.decide("approve", "one")
            #expect(answer.status == (counts ? 200 : 403))
            #expect(try await (stage.outcome(number)?.isApproval ?? false) == counts)
            if !counts { #expect(try await phone.decide("deny", "one").status == 200) }
        }
    }
}
