import AuthorizationServers
import Configuration
import Engine
import HTTP
import JSON
import Logins

extension ApprovalPolicy {
    /// Reads `profile`, the methods of every login and `rules` of the group `approval`.
    static func read(
        _ section: Section,
        tap: Bool,
        signIn: Bool,
        passkey: Bool,
        profile: Profile,
        servers: [AuthorizationServerID]
    ) -> ApprovalPolicy {
        var allowed: Set<Method> = []
        if tap { allowed.insert(.tap) }
        if signIn { allowed.insert(.signIn) }
        if passkey { allowed.insert(.passkey) }
        let isStrong = profile != .basic
        func flag(_ method: Method, _ fallback: Bool, _ about: String) {
            if section.flag(method.rawValue, default: fallback, about) { allowed.insert(method) }
        }
        flag(.deviceKey, false, "Whether a signature by the key of an enrolled device is enough.")
        flag(
            .deviceKeyAndPIN,
            isStrong,
            "The same after the user's PIN. Default: true with the profiles bank and nist."
        )
        let demandsHardwareKeys = section.flag(
            "hardware_keys",
            default: false,
            "Whether a device's key counts only if the device says that hardware protects it."
        )
        let trustsSameDevice = section.flag(
            "same_device_acr",
            default: true,
            """
            Whether an approval earns its acr if it comes from the browser and IP address that the \
            request's request_context names: then nothing proves that there are two devices.
            """
        )
        let classes = acr(
            section.group("acr", "What each of these methods earns when no rule matches: its acr.")
        )
        let rules = section.groups(
            "rules",
            """
            What counts as approval for some logins. The first rule that matches decides; a login \
            that none matches has the methods above.
            """
        ).enumerated().map {
            rule($1, number: $0 + 1, profile, servers, signIn: signIn)
        }
        let policy = ApprovalPolicy(
            profile: profile,
            rules: rules,
            fallback: Method.allCases.filter(allowed.contains).map { Way($0, acr: classes[$0]) },
            demandsHardwareKeys: demandsHardwareKeys,
            trustsSameDevice: trustsSameDevice
        )
        policy.check(section, passkey: passkey)
        return policy
    }

    private func check(_ section: Section, passkey: Bool) {
        var names: Set<String> = [Self.defaultRule]
        for (index, rule) in rules.enumerated() where !names.insert(rule.name).inserted {
            section.problem(
                "rules[\(index)].name",
                rule.name == Self.defaultRule
                    ? "must not be \(Self.defaultRule), which is the last rule"
                    : "is the name of another rule"
            )
        }
        for way in fallback {
            if let objection = profile.objection(to: way.method) {
                section.problem(way.method.rawValue, "profile \(profile.rawValue): \(objection)")
            }
        }
        let all = rules.flatMap(\.ways) + fallback
        if profile == .bank, !all.contains(where: { profile.permits($0.method, for: .payment) }) {
            section.problem(
                "profile",
                "bank: nobody could approve a payment: payments need device_key_pin or passkey"
            )
        }
        if !passkey, !all.isEmpty, all.allSatisfy({ $0.method == .passkey }) {
            section.warn("", "nobody can approve: nothing takes passkey without approval.passkey")
        }
        if !passkey, all.contains(where: { $0.method == .passkey }) {
            section.warn("rules", "passkey cannot be used without approval.passkey")
        }
    }

    private static func acr(_ section: Section) -> [Method: String] {
        var classes: [Method: String] = [:]
        for method in Method.allCases {
            let isWeak = method == .tap || method == .deviceKey
            classes[method] = acr(
                section,
                method.rawValue,
                example: isWeak ? "urn:bank.example:acr:one-factor" : twoFactors,
                "Default: none."
            )
        }
        section.end()
        return classes
    }

    private static let twoFactors = "urn:bank.example:acr:two-factors"

    private static func acr(
        _ section: Section,
        _ key: String,
        example: String = twoFactors,
        _ about: String
    ) -> String? {
        let text = section.text(key, example: example, about)
        if let text, text.utf8.contains(where: { $0 <= 0x20 || $0 > 0x7E }) {
            section.problem(key, "must be printable ASCII characters without spaces")
        }
        return text
    }

    private static func rule(
        _ section: Section,
        number: Int,
        _ profile: Profile,
        _ servers: [AuthorizationServerID],
        signIn: Bool
    ) -> Rule {
        let name = section.requiredText(
            "name",
            example: "large payments",
            "Its name, at most 80 bytes. Each approval is stored with it."
        )
        if name.utf8.count > 80 { section.problem("name", "must have at most 80 bytes") }
        let condition = condition(section, servers)
        let concernsPayments =
            condition.namesAmount
            || AuthorizationServerKind.consentKinds.contains {
                $0.isPayment && $0.name == condition.family
            }
        var ways: [Way] = []
        let entries = section.groups(
            "allow",
            required: true,
            "Methods, and what they earn. Each method is enough."
        )
        for entry in entries {
            let acr = acr(entry, "acr", "The acr that each of them earns. Default: none.")
            let key = "any_of"
            let words = entry.texts(
                key,
                example: ["passkey", "device_key_pin"],
                required: true,
                "\(Section.list(Method.allCases.map(\.rawValue)))."
            )
            if entry.has(key), words.isEmpty, entry.isEmptyList(key) {
                entry.problem(key, "must name a method")
            }
            for word in words {
                guard let method = Method(rawValue: word) else {
                    entry.problem(
                        key,
                        "must be \(Section.list(Method.allCases.map(\.rawValue))), not \"\(word)\""
                    )
                    continue
                }
                if ways.contains(where: { $0.method == method }) {
                    entry.problem(key, "\(word) is named twice in this rule")
                    continue
                }
                if method == .signIn, !signIn {
                    entry.problem(key, "sign_in needs approval.sign_in")
                }
                let objection =
                    concernsPayments
                    ? profile.objectionForPayments(to: method) : profile.objection(to: method)
                if let objection {
                    entry.problem(key, "\(word), profile \(profile.rawValue): \(objection)")
                }
                ways.append(Way(method, acr: acr))
            }
            entry.end()
        }
        if section.isEmptyList("allow") {
            section.problem("allow", "must not be empty: nobody could approve")
        }
        section.end()
        return Rule(name.isEmpty ? "rule \(number)" : name, condition, ways: ways)
    }

