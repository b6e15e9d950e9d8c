import Logins

/// Why an answer about a consent cannot be shown whole, and so is not shown at all. It names places
/// and never values, which may be personal.
enum ConsentProblem: Error, Hashable {
    /// A member is missing, not what it must be, or over a limit: its path.
    case incomplete(String)
    /// A code that no words are known for stands among what is asked: its path.
    case unknownCode(String)
    /// The answer is about another type of consent than its address.
    case typeMismatch
    /// It is decided already: what its server calls that.
    case ended(ConsentStatus)

    /// The event it is logged as (`cloudentity.md` 1.6, 4.3).
    var event: String {
        switch self {
        case .incomplete, .unknownCode: "consent.incomplete"
        case .typeMismatch: "consent.type_mismatch"
        case .ended: "consent.ended"
        }
    }

    /// Where it is, in words for an operator.
    var place: String {
        switch self {
        case .incomplete(let path): path
        case .unknownCode(let path): "\(path): unknown code"
        case .typeMismatch: "type"
        case .ended(let status): "status: \(status)"
        }
    }
}

/// What may stand in a consent. Whoever reads it is a person with a telephone: beyond these
/// numbers nobody reads what they approve.
enum ConsentLimits {
    /// Unicode scalars of one text, a QR code included: one character can have any number of them.
    static let text = 2000
    /// Permissions, clusters and scopes; the UK has 21, Brasil some 60.
    static let codes = 200
    /// Charges, parties, resources.
    static let entries = 50
    /// Members that only the server knows.
    static let further = 50
    /// Bytes of one such member that is itself an object or a list.
    static let nested = 500
    /// Characters of a number; ISO 20022 has 18 digits.
    static let number = 36
    /// How deep objects and lists may stand in each other; the deepest known is 6.
    static let depth = 16
    /// Bytes of the whole answer.
    static let answer = 256 << 10
}
