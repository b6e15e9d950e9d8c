/// The `Plural-Forms` of a catalogue: how many forms a counted text has, and which one a number
/// takes, as an expression of C in `n`.
struct PluralRule {
    let count: Int
    private let expression: Expression

    /// Nil unless it is `nplurals=COUNT; plural=EXPRESSION;`.
    init?(_ text: String) {
        let fields = text.split(separator: ";").map { $0.drop { $0 == " " } }
        guard fields.count == 2, fields[0].hasPrefix("nplurals="), fields[1].hasPrefix("plural="),
            let count = Int(fields[0].dropFirst(9)), (1...6).contains(count)
        else { return nil }
        var parser = Parser(fields[1].dropFirst(7))
        guard let expression = parser.expression(), parser.isAtEnd else { return nil }
        self.count = count
        self.expression = expression
    }

    /// The form of a number.
    func form(_ number: Int) -> Int { expression.value(number) }

    /// The rule as Swift, a closure from `Int` to `Int`.
    var swift: String { "{ n in \(expression.swift) }" }

    private indirect enum Expression {
        case number(Int)
        case n
        case operation(String, Expression, Expression)
        case choice(Expression, Expression, Expression)

        func value(_ n: Int) -> Int {
            switch self {
            case .number(let number): return number
            case .n: return n
            case .choice(let condition, let yes, let no):
                return condition.value(n) != 0 ? yes.value(n) : no.value(n)
            case .operation(let name, let left, let right):
                let (left, right) = (left.value(n), right.value(n))
                switch name {
                case "%": return right == 0 ? 0 : left % right
                case "==": return left == right ? 1 : 0
                case "!=": return left != right ? 1 : 0
                case "<=": return left <= right ? 1 : 0
                case ">=": return left >= right ? 1 : 0
                case "<": return left < right ? 1 : 0
                case ">": return left > right ? 1 : 0
                case "&&": return left != 0 && right != 0 ? 1 : 0
                default: return left != 0 || right != 0 ? 1 : 0
                }
            }
        }

        var isCondition: Bool {
            if case .operation(let name, _, _) = self { name != "%" } else { false }
        }

        /// As a number.
        var swift: String {
            switch self {
            case .number(let number): "\(number)"
            case .n: "n"
            case .choice(let condition, let yes, let no):
                "(\(condition.condition) ? \(yes.swift) : \(no.swift))"
            case .operation("%", let left, let right): "(\(left.swift) % \(right.swift))"
            case .operation: "(\(condition) ? 1 : 0)"
            }
        }

        /// As a condition.
        var condition: String {
            guard case .operation(let name, let left, let right) = self, isCondition else {
                return "(\(swift) != 0)"
            }
            return name == "&&" || name == "||"
                ? "(\(left.condition) \(name) \(right.condition))"
                : "(\(left.swift) \(name) \(right.swift))"
        }
    }

    /// Operators by how weakly they bind, the weakest first.
    private static let operators = [["||"], ["&&"], ["==", "!="], ["<=", ">=", "<", ">"], ["%"]]

    private struct Parser {
        private var rest: Substring

        init(_ text: Substring) { rest = text }

        var isAtEnd: Bool { rest.allSatisfy { $0 == " " } }

        mutating func expression() -> Expression? {
            guard let condition = operation(0) else { return nil }
            guard take("?") else { return condition }
            guard let yes = expression(), take(":"), let no = expression() else { return nil }
            return .choice(condition, yes, no)
        }

        private mutating func operation(_ level: Int) -> Expression? {
            guard level < PluralRule.operators.count else { return primary() }
            guard var left = operation(level + 1) else { return nil }
            while let name = PluralRule.operators[level].first(where: { take($0) }) {
                guard let right = operation(level + 1) else { return nil }
                left = .operation(name, left, right)
            }
            return left
        }

        private mutating func primary() -> Expression? {
            if take("n") { return .n }
            if take("(") {
                guard let inner = expression(), take(")") else { return nil }
                return inner
            }
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            return .number(number)
        }

        private mutating func take(_ text: String) -> Bool {
            rest = rest.drop { $0 == " " }
            guard rest.hasPrefix(text) else { return false }
            rest = rest.dropFirst(text.count)
            return true
        }
    }
}
