public import Logins
import Texts

/// What a delegated client may decide without the user. Off by default: nothing.
///
/// Being allowed to act for the user (`DelegationConsent`) is not enough; a login must also satisfy
/// every rule here.
public struct DelegationPolicy: Hashable, Sendable {
    /// Which decisions are possible.
    public enum Decisions: String, Hashable, Sendable, CaseIterable {
        case none
        /// Declining and cancelling.
        case decline
        case all
    }

    /// The choices that are possible.
    public var decisions = Decisions.none
    /// The kinds of consents, such as `scopes`; nil for all that are not excluded.
    public var kinds: Set<String>?
    /// Scopes that may be granted; nil for all.
    public var scopes: Set<String>?
    /// The OAuth clients whose logins may be decided; nil for all.
    public var clients: Set<ClientID>?
    /// The highest amount for each currency, of each amount in the consent. A payment in another
    /// currency, or without an amount, may not be approved.
    public var ceilings: [Money] = []
    /// When decisions are possible; nil for always.
    public var hours: Hours?
    /// Why payments and account data may be approved although PSD2 asks for the user; nil if they may
    /// not.
    public var regulatedReason: String?

    public init() {}

    /// Why a decision is not allowed; nil if it is.
    public func objection(
        to choice: Decision.Choice,
        of login: PendingLogin,
        granting scopes: [String]?,
        at now: Timestamp
    ) -> String? {
        switch decisions {
        case .none: return "switched off"
        case .decline: if choice == .approve { return "only declining is allowed" }
        case .all: break
        }
        if let hours, !hours.contains(minute: now.minuteOfDay) { return "outside the hours" }
        if let clients {
            guard let client = login.details.client, clients.contains(client) else {
                return "the client of the login"
            }
        }
        guard choice == .approve else { return nil }
        guard let question = login.question else { return "no question" }
        return objection(to: question, granting: scopes)
    }

    private func objection(to question: Question, granting scopes: [String]?) -> String? {
        let kind = question.consent.kind
        if let kinds, !kinds.contains(where: kind.name.isExactly) { return "the kind of consent" }
        // Payments and account data are excluded until somebody says why not (PSD2 RTS Art. 4, 10).
        let isPlain = kind.subject == .login && question.consent.authorizationDetails == nil
        if !isPlain, regulatedReason == nil { return "payments and account data" }
        if let allowed = self.scopes {
            let granted = scopes ?? question.consent.scopes.map(\.requestedName)
            let isInside = granted.allSatisfy { scope in allowed.contains(where: scope.isExactly) }
            guard isInside else { return "a scope" }
        }
        guard kind.isPayment else { return nil }
        let amounts = question.consent.facts.compactMap { fact in
            if case .money(let money) = fact.value { money } else { nil }
        }
        guard !amounts.isEmpty else { return "a payment without an amount" }
        for amount in amounts {
            guard let ceiling = ceilings.first(where: { $0.currency == amount.currency }) else {
                return "no ceiling for the currency"
            }
            if amount.isMore(than: ceiling) { return "the amount" }
        }
        return nil
    }
}

extension DelegationPolicy {
    /// A part of each day, in UTC.
    public struct Hours: Hashable, Sendable {
        /// Minutes since midnight.
        public let from: Int
        public let to: Int

        /// Reads `08:00-18:30`. An end before the beginning is on the next day. Nil for another form
        /// and for no time at all.
        public init?(_ text: String) {
            let ends = text.split(byte: "-", omittingEmptySubsequences: false).map(Self.minute)
            guard ends.count == 2, let from = ends[0], let to = ends[1], from != to else {
                return nil
            }
            self.from = from
            self.to = to
        }

        private static func minute(_ text: Substring) -> Int? {
            let parts = text.split(byte: ":", omittingEmptySubsequences: false)
            let isTime =
                parts.count == 2
                && parts.allSatisfy { part in
                    part.utf8.count == 2 && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                }
            guard isTime, let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24,
                minute < 60
            else { return nil }
            return hour * 60 + minute
        }

        func contains(minute: Int) -> Bool {
            from <= to ? (from..<to).contains(minute) : minute >= from || minute < to
        }
    }
}

extension Timestamp {
    /// The minute of the day in UTC, 0–1439.
    fileprivate var minuteOfDay: Int {
        let day: Int64 = 86_400_000
        let inDay = ((milliseconds % day) + day) % day
        return Int(inDay / 60_000)
    }
}