    private static func condition(
        _ section: Section,
        _ servers: [AuthorizationServerID]
    ) -> Condition {
        var condition = Condition()
        let server = section.text(
            "authorization_server",
            example: "acp",
            "The id of an authorization server. By default any."
        )
        condition.server = server.flatMap { AuthorizationServerID($0) }
        if let server, !servers.contains(where: { $0.value == server }) {
            let known = Section.list(servers.map(\.value))
            section.problem("authorization_server", "must be \(known), not \"\(server)\"")
        }
        let client = section.text(
            "client",
            example: "shop",
            "The client_id of a client. By default any."
        )
        condition.client = client.flatMap { ClientID($0) }
        if client != nil, condition.client == nil {
            section.problem("client", "is no client_id")
        }
        condition.scope = section.text(
            "scope",
            example: "payments",
            "A scope that is requested. By default any."
        )
        let families = AuthorizationServerKind.consentKinds.map(\.name)
        condition.family = section.text(
            "family",
            example: "uk_domestic_payment",
            "A kind of consent, as the device API calls it. By default any."
        )
        if let family = condition.family, !families.contains(family) {
            section.problem("family", "must be \(Section.list(families)), not \"\(family)\"")
        }
        condition.amountAbove = amount(
            section,
            "amount_above",
            example: "500.00",
            "Only consents with an amount that is more than this, as \"500.00\"."
        )
        condition.amountAtMost = amount(
            section,
            "amount_at_most",
            example: "10000.00",
            "Only consents of which every amount is at most this."
        )
        condition.currency = section.text(
            "currency",
            example: "GBP",
            "Only consents with an amount in this currency (ISO 4217); no other is compared."
        )
        if let currency = condition.currency,
            Money(amount: "1", currency: currency) == nil
        {
            section.problem("currency", "must be three capital letters, such as \"GBP\"")
        }
        if condition.currency == nil, condition.namesAmount {
            let key = condition.amountAbove == nil ? "amount_at_most" : "amount_above"
            section.problem(key, "needs currency: amounts in different currencies are not compared")
        }
        if let above = condition.amountAbove.flatMap({ DecimalNumber($0) }),
            let most = condition.amountAtMost.flatMap({ DecimalNumber($0) }), most <= above
        {
            section.problem("amount_at_most", "must be more than amount_above")
        }
        return condition
    }

    private static func amount(
        _ section: Section,
        _ key: String,
        example: String,
        _ about: String
    ) -> String? {
        guard let text = section.text(key, example: example, about) else { return nil }
        guard let money = Money(amount: text, currency: "XXX", canBeZero: true) else {
            section.problem(
                key,
                "must be an amount in quotes such as \"500.00\": digits with at most one point"
            )
            return nil
        }
        return money.amount
    }

    // MARK: In words

    /// What counts as approval for what, in sentences, for `beckon check`.
    var explanation: [String] {
        var lines = ["approval, profile \(profile.rawValue): the first rule that matches decides"]
        for (index, rule) in rules.enumerated() {
            lines.append(
                "  \(index + 1). \(rule.name): \(rule.condition.words): \(Self.words(rule.ways))"
            )
        }
        let rest = rules.isEmpty ? "every login" : "every other login"
        lines.append("  \(rules.count + 1). \(Self.defaultRule): \(rest): \(Self.words(fallback))")
        if profile == .bank {
            lines.append(
                "  payments: only device_key_pin and passkey count, whatever a rule allows"
            )
            lines.append("  a login with neither a consent nor a binding message is refused")
        }
        if let longest = profile.longestPrompt {
            lines.append("  a prompt ends after at most \(longest.components.seconds) s")
        }
        lines.append("  declining needs no method")
        return lines
    }

    private static func words(_ ways: [Way]) -> String {
        let known = ways.map { way in
            let name =
                switch way.method {
                case .tap: "a tap by whoever has the link"
                case .signIn: "a fresh sign-in"
                case .deviceKey: "a signature by an enrolled device's key"
                case .deviceKeyAndPIN: "a signature by an enrolled device's key with PIN"
                case .passkey: "a passkey"
                }
            return "\(name) (\(way.method.rawValue)\(way.acr.map { ", acr \($0)" } ?? ""))"
        }
        return known.isEmpty ? "nobody can approve" : Section.list(known)
    }
}

extension ApprovalPolicy.Condition {
    fileprivate var words: String {
        var parts: [String] = []
        if let server { parts.append("authorization server \(server)") }
        if let client { parts.append("client \(client)") }
        if let scope { parts.append("scope \(scope)") }
        if let family { parts.append("consent \(family)") }
        if namesAmount {
            let bounds = [
                amountAbove.map { "more than \($0)" }, amountAtMost.map { "at most \($0)" },
            ].compactMap { $0 }
            parts.append(
                "an amount " + (bounds.isEmpty ? "in" : "of " + bounds.joined(separator: " and "))
                    + " " + (currency ?? "")
            )
        }
        return parts.isEmpty ? "every login" : parts.joined(separator: ", ")
    }
}

extension Consent.Kind {
    /// Stands for every payment.
    fileprivate static let payment = Consent.Kind("payment", .payment)
}
