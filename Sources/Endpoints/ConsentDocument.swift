import Cryptography
import HTTP
import JSON
import Logins
import Texts

/// A question in the device interface: values in the form of the model, for an app to localize.
struct ConsentDocument: Sendable {
    let question: Question

    /// One JSON object.
    func write(_ json: inout JSONWriter) {
        let consent = question.consent
        json.object { json in
            json.member("kind", consent.kind.name)
            json.member("id", consent.id?.value)
            json.name("facts")
            json.array { json in
                for fact in consent.facts { Self.write(fact, &json) }
            }
            choice(&json)
            json.member("digest", question.digest.text)
        }
    }

    private func choice(_ json: inout JSONWriter) {
        var preselected: Set<ExactText> = []
        switch question.consent.accounts {
        case .none: json.member("account_choice", "none")
        case .several(let accounts):
            json.member("account_choice", "several")
            preselected = Set(accounts.map(\.exact))
        case .payer:
            json.member("account_choice", question.fixedAccount == nil ? "one" : "fixed")
        }
        json.name("accounts")
        json.array { json in
            for account in question.accounts {
                json.object { json in
                    json.member("id", account.id)
                    json.member("name", account.name)
                    json.member("display", account.display)
                    json.member("kind", account.kind.rawValue)
                    json.member("currency", account.currency)
                    json.member("preselected", preselected.contains(account.id.exact))
                }
            }
        }
    }

    private static func write(_ fact: Fact, _ json: inout JSONWriter) {
        json.object { json in
            switch fact.label {
            case .known(let known): json.member("label", known.rawValue)
            case .further(let name): json.member("further", name)
            }
            switch fact.value {
            case .text(let text):
                json.member("type", "text")
                json.member("text", text)
            case .money(let money):
                json.member("type", "money")
                json.member("amount", money.amount)
                json.member("currency", money.currency)
            case .day(let day):
                json.member("type", "day")
                json.member("day", day)
            case .moment(let moment):
                json.member("type", "moment")
                json.member("moment", RFC3339.format(milliseconds: moment.milliseconds))
            case .number(let number):
                json.member("type", "number")
                json.member("number", number)
            case .days(let days):
                json.member("type", "days")
                json.member("days", days)
            case .codes(let codes, let list, _):
                json.member("type", "codes")
                json.member("list", list.name)
                json.member("codes", codes)
            case .account(let account):
                json.member("type", "account")
                json.member("scheme", account.scheme)
                json.member("identification", account.identification)
                json.member("name", account.name)
                json.member("secondary", account.secondary)
                json.member("ispb", account.ispb)
                json.member("issuer", account.issuer)
                json.member("account_type", account.accountType)
            }
        }
    }
}

extension ConsentDigest {
    /// The form in pages and documents: base64url without padding (RFC 4648 §5).
    var text: String { Base64URL.encode(bytes) }

    /// Nil unless the text encodes 32 bytes.
    init?(text: String) {
        guard let bytes = Base64URL.decode(text) else { return nil }
        self.init(bytes)
    }
}
