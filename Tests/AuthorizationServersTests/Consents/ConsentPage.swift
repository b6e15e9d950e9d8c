import Localization
import Logins
import TestSupport
import Testing

@testable import Endpoints

/// The page on which a person is asked about a consent.
struct ConsentPage {
    let markup: String

    init(
        _ consent: Consent,
        of login: PendingLogin,
        at now: Timestamp,
        language: Language = .en,
        documents: Set<IdentityDocument> = []
    ) throws {
        var login = login
        let question = Question(
            consent: consent,
            accounts: [],
            digest: try #require(ConsentDigest(Array(repeating: 1, count: 32))),
            nonce: []
        )
        try login.apply(.prepared(question, [.fixture(at: now)]), at: now)
        let stored = StoredLogin(number: LoginNumber(1), login: login)
        let page = ApprovalPage(
            catalogue: Catalogue(language),
            brand: "Bank",
            documents: documents
        )
        markup =
            page.page(LoginStanding(stored, at: now), now: now, choices: [.approve, .deny])
            .markup
    }

    /// The numbers of characters that have no shape, or that change the order in which the text
    /// around them is read (UAX 9). None of them is the page's own but the end of a line.
    var hidden: [String] {
        Set(markup.unicodeScalars.filter { $0 != "\n" && Self.isHidden($0) })
            .map { "U+" + String($0.value, radix: 16, uppercase: true) }.sorted()
    }

    /// The details as a person reads them: `Amount: £165.88`, values of several lines with ` / `.
    var details: [String] {
        markup.split(separator: "<dt>").dropFirst().compactMap { part in
            guard let end = part.firstRange(of: "</dd>")?.lowerBound else { return nil }
            var text = String(part[..<end])
            for (tag, sign) in [
                ("</dt><dd>", ": "), ("</span><span class=\"line\">", " / "), ("</li><li>", " / "),
            ] { text = text.replacing(tag, with: sign) }
            var isTag = false
            return text.filter { character in
                if character == "<" { isTag = true }
                defer { if character == ">" { isTag = false } }
                return !isTag
            }
        }
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Joiners and tags show in the emoji that they are part of.
        case .format:
            scalar != "\u{200C}" && scalar != "\u{200D}"
                && !(0xE0030...0xE007F).contains(scalar.value)
        default: false
        }
    }
}
