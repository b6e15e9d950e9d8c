import JSON

/// What a consent's server says has become of it. UK and Brasil spell the same words differently
/// (`Authorised`, `AUTHORISED`).
enum ConsentStatus: Hashable {
    /// Not decided, or a word nobody knows, which decides nothing.
    case open
    /// Something other than the person's word is missing, such as the file of a file payment.
    case unready
    case approved
    case rejected
    /// Over without being rejected.
    case over

    init(_ word: String) {
        switch word.lowercased().filter(\.isLetter) {
        case "authorised", "authorized", "consumed", "active": self = .approved
        case "rejected", "revoked": self = .rejected
        case "expired", "closed": self = .over
        case "awaitingupload": self = .unready
        default: self = .open
        }
    }

    /// Of an answer: the family's own member counts as well as the envelope's, which is said to be
    /// on its way out for CDR. The one that says more decides.
    init(of answer: JSONValue, _ member: String) {
        let words = [answer[member]?["Status"], answer[member]?["status"], answer["status"]]
        let known = words.compactMap { $0?.string }.map { Self($0) }
        self = known.first { $0 != .open } ?? .open
    }
}
