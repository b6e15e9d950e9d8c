import Logins

/// Why a consent cannot be shown completely, and so is not shown at all. It names members and never
/// their values, which may be personal data.
enum ConsentProblem: Error, Hashable {
    /// A member is missing, has the wrong type, or exceeds a limit. The value is its path.
    case incomplete(String)
    /// The request has a code for which there is no text. The value is its path.
    case unknownCode(String)
    /// A member that changes what is paid stands where nobody knows what it means. The value is its
    /// path.
    case misplaced(String)
    /// Members that mean one thing have different values. The value is the path of one of them, or the
    /// name of what they mean.
    case contradictory(String)
    /// The answer's `type` does not fit its address.
    case typeMismatch
    /// It is decided already, or cannot be decided yet.
    case ended(ConsentStatus)
    /// The bank no longer executes the payment as it says. The value is the member with the time.
    case late(String)

    /// The name of the log event.
    var event: String {
        switch self {
        case .incomplete, .unknownCode, .misplaced, .contradictory: "consent.incomplete"
        case .typeMismatch: "consent.type_mismatch"
        case .ended: "consent.ended"
        case .late: "consent.late"
        }
    }

    /// The cause, for the log.
    var place: String {
        switch self {
        case .incomplete(let path): path
        case .unknownCode(let path): "\(path): unknown code"
        case .misplaced(let path): "\(path): not understood in this place"
        case .contradictory(let path): "\(path): several values"
        case .typeMismatch: "type"
        case .ended(let status): "status: \(status)"
        case .late(let path): "\(path) has passed"
        }
    }
}

/// The most that a consent may contain. Its reader holds a phone: a longer consent is approved
/// unread.
enum ConsentLimits {
    /// Unicode scalars in one text, QR codes included.
    static let text = 2000
    /// Permissions, clusters or scopes. The longest list of a standard has about 60.
    static let codes = 200
    /// Charges, parties or resources.
    static let entries = 50
    /// Unknown members.
    static let further = 50
    /// Values in unknown members, those in objects and lists included.
    static let furtherValues = 200
    /// Characters of a number. ISO 20022 allows 18 digits.
    static let number = 36
    /// Levels of nested objects and lists. The deepest known consent has 6.
    static let depth = 16
    /// Bytes of the answer.
    static let answer = 256 << 10
}

extension ConsentProblem: CustomStringConvertible {
    /// The cause, as half a sentence.
    var description: String { place }
}
