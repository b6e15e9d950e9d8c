import Texts

/// Scopes that name something lodged in words of their own, whatever the standard and however the
/// words are separated: `recurring-consent:…`, `paymentConsent.1`, `https://bank.example/intents/1`.
enum LodgedScope {
    /// Whether a scope is of any standard, or names something that was lodged.
    static func isMeant(by scope: String) -> Bool {
        if ScopeTable.all.contains(where: { $0.resembles(scope) }) { return true }
        let words = words(of: scope)
        let letters = words.joined()
        return words.contains { word in
            Self.words.contains(word.exact) || fragments.contains { word.utf8.contains($0.utf8) }
        } || phrases.contains { letters.utf8.contains($0.utf8) } || namesPayment(scope, words)
            || hasParameter(scope)
    }

    /// Whether something follows a scope of a standard, such as `accounts:7`, `loans/L1` or
    /// `transaction-1`, and does more than read it: it may name what was lodged.
    private static func hasParameter(_ scope: String) -> Bool {
        let segments = segments(of: scope)
        return segments.indices.contains { index in
            let head = segments[index].prefix { !isDigit($0) }
            guard heads.contains(letters(head).exact) else { return false }
            return head.count < segments[index].count
                || segments[(index + 1)...].contains { !reading.contains(letters($0).exact) }
        }
    }

    /// What is between separators. Hyphens and underscores join words.
    private static func segments(of scope: String) -> [ArraySlice<UInt8>] {
        Array(scope.utf8).split { byte in
            byte < 0x80 && !isDigit(byte) && !(0x61...0x7A).contains(byte | 0x20)
                && byte != UInt8(ascii: "-") && byte != UInt8(ascii: "_")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// In lower case, without hyphens and underscores.
    private static func letters(_ segment: ArraySlice<UInt8>) -> String {
        let bytes = segment.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
        return String(decoding: bytes, as: UTF8.self).lowercased()
    }

    /// The scopes of every standard, and one thing of their kinds.
    private static let heads: Set<ExactText> = ScopeTable.all.reduce(
        into: ["account", "customer", "loan", "resource", "statement", "transaction"]
    ) { $0.formUnion($1.letters) }

    /// A payment is lodged, unless the scope is only for reading payments: `payments.read`.
    private static func namesPayment(_ scope: String, _ words: [String]) -> Bool {
        let others = words.filter { word in
            !payments.contains { word.utf8.contains($0.utf8) }
        }
        if others.count == words.count { return false }
        return others.isEmpty || !others.allSatisfy { reading.contains($0.exact) }
            || scope.utf8.contains { (0x30...0x39).contains($0) }
    }

    /// The runs of letters in lower case. A capital letter after a small one begins a word.
    private static func words(of scope: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isSmall = false
        for scalar in scope.unicodeScalars {
            let isLetter = scalar.properties.isAlphabetic
            if !word.isEmpty, !isLetter || isSmall && scalar.properties.isUppercase {
                words.append(word.lowercased())
                word = ""
            }
            if isLetter { word.unicodeScalars.append(scalar) }
            isSmall = scalar.properties.isLowercase
        }
        if !word.isEmpty { words.append(word.lowercased()) }
        return words
    }

    /// A whole word.
    private static let words: Set<ExactText> = [
        "mandat", "mandats", "mandato", "mandatos", "urn", "vrp", "vrps",
        // The roles and services of PSD2.
        "ais", "aisp", "caf", "cbpii", "cisp", "piis", "piisp", "pis", "pisp",
    ]
    /// A part of a word: `consents`, `paymentconsent`, `consentimento`.
    private static let fragments = [
        "arrangement", "consent", "enrolment", "enrollment", "intent", "mandate",
    ]
    /// Several words, joined or not.
    private static let phrases = [
        "confirmationoffunds", "directdebit", "eventsubscription", "fundconfirmation",
        "fundsconfirmation", "openbanking", "openfinance", "openinsurance", "standingorder",
    ]
    private static let payments = ["payment", "pagamento"]
    private static let reading: Set<ExactText> = [
        "history", "list", "read", "readonly", "status", "view",
    ]
}
