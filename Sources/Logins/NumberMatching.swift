/// How the number that a client shows is matched before its login can be approved. The raw value is
/// that of configurations, documents and stores.
public enum NumberMatching: String, Hashable, Sendable, CaseIterable {
    case off
    /// The prompt shows the number too, and the user compares.
    case show
    /// The user chooses the number among three.
    case choose
    /// The user enters the number.
    case enter

    /// Whether an approval needs the number. It must then not reach the user's device.
    public var isSecret: Bool {
        switch self {
        case .off, .show: false
        case .choose, .enter: true
        }
    }
}

/// What an operator demands of numbers.
public struct NumberRule: Hashable, Sendable {
    public let matching: NumberMatching
    /// Finds the number in a binding message.
    public let pattern: NumberPattern
    /// Whether a login without a number fails. Otherwise only a passkey can approve it.
    public let isRequired: Bool

    public init(_ matching: NumberMatching, _ pattern: NumberPattern, isRequired: Bool = true) {
        self.matching = matching
        self.pattern = pattern
        self.isRequired = isRequired
    }

    /// The same with another pattern or way of matching, if there is one.
    public func with(
        _ pattern: NumberPattern?,
        _ matching: NumberMatching? = nil
    ) -> NumberRule {
        NumberRule(matching ?? self.matching, pattern ?? self.pattern, isRequired: isRequired)
    }
}

/// Where a binding message has its number: a text in which `#` stands for a digit.
///
/// `######` is the only run of exactly six digits; `### ###` has a space in it; `code: ######` follows
/// this text. `\#` and `\\` stand for the characters themselves. Digits of every script count. A space
/// stands for any space and `-` for any dash; invisible characters, such as marks of direction, are
/// skipped. Work is linear in the message.
public struct NumberPattern: Hashable, Sendable, CustomStringConvertible {
    /// How many digits a number can have.
    public static let lengths = 2...10
    /// Unicode scalars of a pattern.
    public static let longest = 64

    /// As it is written.
    public let description: String
    /// The digits of a number.
    public let length: Int
    private let elements: [Element]

    private enum Element: Hashable, Sendable {
        case digit
        case text(Unicode.Scalar)
    }

    /// Why a text is not a pattern, as the rest of a sentence.
    public struct Problem: Error, Hashable, Sendable {
        public let description: String
    }

    /// - Throws: why it is not a pattern.
    public init(_ text: String) throws(Problem) {
        guard text.unicodeScalars.count <= Self.longest else {
            throw Problem(description: "must have at most \(Self.longest) characters")
        }
        var elements: [Element] = []
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                guard scalar == "#" || scalar == "\\" else {
                    throw Problem(description: "must have # or \\ after \\")
                }
                elements.append(.text(scalar))
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == "#" {
                elements.append(.digit)
            } else {
                guard !scalar.isSkippedInNumbers else {
                    throw Problem(description: "must not contain invisible characters")
                }
                elements.append(.text(scalar))
            }
        }
        guard !isEscaped else { throw Problem(description: "must not end with \\") }
        for (element, next) in zip(elements, elements.dropFirst()) {
            switch (element, next) {
            case (.digit, .text(let scalar)), (.text(let scalar), .digit):
                guard scalar.decimalDigit == nil else {
                    throw Problem(description: "must not have a digit beside #")
                }
            case (.digit, .digit), (.text, .text): break
            }
        }
        try Self.requireHideable(elements)
        length = elements.count { $0 == .digit }
        guard Self.lengths.contains(length) else {
            let range = "\(Self.lengths.lowerBound) to \(Self.lengths.upperBound)"
            throw Problem(description: "must have # for each of \(range) digits")
        }
        description = text
        self.elements = elements
    }

    /// Hiding a number treats a letter as the end of a number, and finds it by all digits in a row: so
    /// neither may be between the digits of one.
    private static func requireHideable(_ elements: [Element]) throws(Problem) {
        guard let first = elements.firstIndex(of: .digit),
            let last = elements.lastIndex(of: .digit)
        else { return }
        for case .text(let scalar) in elements[first...last] {
            guard scalar.anyDigit == nil, !scalar.properties.isAlphabetic else {
                throw Problem(description: "must not have letters or digits between #")
            }
        }
    }

    /// The digits of the number in a message, in ASCII. Nil if there is none, or if different numbers
    /// fit: then nobody can tell which is meant.
    public func number(in message: String) -> String? {
        let scalars = message.unicodeScalars.filter { !$0.isSkippedInNumbers }.map(\.self)
        guard scalars.count >= elements.count else { return nil }
        var found: String?
        for start in 0...(scalars.count - elements.count) {
            guard let number = number(in: scalars, at: start) else { continue }
            if let found, found != number { return nil }
            found = number
        }
        return found
    }

    private func number(in scalars: [Unicode.Scalar], at start: Int) -> String? {
        let end = start + elements.count
        // A longer run of digits is another number.
        if elements.first == .digit, start > 0, scalars[start - 1].decimalDigit != nil {
            return nil
        }
        if elements.last == .digit, end < scalars.count, scalars[end].decimalDigit != nil {
            return nil
        }
        var number = ""
        for (element, scalar) in zip(elements, scalars[start..<end]) {
            switch element {
            case .digit:
                guard let digit = scalar.decimalDigit else { return nil }
                number += String(digit)
            case .text(let text): guard Self.stands(text, for: scalar) else { return nil }
            }
        }
        return number
    }

    private static func stands(_ text: Unicode.Scalar, for scalar: Unicode.Scalar) -> Bool {
        switch text {
        case " ": scalar.isSpaceInNumbers
        case "-": scalar.isDashInNumbers
        default: text == scalar
        }
    }
}

extension Unicode.Scalar {
    /// The value of a digit of any script that writes numbers in tens.
    var decimalDigit: Int? {
        if isASCII { return (0x30...0x39).contains(value) ? Int(value) - 0x30 : nil }
        guard properties.numericType == .decimal else { return nil }
        return properties.numericValue.flatMap { Int(exactly: $0) }
    }

    /// The value of anything that reads as a digit, also raised or in a circle.
    var anyDigit: Int? {
        if let decimalDigit { return decimalDigit }
        guard !isASCII, properties.numericType == .digit else { return nil }
        return properties.numericValue.flatMap { Int(exactly: $0) }
    }

    /// Whether it shows nothing, and is not counted between the digits of a number.
    var isSkippedInNumbers: Bool {
        guard !isASCII else { return value < 0x20 || value == 0x7F }
        return properties.isDefaultIgnorableCodePoint || properties.generalCategory == .format
    }

    var isSpaceInNumbers: Bool {
        isASCII ? self == " " : properties.generalCategory == .spaceSeparator
    }

    var isDashInNumbers: Bool {
        isASCII ? self == "-" : properties.generalCategory == .dashPunctuation || self == "\u{2212}"
    }
}
