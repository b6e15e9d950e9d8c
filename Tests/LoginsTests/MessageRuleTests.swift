import Logins
import Testing

@Suite("Which binding messages are accepted")
struct MessageRuleTests {
    private typealias Characters = MessageRule.Characters

    // rule: C2
    @Test(
        "is said by their characters and their length",
        arguments: [
            ("Kiosk 12", [.any, .visible, .ascii]),
            ("Café ☕ \u{627}\u{628}", [.any, .visible]),
            ("two\nlines", [.any]), ("tab\there", [.any]), ("bell\u{7}", [.any]),
            ("hidden\u{200B}", [.any]), ("\u{202E}turned", [.any]), ("del\u{7F}", [.any]),
            ("next\u{85}line", [.any]), ("line\u{2028}end", [.any]), ("two\u{2029}parts", [.any]),
            ("wide\u{3000}and\u{A0}fixed", [.any, .visible]),
            ("👩\u{200D}🔧", [.any, .visible]),
        ] as [(String, [MessageRule.Characters])]
    )
    func characters(message: String, accepted: [MessageRule.Characters]) {
        let count = message.unicodeScalars.count
        for characters in MessageRule.Characters.allCases {
            let binding = BindingMessage(message)
            let isAccepted = binding.isAcceptable(to: MessageRule(characters, longest: count))
            #expect(isAccepted == accepted.contains(characters), "\(characters)")
            #expect(!binding.isAcceptable(to: MessageRule(characters, longest: count - 1)))
        }
        #expect(BindingMessage.none.isAcceptable(to: MessageRule(.ascii, longest: 1)))
    }
}
