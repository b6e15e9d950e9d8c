import Access
import Consents
import Cryptography
import Engine
import HTTP
import Identity
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@testable import Endpoints

/// No interface gives the number of a binding message away, to whomever it answers.
@Suite("The number of a binding message", .timeLimit(.minutes(3)))
struct NumberLeakTests {
    private static let number = "730194"
    private static let message = "Code 730 194, again 730194"

    private static func details(_ user: String = "customer-4711") throws -> PendingLogin.Details {
        let pattern = try NumberPattern("######")
        return PendingLogin.Details(
            user: .named(user),
            client: .named("kiosk"),
            bindingMessage: BindingMessage(message, NumberRule(.enter, pattern)),
            origin: .fixture
        )
    }

    private static let question = Question(
        consent: Consent(clientName: "Kiosk", scopes: [.init(requestedName: "openid")]),
        digest: ConsentForm.digest(
            of: Consent(clientName: "Kiosk", scopes: [.init(requestedName: "openid")])
        ),
        nonce: Array(repeating: 1, count: 32)
    )

    /// A login that waits, and what happens to it then.
    private static func put(
        _ id: String,
        in store: any LoginStore,
        at now: Timestamp,
        then events: [PendingLogin.Event] = []
    ) async throws -> LoginNumber {
        var login = PendingLogin.arrived(id, tenant: nil, at: now, try details())
        let delivery = PendingLogin.Delivery(channel: .named("app"), state: .delivered(at: now))
        for event in [.prepared(question, [delivery])] + events { try login.apply(event, at: now) }
        guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
            throw NotThere()
        }
        return stored.number
    }

    private static func approval(at now: Timestamp) -> PendingLogin.Event {
        .decided(
            Decision(
                .approve,
                evidence: Evidence(method: .tap, via: .page, address: "192.0.2.7"),
                at: now,
                challenge: Array(repeating: 3, count: 32),
                matched: .enter
            ),
            Selection(shown: question.digest, code: number)
        )
    }

    /// Whether bytes have the number, also with something between its digits.
    private static func leaks(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains(number) || text.contains("730 194")
    }

    private static func leaks(_ answer: Response) -> Bool {
        leaks(answer.body)
            || answer.fields.contains { leaks(Array("\($0.name): \($0.value)".utf8)) }
    }

    // rule: N3
    @Test("is in no page, list, history, answer, cookie, log line or entry of the audit")
    func inbox() async throws {
        let methods = SignOnStage.Methods(tap: true, signIn: true)
        try await SignOnStage.with(approving: methods) { stage in
            let now = stage.clock.now()
            let live = try await Self.put("live", in: stage.store, at: now)
            let ticket = PromptTicket(for: live)
            try await stage.apply(.ticketIssued(ticket.digest), to: live)
            _ = try await Self.put(
                "past",
                in: stage.store,
                at: now,
                then: [Self.approval(at: now), .reportTaken(confirmed: true)]
            )
            let browser = stage.browser()
            _ = try await browser.signIn()
            let page = "/inbox/requests/\(live.rawValue)"
            for target in [
                "/inbox", "/inbox/history", page, "/approve/" + ticket.text,
                "/approve/\(ticket.text)/state",
            ] {
                let answer = try await browser.send(.get, target)
                #expect(answer.status == 200, "\(target)")
                #expect(!Self.leaks(answer), "\(target)")
            }
            let list = try await browser.send(.get, "/inbox").text
            #expect(list.contains("Code ••• •••, again ••••••"))
            // The sign-in that confirms an approval: the browser keeps what is begun, not the number.
            let fields = [
                try await browser.formToken(), Field("decision", "sign-in"),
                Field("shown", Base64URL.encode(Self.question.digest.bytes)),
            ]
            for code in ["000000", Self.number] {
                let answer = try await browser.send(
                    .post,
                    page + "/decision",
                    form: fields + [Field("code", code)]
                )
                #expect(answer.status == (code == Self.number ? 200 : 422))
                #expect(!Self.leaks(answer), "\(code)")
            }
            for value in browser.jar.values {
                #expect(!Self.leaks(Array(value.utf8)))
                for part in value.split(separator: ".") {
                    #expect(!Self.leaks(Base64URL.decode(String(part)) ?? []))
                }
            }
            for line in stage.log.lines { #expect(!Self.leaks(Array(line.members.utf8))) }
            for event in try await stage.audit() {
                #expect(!Self.leaks(JSONValue.object(event.members).bytes), "\(event.kind)")
            }
        }
    }

    @Test("is in no page of the console")
    func console() async throws {
        try await ConsoleStage.with { stage in
            let now = stage.clock.now()
            let live = try await Self.put("live", in: stage.store, at: now, then: [.codeRefused])
            let past = try await Self.put(
                "past",
                in: stage.store,
                at: now,
                then: [Self.approval(at: now)]
            )
            for number in [live, past] {
                let answer = try await stage.send(
                    .get,
                    "/console/logins/\(number.rawValue)",
                    as: .moderator
                )
                #expect(answer.status == 200)
                #expect(!Self.leaks(answer) && answer.text.contains("••••••"))
            }
            let page = try await stage.send(.get, "/console/logins/\(past.rawValue)")
            #expect(page.text.contains("Number matched by"))
        }
    }

    @Test("is in no answer of the admin and the backend API, and in no evidence")
    func records() async throws {
        let now = APIStage.start
        let key = try SigningKey.generate(.es256, id: "k1")
        for isOpen in [true, false] {
            var login = PendingLogin.arrived("one", at: now, try Self.details())
            let delivery = PendingLogin.Delivery(
                channel: .named("app"),
                state: .delivered(at: now)
            )
            try login.apply(.prepared(Self.question, [delivery]), at: now)
            if !isOpen { try login.apply(Self.approval(at: now), at: now) }
            let record = LoginRecord(StoredLogin(number: LoginNumber(1), login: login))
            for detail in [LoginRecord.Detail.row, .numberedRow, .question, .operation] {
                #expect(!Self.leaks(record.document(detail).bytes))
            }
            #expect(record.document(.operation)["binding_message"]?.string?.contains("•") == true)
            guard !isOpen else { continue }
            #expect(
                record.document(.operation)["decision"]?["number_matched"]?.string == "enter"
            )
            let evidence = try #require(
                try EvidenceDocument.document(
                    of: login,
                    issuer: "https://as.example",
                    at: now,
                    key: key
                )
            )
            #expect(!Self.leaks(evidence.bytes))
            #expect(evidence["decision"]?["number_matched"]?.string == "enter")
        }
    }
}
