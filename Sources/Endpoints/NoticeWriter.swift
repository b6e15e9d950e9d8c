import Consents
import Localization
public import Logins

/// Writes what users are told afterwards, in their language: that a client has decided a login for them,
/// or that something suspicious has happened, which names no client and nothing of what was asked.
public struct NoticeWriter: Sendable {
    private let brand: String

    /// `brand` is the name that users know the operator by.
    public init(brand: String) { self.brand = brand }

    /// Nil for a login that was lost, or of which the user needs to be told nothing.
    public func notice(_ user: User, _ owed: OwedNotice) -> Notice? {
        switch owed.cause {
        case .login(_, let stored): stored.flatMap { notice(user, $0.login, since: owed.since) }
        case .block:
            notice(
                user,
                .block(of: user.id, since: owed.since),
                .suspicious(.blocked),
                at: owed.since,
                reference: nil,
                title: .suspiciousTitle,
                [.suspiciousBlocked, .suspiciousHelp],
                ["brand": brand]
            )
        }
    }

    private func notice(
        _ user: User,
        _ login: PendingLogin,
        since: Timestamp
    ) -> Notice? {
        guard let outcome = login.phase.outcome else { return nil }
        let reference = LoginReference.text(of: login.key)
        var values = ["brand": brand, "reference": reference]
        if let decision = outcome.decision, let delegate = decision.evidence.delegate {
            values["delegate"] = Self.visible(delegate.client.value)
            values["client"] =
                login.clientName.map(Self.visible)
                ?? Language.bestCatalogue(chosen: user.language, acceptLanguage: nil)
                .text(.askApplicationUnnamed)
            return notice(
                user,
                .login(login.key),
                .decided(by: delegate.client, decision.choice, client: login.clientName),
                at: decision.decidedAt,
                reference: reference,
                title: .decidedForYouTitle,
                [
                    decision.choice == .approve ? .decidedForYouApproved : .decidedForYouDeclined,
                    .decidedForYouHelp,
                ],
                values,
                origin: login.details.origin
            )
        }
        guard let suspicion = outcome.suspicion else { return nil }
        let what: Phrase
        switch suspicion {
        case .wrongNumbers: what = .suspiciousWrongNumbers
        case .reported: what = .suspiciousReported
        case .blocked: what = .suspiciousBlocked
        }
        return notice(
            user,
            .login(login.key),
            .suspicious(suspicion),
            at: since,
            reference: reference,
            title: .suspiciousTitle,
            [what, .decidedForYouHelp],
            values,
            origin: login.details.origin
        )
    }

    private func notice(
        _ user: User,
        _ subject: Notice.Subject,
        _ content: Notice.Content,
        at moment: Timestamp,
        reference: String?,
        title: Phrase,
        _ phrases: [Phrase],
        _ values: [String: String],
        origin: PendingLogin.Origin? = nil
    ) -> Notice {
        let catalogue = Language.bestCatalogue(chosen: user.language, acceptLanguage: nil)
        let sentences = phrases.map { phrase in
            catalogue.parts(phrase).map { part in
                switch part {
                case .literal(let text): text
                case .placeholder(let name): values[name] ?? ""
                }
            }.joined()
        }
        return Notice(
            subject: subject,
            user: user,
            content: content,
            at: moment,
            reference: reference,
            title: catalogue.text(title),
            text: sentences.joined(separator: " "),
            origin: origin
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
