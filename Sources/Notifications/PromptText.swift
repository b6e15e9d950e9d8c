import Consents
import Localization
import Logins

/// What a prompt says to people, in the user's language. It is read on locked screens and by whoever
/// carries the message, so it has nothing of what is asked: no amount, no message of the client's and no
/// number to compare. With details it names the client.
struct PromptText: Sendable {
    let title: String
    let text: String
    /// `Reference: 4B7D-9K2M`. Whoever helps the user finds the login by it. Nil if it is about none.
    let reference: String?
    /// The text of a link to the request.
    let open: String
    /// A BCP 47 tag.
    let language: String
    /// `ltr` or `rtl`.
    let direction: String

    /// What `prompt` says; `brand` is the name that users know the operator by.
    init(_ prompt: Prompt, brand: String, details: Bool) {
        let catalogue = Language.bestCatalogue(chosen: prompt.user.language, acceptLanguage: nil)
        let values = [
            "brand": brand,
            "client": prompt.clientName.map(ConsoleChannel.harmless)
                ?? catalogue.text(.askApplicationUnnamed),
        ]
        let phrase: Phrase =
            prompt.isTest ? .promptTestText : details ? .promptTextFrom : .promptText
        title = catalogue.text(prompt.isTest ? .promptTestTitle : .promptTitle)
        text = Self.filled(phrase, catalogue, values)
        reference = Self.reference(prompt.key, catalogue)
        open = catalogue.text(.promptOpen)
        language = catalogue.language.rawValue
        direction = catalogue.direction
    }

    /// What `notice` says; without details only that a request was answered. What is suspicious is said
    /// in any case: it names nobody.
    init(_ notice: Notice, details: Bool) {
        let catalogue = Language.bestCatalogue(chosen: notice.user.language, acceptLanguage: nil)
        title = notice.title
        switch notice.content {
        case .decided: text = details ? notice.text : notice.title
        case .suspicious: text = notice.text
        }
        reference = notice.reference.map {
            Self.filled(.promptReference, catalogue, ["reference": $0])
        }
        open = ""
        language = catalogue.language.rawValue
        direction = catalogue.direction
    }

    private static func reference(_ key: LoginKey, _ catalogue: Catalogue) -> String {
        filled(.promptReference, catalogue, ["reference": LoginReference.text(of: key)])
    }

    private static func filled(
        _ phrase: Phrase,
        _ catalogue: Catalogue,
        _ values: [String: String]
    ) -> String {
        catalogue.parts(phrase).map { part in
            switch part {
            case .literal(let text): text
            case .placeholder(let name): values[name] ?? ""
            }
        }.joined()
    }
}
