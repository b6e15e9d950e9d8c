import AuthorizationServers
import Configuration
import Engine
import Logins

/// The keys about the numbers in binding messages, and what `beckon check` says of them.
enum NumberSettings {
    private static let key = "number_matching"
    private static let patternKey = "number_pattern"
    private static let requiredKey = "number_required"

    /// The rule; nil if nothing is matched.
    static func read(_ section: Section, _ profile: ApprovalPolicy.Profile) -> NumberRule? {
        let matching = section.choice(
            key,
            default: profile.numberMatching,
            """
            How the number that the client shows is matched before an approval. off: not at all. show: \
            the prompt shows it too. choose: the user chooses it among three. enter: the user types it. \
            With choose and enter its digits are hidden in everything that the user's device gets, and \
            five wrong numbers end the login and block the user. Default: enter with the profile nist, \
            which takes nothing else.
            """
        )
        let pattern = section.numberPattern(
            patternKey,
            default: "######",
            """
            Where binding messages have the number: each # is a digit, anything else stands for itself \
            (a space for any space, - for any dash; \\\\# for #). ###### is the only run of exactly \
            six digits. \(NumberPattern.lengths.lowerBound) to \(NumberPattern.lengths.upperBound) \
            digits; at least four with enter, six with the profiles bank and nist.
            """
        )
        let isRequired = section.flag(
            requiredKey,
            default: true,
            """
            Whether a login fails that has no such number, where choose or enter needs one. If not, only \
            a passkey can approve it.
            """
        )
        if let objection = profile.objection(to: matching) { section.problem(key, objection) }
        guard let pattern else { return nil }
        if let problem = problem(pattern, matching, profile) {
            section.problem(patternKey, problem)
        }
        if matching == .off {
            for unused in [patternKey, requiredKey] where section.has(unused) {
                section.warn(unused, "has no effect while number_matching is off")
            }
            return nil
        }
        return NumberRule(matching, pattern, isRequired: isRequired)
    }

    /// Checks what single servers have of their own.
    static func check(
        _ servers: [any ConfiguredServers],
        _ approval: ApprovalSettings,
        _ root: Section
    ) {
        let profile = approval.policy.profile
        for own in servers.flatMap(\.ownNumbers) {
            let paths = [
                own.matching.map { _ in own.matchingPath },
                own.pattern.map { _ in own.patternPath },
            ].compactMap(\.self)
            guard let rule = approval.numbers?.with(own.pattern, own.matching) else {
                for path in paths {
                    root.warn(path, "has no effect while approval.number_matching is off")
                }
                continue
            }
            if let objection = own.matching.flatMap({ profile.objection(to: $0) }) {
                root.problem(own.matchingPath, objection)
            } else if let path = paths.last,
                let problem = problem(rule.pattern, rule.matching, profile)
            {
                root.problem(path, problem)
            }
        }
    }

    private static func problem(
        _ pattern: NumberPattern,
        _ matching: NumberMatching,
        _ profile: ApprovalPolicy.Profile
    ) -> String? {
        guard matching == .enter else { return nil }
        if profile == .nist, pattern.length < 6 {
            return "must have at least six digits with profile nist (SP 800-63B section 3.1.3.2)"
        }
        if profile == .bank, pattern.length < 6 {
            return "must have at least six digits with profile bank (OWASP ASVS 6.5.4)"
        }
        return pattern.length < 4 ? "must have at least four digits with enter" : nil
    }

    // MARK: In words

    static func explanation(of configuration: ServiceConfiguration) -> [String] {
        guard let rule = configuration.approval.numbers else { return [] }
        var lines = [words(rule.matching)]
        lines.append("  pattern \(rule.pattern), \(rule.pattern.length) digits")
        let own = configuration.authorizationServers.flatMap(\.ownNumbers)
        for own in own {
            if let matching = own.matching {
                lines.append("  \(own.matchingPath): \(words(matching))")
            }
            if let pattern = own.pattern {
                lines.append("  \(own.patternPath): \(pattern), \(pattern.length) digits")
            }
        }
        if rule.matching.isSecret || own.contains(where: { $0.matching?.isSecret ?? false }) {
            lines.append(
                rule.isRequired
                    ? "  a login without a number fails"
                    : "  only a passkey can approve a login without a number"
            )
            lines.append(
                "  \(PendingLogin.mostWrongCodes) wrong numbers end a login; "
                    + "\(FailureStanding.most) in a row block the user"
            )
        }
        return lines
    }

    private static func words(_ matching: NumberMatching) -> String {
        switch matching {
        case .off: "the number of a binding message is not matched"
        case .show: "the number of a binding message is shown for comparison"
        case .choose:
            "an approval needs the number of the binding message, chosen among three: this slows "
                + "reflexes and guesses, and is no factor of its own"
        case .enter: "an approval needs the number of the binding message, entered"
        }
    }
}

extension ApprovalPolicy.Profile {
    /// What is matched unless the configuration says otherwise.
    fileprivate var numberMatching: NumberMatching { self == .nist ? .enter : .off }

    /// Why it does not take this way of matching; nil if it does [N1, N2, N4].
    fileprivate func objection(to matching: NumberMatching) -> String? {
        guard self == .nist, matching != .enter else { return nil }
        return "must be enter with profile \(rawValue): only a number that the user transfers "
            + "authenticates out of band (SP 800-63B section 3.1.3)"
    }
}
