// Inserts a login of each sample into a store, for a service to show:
//
//     gallery DATABASE TAG...
//
// Each language tag has a user, with a time zone. Prints the tickets as one JSON object,
// `{"en": {"scopes": "…"}}`, with the logins that have ended after the samples. Run it before the service opens the database.
import Consents
import Foundation
import Identity
import JSON
import Logins
import SQLStore
import TestSupport

struct Unusable: Error {}

func require<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Unusable() }
    return value
}

let zones = ["en": "Europe/London", "pt-BR": "America/Sao_Paulo", "ar": "Asia/Riyadh"]
let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
let arguments = CommandLine.arguments.dropFirst()
let path = try require(arguments.first)
let store = try SQLLoginStore(
    StoreOptions(path: path, role: .service, clock: ManualClock(now))
)

/// A pending login that expires after ten minutes, and the ticket of its link.
func ask(
    _ sample: SampleQuestion,
    _ user: UserID,
    _ tag: String,
    as name: String? = nil,
    numbers: NumberRule? = nil,
    then events: [PendingLogin.Event] = []
) async throws -> String {
    let login = PendingLogin.arrived(
        "\(tag)-\(name ?? sample.name)",
        tenant: nil,
        at: now,
        lifetime: .seconds(610),
        PendingLogin.Details(
            user: user,
            client: ClientID("client"),
            bindingMessage: BindingMessage(sample.bindingMessage, numbers)
        )
    )
    guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
        throw Unusable()
    }
    let question = Question(
        consent: sample.consent,
        accounts: sample.accounts,
        digest: ConsentForm.digest(of: sample.consent),
        nonce: Array(repeating: 1, count: 32)
    )
    let phone = PendingLogin.Delivery(
        channel: try require(ChannelID("phone")),
        state: .delivered(at: now)
    )
    let ticket = PromptTicket(for: stored.number)
    let result = try await store.update(stored.number) { (login) throws(PendingLogin.Refusal) in
        try login.apply(.prepared(question, [phone]), at: now)
        try login.apply(.ticketIssued(ticket.digest), at: now)
    }
    _ = try require(result).get()
    for event in events {
        let next = try await store.update(stored.number) { (login) throws(PendingLogin.Refusal) in
            try login.apply(event.naming(question.digest), at: now)
        }
        _ = try require(next).get()
    }
    return ticket.text
}

/// States after the question, each with what happened to its login.
let approved = Decision(
    .approve,
    evidence: Evidence(method: .tap, via: .page, address: nil),
    at: now
)
func declined(_ choice: Decision.Choice) -> PendingLogin.Event {
    .decided(Decision(choice, evidence: approved.evidence, at: now), Selection())
}
extension PendingLogin.Event {
    /// A decision about what was shown.
    func naming(_ shown: ConsentDigest) -> Self {
        guard case .decided(let decision, var selection) = self else { return self }
        selection.shown = shown
        return .decided(decision, selection)
    }
}
let sent = PendingLogin.Event.decided(approved, Selection(accounts: ["acc-1"], scopes: nil))
let taken = PendingLogin.Event.reportTaken(confirmed: true)
let endings: [(name: String, sample: String, events: [PendingLogin.Event])] = [
    ("approving", "uk-domestic-payment", [sent]),
    ("paid", "uk-domestic-payment", [sent, taken]),
    ("unconfirmed", "uk-domestic-payment", [sent, .reportTaken(confirmed: false)]),
    ("undelivered", "uk-domestic-payment", [sent, .reportRefused("no")]),
    ("voided", "uk-domestic-payment", [sent, .consentChanged]),
    ("shared", "uk-account-access", [sent, taken]),
    ("declined", "uk-account-access", [declined(.deny), taken]),
    ("cancelled", "uk-account-access", [declined(.cancel), taken]),
    ("fraud", "uk-domestic-payment", [declined(.reportAsFraud), taken]),
    ("busy", "uk-domestic-payment", [.unusable(.consentBusy)]),
    ("superseded", "uk-domestic-payment", [.unusable(.superseded)]),
    ("no-accounts", "uk-domestic-payment", [.unusable(.noAccounts)]),
    ("unusable", "uk-domestic-payment", [.unusable(.consentUnusable)]),
    ("gone", "uk-domestic-payment", [.unusable(.consentGone)]),
    ("number-wrong", "scopes", [.unusable(.wrongCodes), taken]),
]

var tickets: [(tag: String, tickets: [(name: String, ticket: String)])] = []
for tag in arguments.dropFirst() {
    let user = try require(UserID("person-\(tag)"))
    try await store.users.put(
        User(id: user, isActive: true, language: tag, timeZone: zones[tag])
    )
    var ofPerson: [(name: String, ticket: String)] = []
    for sample in SampleQuestion.all {
        ofPerson.append((sample.name, try await ask(sample, user, tag)))
    }
    for ending in endings {
        let sample = try require(SampleQuestion.named(ending.sample))
        ofPerson.append(
            (ending.name, try await ask(sample, user, tag, as: ending.name, then: ending.events))
        )
    }
    let matched = try require(SampleQuestion.named("scopes"))
    let pattern = try NumberPattern("##-##-##")
    for (name, matching) in [
        ("show", NumberMatching.show), ("choose", .choose), ("enter", .enter), ("play", .enter),
    ] {
        let rule = NumberRule(matching, pattern)
        let name = "number-" + name
        ofPerson.append((name, try await ask(matched, user, tag, as: name, numbers: rule)))
    }
    tickets.append((tag, ofPerson))
}
await store.close()

var json = JSONWriter()
json.object { json in
    for person in tickets {
        json.member(
            person.tag,
            object: { json in
                for (name, ticket) in person.tickets { json.member(name, ticket) }
            }
        )
    }
}
FileHandle.standardOutput.write(Data(json.bytes))
