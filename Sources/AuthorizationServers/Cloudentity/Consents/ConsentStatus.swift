import JSON
import Texts

/// The state of a consent at its server.
enum ConsentStatus: Hashable {
    /// Not decided by anybody.
    case open
    /// Approved by some of those who have to decide.
    case partlyApproved
    /// Cannot be decided yet, for example because the file of a file payment is missing.
    case unready
    case approved
    /// Approved once, and used up or suspended since.
    case spent
    case rejected
    /// Ended without a decision.
    case over
}

/// The words that a standard has for the state of its consents. Letter case, spaces and underscores
/// do not matter: `AwaitingAuthorisation` and `AWAITING_AUTHORISATION` are one word.
struct StatusWords: Sendable {
    private var meanings: [ExactText: ConsentStatus] = [:]

    /// ACP's own words, which any envelope may have.
    static let acp = StatusWords()
        .adding(.open, "AwaitingAuthorisation", "AwaitingAuthorization")
        .adding(.approved, "Authorised", "Authorized")
        .adding(.spent, "Consumed", "Suspended")
        .adding(.rejected, "Rejected", "Revoked")
        .adding(.over, "Expired")

    /// The same words and these.
    func adding(_ status: ConsentStatus, _ words: String...) -> StatusWords {
        var all = self
        for word in words { all.meanings[word.looseWord] = status }
        return all
    }

    /// Nil for a word that the standard does not have.
    subscript(word: String) -> ConsentStatus? { meanings[word.looseWord] }

    /// Reads the status of the consent itself and that of the envelope, and takes the one that leaves
    /// less to decide: what one of them says is over is never asked for. Nil if no status is said.
    ///
    /// - Throws: when a status is not a word of the standard.
    func status(of answer: JSONValue, _ member: String) throws(ConsentProblem) -> ConsentStatus? {
        let places = [
            ("\(member).Status", answer[member]?["Status"]),
            ("\(member).status", answer[member]?["status"]), ("status", answer["status"]),
        ]
        var found: ConsentStatus?
        for case (let place, let value?) in places
        where !value.isNull && value.string?.isEmpty != true {
            guard let status = value.string.flatMap({ self[$0] }) else { throw .unknownCode(place) }
            found = found.map { status.isFurther(than: $0) ? status : $0 } ?? status
        }
        return found
    }
}

extension ConsentStatus {
    /// Whether it leaves less to decide than another one.
    fileprivate func isFurther(than other: ConsentStatus) -> Bool { rank > other.rank }

    private var rank: Int {
        switch self {
        case .open: 0
        case .partlyApproved: 1
        case .approved: 2
        case .unready: 3
        case .spent: 4
        case .rejected: 5
        case .over: 6
        }
    }
}

extension String {
    /// A word of a standard, of which letter case, spaces and underscores do not matter.
    var looseWord: ExactText {
        let text = String(
            decoding: utf8.filter { $0 != 0x20 && $0 != 0x5F }.map {
                (0x41...0x5A).contains($0) ? $0 | 0x20 : $0
            },
            as: UTF8.self
        )
        return text.exact
    }
}
