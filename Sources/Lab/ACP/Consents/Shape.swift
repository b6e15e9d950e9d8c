import HTTP
import JSON

/// The shape of a request body. Members that it does not name are refused.
indirect enum Shape: Sendable {
    case text(ClosedRange<Int>)
    case oneOf([String])
    /// A string that a rule accepts; the first value describes the rule.
    case matching(String, @Sendable (String) -> Bool)
    case integer(ClosedRange<Int>)
    /// A JSON number of any kind.
    case number
    case bool
    case list(Shape, ClosedRange<Int>)
    case object([Member])
    case anything

    struct Member: Sendable {
        let name: String
        let shape: Shape
        let isRequired: Bool

        static func must(_ name: String, _ shape: Shape) -> Member {
            Member(name: name, shape: shape, isRequired: true)
        }

        static func may(_ name: String, _ shape: Shape) -> Member {
            Member(name: name, shape: shape, isRequired: false)
        }
    }

    /// An invalid member, such as `Data.Initiation.InstructedAmount.Amount`, and its rule.
    struct Problem: Error, Hashable {
        let path: String
        let rule: String

        var text: String { path.isEmpty ? "the body \(rule)" : "\(path) \(rule)" }
    }

    /// Throws the first problem.
    func check(_ value: JSONValue, at path: String = "") throws(Problem) {
        switch self {
        case .text(let length):
            guard let text = value.string, length.contains(text.count) else {
                throw Problem(path: path, rule: "must be a string of \(length) characters")
            }
        case .oneOf(let choices):
            guard let text = value.string, choices.contains(text) else {
                let list = choices.joined(separator: ", ")
                throw Problem(path: path, rule: "must be one of \(list)")
            }
        case .matching(let rule, let accepts):
            guard let text = value.string, accepts(text) else {
                throw Problem(path: path, rule: "must be \(rule)")
            }
        case .integer(let range):
            guard let number = value.integer, range.contains(number) else {
                throw Problem(path: path, rule: "must be a whole number in \(range)")
            }
        case .number:
            guard case .number = value else {
                throw Problem(path: path, rule: "must be a number")
            }
        case .bool:
            guard value.bool != nil else {
                throw Problem(path: path, rule: "must be true or false")
            }
        case .list(let element, let count):
            guard let values = value.array, count.contains(values.count) else {
                throw Problem(path: path, rule: "must be an array of \(count) values")
            }
            for (index, value) in values.enumerated() {
                try element.check(value, at: "\(path)[\(index)]")
            }
        case .anything: break
        case .object(let members): try Self.check(value, members, at: path)
        }
    }

    private static func check(
        _ value: JSONValue,
        _ members: [Member],
        at path: String
    ) throws(Problem) {
        guard let object = value.object else {
            throw Problem(path: path, rule: "must be an object")
        }
        func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        for member in members {
            if let value = object[member.name] {
                try member.shape.check(value, at: place(member.name))
            } else if member.isRequired {
                throw Problem(path: place(member.name), rule: "is missing")
            }
        }
        for member in object.members where !members.contains(where: { $0.name == member.name }) {
            throw Problem(path: place(member.name), rule: "is not a member of this")
        }
    }

    // MARK: What several standards share

    /// RFC 3339.
    static let moment = Shape.matching("a moment of RFC 3339") { RFC3339.parse($0) != nil }
    /// RFC 3339 `full-date`.
    static let date = Shape.matching("a date such as 2031-03-04") {
        $0.count == 10 && RFC3339.parse($0 + "T00:00:00Z") != nil
    }
    /// ISO 4217.
    static let currency = Shape.matching("a currency of three capital letters") {
        $0.count == 3 && $0.allSatisfy { ("A"..."Z").contains($0) }
    }

    /// A number of digits.
    static func digits(_ count: ClosedRange<Int>) -> Shape {
        .matching("\(count) digits") { count.contains($0.count) && isDigits($0) }
    }

    /// A decimal such as `123.45`, with numbers of digits before and after the point.
    static func amount(whole: ClosedRange<Int>, fraction: ClosedRange<Int>) -> Shape {
        let rule = "an amount with \(whole) digits and \(fraction) after the point"
        return .matching(rule) { text in
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count <= 2, whole.contains(parts[0].count), isDigits(parts[0]) else {
                return false
            }
            guard parts.count == 2 else { return fraction.lowerBound == 0 }
            let places = max(fraction.lowerBound, 1)...fraction.upperBound
            return places.contains(parts[1].count) && isDigits(parts[1])
        }
    }

    private static func isDigits(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
