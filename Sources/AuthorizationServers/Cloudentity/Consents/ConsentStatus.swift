import JSON
import Texts

/// The state of a consent at its server. Standards spell the words differently, such as `Authorised`
/// and `AUTHORISED`.
enum ConsentStatus: Hashable {
    /// Not decided, or an unknown word, which does not count as a decision.
    case open
    /// Cannot be decided yet, for example because the file of a file payment is missing.
    case unready
    case approved
    case rejected
    /// Ended without a decision.
    case over

    init(_ word: String) {
        switch String(word.lowercased().unicodeScalars.filter(\.properties.isAlphabetic)).exact {
        case "authorised", "authorized", "consumed", "active": self = .approved
        case "rejected", "revoked": self = .rejected
        case "expired", "closed": self = .over
        case "awaitingupload": self = .unready
        default: self = .open
        }
    }

    /// Reads the status of the consent itself and that of the envelope, and takes the first one that
    /// is decided: the envelope of some families is to lose its status.
    init(of answer: JSONValue, _ member: String) {
        let words = [answer[member]?["Status"], answer[member]?["status"], answer["status"]]
        let known = words.compactMap { $0?.string }.map { Self($0) }
        self = known.first { $0 != .open } ?? .open
    }
}
