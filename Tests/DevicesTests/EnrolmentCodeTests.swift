import Cryptography
import Devices
import Testing

@Suite("An enrolment code")
struct EnrolmentCodeTests {
    @Test(
        "is read however a person writes it",
        arguments: [
            "7K3M-Q9TX-1H0D", "7k3mq9tx1h0d", "7K3M Q9TX LHOD", "7K3M-Q9TX-ihod",
        ]
    )
    func written(text: String) throws {
        let code = try #require(EnrolmentCode(text))
        #expect(code.text == "7K3M-Q9TX-1H0D" && code.locator == "7K3M")
        #expect(code.digest == EnrolmentCode("7K3M-Q9TX-1H0D")?.digest)
    }

    @Test(
        "is nothing else",
        arguments: ["", "7K3M-Q9TX-1H0", "7K3M-Q9TX-1H0DD", "7K3M-Q9TX-1H0U", "7K3M_Q9TX_1H0D"]
    )
    func wrong(text: String) { #expect(EnrolmentCode(text) == nil) }

    // rule: A3
    @Test("is new each time, and never shown by its description")
    func random() {
        let codes = Set((0..<100).map { _ in EnrolmentCode().text })
        #expect(codes.count == 100)
        let code = EnrolmentCode()
        #expect(!"\(code) \(String(reflecting: code))".contains(code.text))
    }
}

@Suite("The hash of a PIN")
struct PINHashTests {
    // rule: N11
    @Test("matches its PIN alone, also after it was stored")
    func matches() throws {
        let hash = try #require(PINHash(of: "4711"))
        let stored = try #require(PINHash(hash.text))
        #expect(stored == hash && stored.matches("4711"))
        #expect(!stored.matches("4712") && !stored.matches(""))
        #expect(hash != PINHash(of: "4711"), "each has its own salt")
        #expect(!"\(hash) \(String(reflecting: hash))".contains(hash.text))
    }

    @Test(
        "refuses costs that would exhaust the machine",
        arguments: ["30:8:1", "14:999:1", "9:8:1"]
    )
    func costs(cost: String) throws {
        let text = try #require(PINHash(of: "1")).text
        #expect(PINHash(text.replacing("14:8:1", with: cost)) == nil)
    }
}
