import JSON
public import Logins
import Texts

/// What counts as approval of what: an ordered list of rules, of which the first that matches a login
/// decides which methods are enough, and which `acr` each of them earns.
///
/// It is a value without a clock or a store. Declining never asks it.
public struct ApprovalPolicy: Hashable, Sendable {
    /// A way of approving. The raw value is that of configurations and documents.
    public enum Method: String, Hashable, Sendable, CaseIterable {
        /// Possession of the prompt's link.
        case tap
        /// A fresh sign-in at the bank's identity provider.
        case signIn = "sign_in"
        /// A signature by an enrolled device's key.
        case deviceKey = "device_key"
        /// The same, after the user's PIN was checked.
        case deviceKeyAndPIN = "device_key_pin"
        /// A WebAuthn assertion with user verification.
        case passkey

        /// Whether a key that is bound to a device signs, after the user was verified [F4].
        public var isKeyBoundWithVerification: Bool {
            switch self {
            case .deviceKeyAndPIN, .passkey: true
            case .tap, .signIn, .deviceKey: false
            }
        }
    }

    /// A set of requirements that no rule can relax. The raw value is that of configurations.
    public enum Profile: String, Hashable, Sendable, CaseIterable {
        case basic
        /// PSD2's technical standards and FAPI-CIBA.
        case bank
        /// NIST SP 800-63B, out-of-band authentication.
        case nist

        /// The longest life of a prompt [N5, A5]; nil for no limit of its own.
        public var longestPrompt: Duration? { self == .basic ? nil : .seconds(600) }

        /// Whether a login that shows neither a consent nor a binding message is refused [F1].
        public var requiresContext: Bool { self == .bank }

        /// Why a method never counts, as the rest of a sentence; nil if it can.
        public func objection(to method: Method) -> String? {
            switch (self, method) {
            case (.basic, _), (_, .signIn), (_, .deviceKey), (_, .deviceKeyAndPIN), (_, .passkey):
                nil
            case (.bank, .tap):
                "a tap proves only that somebody has the link; strong customer authentication needs two factors (RTS article 4)"
            case (.nist, .tap):
                "a tap on a prompt is no authentication (SP 800-63B section 3.1.3)"
            }
        }

        /// The same for payments.
        public func objectionForPayments(to method: Method) -> String? {
            if let objection = objection(to: method) { return objection }
            guard self == .bank, !method.isKeyBoundWithVerification else { return nil }
            return
                "payments need a key on the user's device and user verification: device_key_pin or passkey (FAPI-CIBA 5.2.2, RTS articles 4 and 5)"
        }

        /// Whether a method can count for a consent.
        public func permits(_ method: Method, for kind: Consent.Kind) -> Bool {
            (kind.isPayment ? objectionForPayments(to: method) : objection(to: method)) == nil
        }
    }

    /// A method that is enough, and what it earns.
    public struct Way: Hashable, Sendable {
        public let method: Method
        /// The authentication context class; nil if it earns none.
        public let acr: String?

        public init(_ method: Method, acr: String? = nil) {
            self.method = method
            self.acr = acr
        }
    }

    /// The logins that a rule is for. Everything that it names has to match.
    public struct Condition: Hashable, Sendable {
        public var server: AuthorizationServerID?
        public var client: ClientID?
        /// The requested name of one of the scopes, by its bytes.
        public var scope: String?
        /// The name of the kind of consent, such as `uk_domestic_payment`.
        public var family: String?
        /// At least one amount is more than this. Plain digits with at most one point, as in `Money`.
        public var amountAbove: String?
        /// Every amount is at most this.
        public var amountAtMost: String?
        /// ISO 4217. Amounts in other currencies are never compared.
        public var currency: String?

        /// Matches every login.
        public init() {}

        /// Whether it is about amounts. Only consents that have one match.
        public var namesAmount: Bool {
            amountAbove != nil || amountAtMost != nil || currency != nil
        }
    }

    /// One rule.
    public struct Rule: Hashable, Sendable {
        /// Stored with each approval by it.
        public let name: String
        public let condition: Condition
        /// The methods of which each is enough, at most one of a kind; none: nobody can approve.
        public let ways: [Way]

