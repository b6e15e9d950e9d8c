/// The message that a client shows beside its request, and the number in it that is matched.
///
/// This is the one place that decides what a user's device gets of it. `shown` is for everybody: where
/// an approval needs the number, its digits are hidden in it, for good. `unmaskedText` and `expectedNumber`
/// are for stores, for the comparison with what the authorization server says, and for the check of
/// what the user has given; a test lists the files that use them.
public struct BindingMessage: Hashable, Sendable {
    /// How its number is matched.
    public let matching: NumberMatching
    /// As it was received. Never for a device, a log, the audit or an operator.
    public let unmaskedText: String?
    /// The digits of the number, in ASCII; nil if there is none, or nothing is matched. Never for a
    /// device, a log, the audit or an operator.
    public let expectedNumber: String?

    /// A login without a message, whose number is not matched.
    public static let none = BindingMessage(nil)

    /// A message as it was received.
    public init(_ text: String?, _ rule: NumberRule? = nil) {
        let matching = rule?.matching ?? .off
        self.init(
            stored: text,
            matching: matching,
            number: matching == .off ? nil : text.flatMap { rule?.pattern.number(in: $0) }
        )
    }

    /// A message as a store kept it. Only for stores.
    public init(stored text: String?, matching: NumberMatching, number: String?) {
        self.matching = matching
        unmaskedText = text
        expectedNumber = number
    }

    /// What everybody may see.
    public var shown: String? {
        guard matching.isSecret, let unmaskedText, let expectedNumber else { return unmaskedText }
        return Self.hiding(expectedNumber, in: unmaskedText)
    }

    /// The number, where the prompt shows it for comparison.
    public var shownNumber: String? { matching == .show ? expectedNumber : nil }

    /// How many digits the number has; nil if there is none.
    public var numberLength: Int? { expectedNumber?.utf8.count }

    /// Whether an approval by the user needs the number.
    public var needsNumber: Bool { matching.isSecret && expectedNumber != nil }

    /// Whether an approval would need a number, and there is none.
    public var lacksNumber: Bool { matching.isSecret && expectedNumber == nil }

    /// Whether the operator accepts it. No message is accepted by every rule.
    public func isAcceptable(to rule: MessageRule) -> Bool {
        unmaskedText.map(rule.accepts) ?? true
    }

    /// What stands for a hidden digit.
    static let hiddenDigit: Unicode.Scalar = "\u{2022}"

    /// A message without the digits of a number, wherever in it they follow each other. Anything but
    /// letters may be between them, so that a number that is written twice, or otherwise, is hidden too.
    private static func hiding(_ number: String, in text: String) -> String {
        let digits = number.utf8.map { Int($0) - 0x30 }
        var scalars = Array(text.unicodeScalars)
        var hidden: Set<Int> = []
        /// The digits since the last letter.
        var run: [(index: Int, digit: Int)] = []
        for (index, scalar) in scalars.enumerated() {
            if let digit = scalar.anyDigit {
                run.append((index, digit))
                if run.count > digits.count { run.removeFirst() }
                if run.count == digits.count, run.map(\.digit) == digits {
                    hidden.formUnion(run.map(\.index))
                }
            } else if scalar.properties.isAlphabetic, !scalar.isSkippedInNumbers {
                run = []
            }
        }
        for index in hidden { scalars[index] = hiddenDigit }
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: scalars)
        return String(shown)
    }

    /// The digits of a number that a user has given, in ASCII; empty if there are none. Spaces and
    /// dashes between them do not count. Nil if there is anything else.
    public static func digits(of given: String) -> String? {
        var digits = ""
        for scalar in given.unicodeScalars.prefix(NumberPattern.longest) {
            if let digit = scalar.decimalDigit {
                digits += String(digit)
            } else if !scalar.isSpaceInNumbers, !scalar.isDashInNumbers,
                !scalar.isSkippedInNumbers
            {
                return nil
            }
        }
        return digits
    }
}

/// So that no log and no message of a failed check shows the number.
extension BindingMessage: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { shown ?? "" }
    public var debugDescription: String { "\"\(description)\"" }
    public var customMirror: Mirror {
        Mirror(self, children: ["shown": description, "matching": matching.rawValue])
    }
}
