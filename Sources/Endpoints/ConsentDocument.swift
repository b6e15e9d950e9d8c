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
            write(fact.value, &json)
        }
    }

    private static func write(_ value: Fact.Value, _ json: inout JSONWriter) {
        switch value {
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
        case .rate(let rate):
            json.member("type", "rate")
            json.member("unit", rate.unit)
            json.member("rate", rate.rate)
            json.member("quoted", rate.quoted)
        case .list(let values):
            json.member("type", "list")
            json.name("values")
            json.array { json in
                for value in values { json.object { json in write(value, &json) } }
            }
        }
    }
}