        public init(_ name: String, _ condition: Condition = Condition(), ways: [Way]) {
            self.name = name
            self.condition = condition
            self.ways = ways
        }
    }

    /// The name of the last rule, which matches every login.
    public static let defaultRule = "default"

    public let profile: Profile
    /// In the order of the configuration, without the default.
    public let rules: [Rule]
    /// The methods of a login that no rule matches.
    public let fallback: [Way]
    /// Whether the key of a device counts only if the device says that hardware protects it [P10].
    public let demandsHardwareKeys: Bool
    /// Whether an approval earns its `acr` on the device on which the request was started, too [X8].
    public let trustsSameDevice: Bool

    public init(
        profile: Profile = .basic,
        rules: [Rule] = [],
        fallback: [Way],
        demandsHardwareKeys: Bool = false,
        trustsSameDevice: Bool = true
    ) {
        self.profile = profile
        self.rules = rules
        self.fallback = fallback
        self.demandsHardwareKeys = demandsHardwareKeys
        self.trustsSameDevice = trustsSameDevice
    }

    /// What is enough for one login.
    public struct Verdict: Hashable, Sendable {
        /// The name of the rule that decided.
        public let rule: String
        /// Each of them is enough.
        public let ways: [Way]

        /// The methods of which each is enough.
        public var methods: [Method] { ways.map(\.method) }

        /// How a method counts; nil if it is not enough.
        public func way(_ method: Method) -> Way? { ways.first { $0.method == method } }
    }

    /// What is enough to approve a login that asks `question`.
    ///
    /// Of the methods in `usable`, the requested `acr_values` choose in their order: if the first of
    /// them that can be reached is reached by some methods, only these count. If none can be reached,
    /// every method of the rule counts, and the login earns what its method earns and nothing else
    /// (CIBA Core §7.1).
    public func verdict(
        on login: PendingLogin,
        asking question: Question,
        usable: Set<Method> = Set(Method.allCases)
    ) -> Verdict {
        let rule = rules.first { $0.condition.matches(login, question) }
        let ways = (rule?.ways ?? fallback).filter {
            usable.contains($0.method) && profile.permits($0.method, for: question.consent.kind)
        }
        let name = rule?.name ?? Self.defaultRule
        for requested in login.details.acrValues {
            let reached = ways.filter { $0.acr?.isExactly(requested) ?? false }
            if !reached.isEmpty { return Verdict(rule: name, ways: reached) }
        }
        return Verdict(rule: name, ways: ways)
    }
}

extension ApprovalPolicy.Condition {
    /// Whether a login is one of those.
    func matches(_ login: PendingLogin, _ question: Question) -> Bool {
        let consent = question.consent
        guard server == nil || server == login.key.server,
            client == nil || client == login.details.client,
            scope.map({ name in consent.scopes.contains { $0.requestedName.isExactly(name) } })
                ?? true,
            family.map(consent.kind.name.isExactly) ?? true
        else { return false }
        return !namesAmount || matches(consent.amountsToPay)
    }

    private func matches(_ amounts: [Money]) -> Bool {
        let compared = amounts.filter { currency?.isExactly($0.currency) ?? true }
        guard !compared.isEmpty else { return false }
        if let limit = amountAbove.flatMap(DecimalNumber.init) {
            guard compared.contains(where: { $0.decimal > limit }) else { return false }
        }
        guard let limit = amountAtMost.flatMap(DecimalNumber.init) else { return true }
        return compared.count == amounts.count && compared.allSatisfy { $0.decimal <= limit }
    }
}

extension Money {
    /// The amount as an exact number.
    fileprivate var decimal: DecimalNumber { DecimalNumber(amount) ?? .zero }
}

extension Consent {
    /// The amounts that an approval pays, once or regularly, and the sum of a file. A sum without a
    /// currency is not among them.
    public var amountsToPay: [Money] {
        let labels: Set<Fact.Known> = [
            .amount, .firstAmount, .recurringAmount, .finalAmount, .controlSum,
        ]
        return facts.compactMap { fact in
            guard case .known(let label) = fact.label, labels.contains(label),
                case .money(let money) = fact.value
            else { return nil }
            return money
        }
    }
}
