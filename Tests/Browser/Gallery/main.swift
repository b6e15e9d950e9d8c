// Inserts a login of each sample into a store, for a service to show:
//
//     gallery DATABASE TAG...
//
// Each language tag has a user, with a time zone. Prints the tickets as one JSON object,
// `{"en": {"scopes": "…"}}`. Run it before the service opens the database.
import Consents
import Foundation
import Identity
import JSON
import Logins
import SQLiteStore
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
let store = try SQLiteLoginStore(
    StoreOptions(path: path, role: .service, clock: ManualClock(now))
)

/// A pending login that expires after ten minutes, and the ticket of its link.
func ask(_ sample: SampleQuestion, _ user: UserID, _ tag: String) async throws -> String {
    let login = PendingLogin.arrived(
        "\(tag)-\(sample.name)",
        tenant: nil,
        at: now,
        lifetime: .seconds(610),
        PendingLogin.Details(
            user: user,
            client: ClientID("client"),
            bindingMessage: sample.bindingMessage
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
    return ticket.text
}

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
