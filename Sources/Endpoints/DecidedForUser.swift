import Consents
import Localization
public import Logins

/// Writes the notice about a decision that a client took for a user, in the user's language.
public struct DecidedForUser: Sendable {
    private let brand: String

    /// `brand` is the name that users know the operator by.
    public init(brand: String) { self.brand = brand }

    /// Nil for a login that the user decided, or nobody.
    public func notice(_ user: User, _ stored: StoredLogin) -> Notice? {
        let login = stored.login
        guard let decision = login.phase.outcome?.decision,
            let delegate = decision.evidence.delegate
        else { return nil }
        let catalogue = Language.bestCatalogue(chosen: user.language, acceptLanguage: nil)
        let reference = LoginReference.text(of: login.key)
        let values = [
            "delegate": Self.visible(delegate.client.value),
            "client": login.clientName.map(Self.visible)
                ?? catalogue.text(.askApplicationUnnamed),
            "brand": brand, "reference": reference,
        ]
        let answered: Phrase =
            decision.choice == .approve ? .decidedForYouApproved : .decidedForYouDeclined
        let sentences = [answered, .decidedForYouHelp].map { phrase in
            catalogue.parts(phrase).map { part in
                switch part {
                case .literal(let text): text
                case .placeholder(let name): values[name] ?? ""
                }
            }.joined()
        }
        return Notice(
            key: login.key,
            user: user,
            clientName: login.clientName,
            delegate: delegate.client,
            choice: decision.choice,
            decidedAt: decision.decidedAt,
            reference: reference,
            title: catalogue.text(.decidedForYouTitle),
            text: sentences.joined(separator: " "),
            origin: login.details.origin
        )
    }

    /// A name from outside, with what cannot be seen shown by number.
    private static func visible(_ text: String) -> String {
        InertText.parts(text).map { part in
            switch part {
            case .plain(let text), .mark(let text): text
            }
        }.joined()
    }
}
