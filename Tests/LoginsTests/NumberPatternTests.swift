import Logins
import TestSupport
import Testing

@Suite("The number in a binding message")
struct NumberPatternTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let pattern: String
        let message: String
        let number: String?
        let testDescription: String

        init(_ pattern: String, _ message: String, _ number: String?, _ about: String = "") {
            self.pattern = pattern
            self.message = message
            self.number = number
            testDescription = "\(pattern) \(about.isEmpty ? message : about)"
        }
    }

    static let examples: [Example] = [
        .init("######", "Pay 12.50, code 730194", "730194"),
        .init("######", "730194", "730194"),
        .init("######", "730194 confirms it", "730194"),
        .init("######", "code 730194.", "730194", "at the end, with a point"),
        .init("######", "code 73019", nil, "one digit too few"),
        .init("######", "code 7301940", nil, "one digit too many"),
        .init("######", "", nil, "empty"),
        .init("######", "730194 or 112233", nil, "two runs"),
        .init("######", "730194, that is 730194", "730194", "the same twice"),
        .init("######", "order 4711, code 730194", "730194", "another run of another length"),
        .init("######", "730 194", nil, "split by a space"),
        .init("### ###", "code 730 194", "730194"),
        .init("### ###", "code 730\u{A0}194", "730194", "split by a no-break space"),
        .init("### ###", "code 730-194", nil, "split by a dash instead"),
        .init("### ###", "111 222 333", nil, "three groups"),
        .init("###-###", "code 730-194", "730194"),
        .init("###-###", "code 730\u{2011}194", "730194", "split by a non-breaking hyphen"),
        .init("###-###", "code 730\u{2013}194", "730194", "split by an en dash"),
        .init("code: ####", "Order 1234, code: 5678", "5678"),
        .init("code: ####", "Order 1234, code: 56789", nil, "more digits after it"),
        .init("code: ####", "Order 1234, Code: 5678", nil, "another spelling"),
        .init("(######)", "Kiosk (730194)", "730194"),
        .init(
            "######",
            "code \u{FF17}\u{FF13}\u{FF10}\u{FF11}\u{FF19}\u{FF14}",
            "730194",
            "full width"
        ),
        .init("######", "\u{667}\u{663}\u{660}\u{661}\u{669}\u{664}", "730194", "Arabic digits"),
        .init("######", "\u{627} \u{200F}730194\u{200F}", "730194", "marks of direction around it"),
        .init("######", "code 73\u{200E}01\u{200B}94", "730194", "invisible characters in it"),
        .init("######", "code \u{2066}730194\u{2069}", "730194", "isolated"),
        .init("\\####", "ticket #123", "123", "a literal #"),
        .init("a\\\\##", "a\\12", "12", "a literal backslash"),
        .init("######", String(repeating: "x", count: 250) + "730194", "730194", "256 characters"),
        .init(
            "######",
            String(repeating: "12345 ", count: 42) + "7301",
            nil,
            "256 of other digits"
        ),
        .init(
            "######",
            "code \u{2460}\u{2461}\u{2462}\u{2463}\u{2464}\u{2465}",
            nil,
            "circled digits"
        ),
    ]

    @Test("is found by the pattern, or not at all", arguments: examples)
    func found(example: Example) throws {
        let pattern = try NumberPattern(example.pattern)
        #expect(pattern.number(in: example.message) == example.number)
        #expect("\(pattern)" == example.pattern)
    }

    @Test(
        "is found only by a pattern that has a meaning",
        arguments: [
            ("", "2 to 10 digits"), ("code", "2 to 10 digits"), ("#", "2 to 10 digits"),
            ("###########", "2 to 10 digits"), ("##\\", "must not end with"),
            ("##\\x", "must have # or \\ after"), ("7##", "a digit beside #"),
            ("##\u{FF17}", "a digit beside #"), ("##\u{200F}", "invisible"),
            // Such a number would not be hidden.
            ("##x##", "letters or digits between"), ("# 5 #", "letters or digits between"),
            ("##\u{2460}##", "letters or digits between"),
            (String(repeating: "x", count: 63) + "##", "at most 64"),
        ]
    )
    func meaningless(pattern: String, says: String) {
        #expect {
            try NumberPattern(pattern)
        } throws: {
            ($0 as? NumberPattern.Problem)?.description.contains(says) == true
        }
    }

    private static func message(
        _ text: String?,
        _ matching: NumberMatching = .enter,
        _ pattern: String = "######"
    ) throws -> BindingMessage {
        BindingMessage(text, NumberRule(matching, try NumberPattern(pattern)))
    }

    // rule: N3
    @Test(
        "is hidden wherever it stands, and nothing else is",
        arguments: [
            ("Pay 12.50, code 730194", "######", "Pay 12.50, code ••••••"),
            ("730194, again 730 194", "######", "••••••, again ••• •••"),
            ("730194 7-3-0-1-9-4", "######", "•••••• •-•-•-•-•-•"),
            ("code: 5678 (56 78)", "code: ####", "code: •••• (•• ••)"),
            ("code 730-194, order 730195", "###-###", "code •••-•••, order 730195"),
            ("\u{FF17}\u{FF13}\u{FF10}\u{FF11}\u{FF19}\u{FF14}", "######", "••••••"),
            ("730194 ⑦③⓪①⑨④", "######", "•••••• ••••••"),
            ("73\u{200E}0194", "######", "••\u{200E}••••"),
            // Hangul fillers show nothing and are letters.
            ("73\u{3164}01\u{115F}94", "######", "••\u{3164}••\u{115F}••"),
            ("7301 94 is it: 730194", "######", "•••• •• is it: ••••••"),
        ]
    )
    func hidden(text: String, pattern: String, shown: String) throws {
        for matching in [NumberMatching.choose, .enter] {
            let message = try Self.message(text, matching, pattern)
            #expect(message.shown == shown)
            #expect(message.needsNumber && !message.lacksNumber)
            #expect(message.unmaskedText == text && message.shownNumber == nil)
            // No log and no failed check shows it either.
            #expect("\(message)" == shown)
            #expect(!String(reflecting: message).contains(try #require(message.expectedNumber)))
            var dumped = ""
            let details = PendingLogin.Details(user: .named("u"), bindingMessage: message)
            dump(details, to: &dumped)
            #expect(!dumped.contains(try #require(message.expectedNumber)))
        }
    }

    // rule: N3
    @Test("is hidden in whatever message it is found")
    func hiddenAnywhere() throws {
        // The same messages in each run.
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let palette = Array("12121212 --.,:a\u{661}\u{662}\u{FF11}\u{FF12}\u{200F}\u{2460}")
            .flatMap(
                \.unicodeScalars
            )
        var found = 0
        for _ in 0..<4000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<next(24) { text.append(palette[next(palette.count)]) }
            let pattern = ["##", "###", "# #", "##-#"][next(4)]
            let message = try Self.message(String(text), .enter, pattern)
            guard let number = message.expectedNumber, let shown = message.shown else { continue }
            found += 1
            // What can still be read as digits in a row, a dot or a letter between them ends.
            let rest = shown.unicodeScalars.reduce(into: "") { rest, scalar in
                if let value = scalar.properties.numericValue {
                    rest += "\(Int(value))"
                } else if scalar == "\u{2022}" || scalar.properties.isAlphabetic {
                    rest += "|"
                }
            }
            #expect(!rest.contains(number), "\(text) \(shown)")
            #expect(shown.unicodeScalars.count == text.count)
        }
        #expect(found > 300)
        // Linear in the message.
        let long = String(repeating: "1 ", count: 100_000) + "code 22"
        #expect(try Self.message(long, .enter, "code ##").expectedNumber == "22")
    }

    @Test("is not hidden where it is only shown, or not matched")
    func shown() throws {
        let text = "code 730194"
        let shown = try Self.message(text, .show)
        #expect(shown.shown == text && shown.shownNumber == "730194" && !shown.needsNumber)
        let off = BindingMessage(text)
        #expect(off.shown == text && off.shownNumber == nil && !off.needsNumber)
        #expect(off.expectedNumber == nil && !off.lacksNumber)
        let none = try Self.message(nil)
        #expect(none.shown == nil && none.lacksNumber && !none.needsNumber)
        #expect(try Self.message("no number").lacksNumber)
        #expect(try !Self.message("no number", .show).lacksNumber)
    }

    @Test(
        "may be given with spaces and dashes, and in digits of any script",
        arguments: [
            ("730194", "730194"), (" 730 194 ", "730194"), ("730-194", "730194"),
            ("\u{667}\u{663}\u{660}\u{661}\u{669}\u{664}", "730194"),
            ("\u{200F}730194", "730194"), ("", ""), (" ", ""), ("730194x", nil), ("7e5", nil),
            ("+730194", nil), ("73.01.94", nil),
        ] as [(String, String?)]
    )
    func given(text: String, digits: String?) {
        #expect(BindingMessage.digits(of: text) == digits)
    }
}
