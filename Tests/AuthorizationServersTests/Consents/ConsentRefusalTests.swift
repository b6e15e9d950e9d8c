import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

@Suite("What cannot be shown of a consent")
struct ConsentRefusalTests {
    private func answer(
        _ example: ConsentExample,
        _ change: (JSONValue) -> JSONValue
    ) async throws -> (ConsentAnswer, CapturedLog) {
        let text = String(decoding: change(try example.tree()).bytes, as: UTF8.self)
        let stage = ConsentStage(example, answer: text)
        return (await stage.consent(of: example), stage.log)
    }

    /// The member that is taken away, and what is said of it.
    static let needed: [(Consent.Kind, [String], String)] = [
        (.ukAccountAccess, ["Permissions"], "Permissions"),
        (.ukDomesticPayment, ["Initiation"], "Initiation"),
        (.ukDomesticPayment, ["Initiation", "InstructedAmount"], "Initiation.InstructedAmount"),
        (
            .ukDomesticPayment, ["Initiation", "InstructedAmount", "Currency"],
            "Initiation.InstructedAmount.Currency"
        ),
        (.ukDomesticPayment, ["Initiation", "CreditorAccount"], "Initiation.CreditorAccount"),
        (
            .ukDomesticPayment, ["Initiation", "CreditorAccount", "Identification"],
            "Initiation.CreditorAccount.Identification"
        ),
        (
            .ukDomesticScheduledPayment, ["Initiation", "RequestedExecutionDateTime"],
            "Initiation.RequestedExecutionDateTime"
        ),
        (.ukDomesticStandingOrder, ["Initiation", "Frequency"], "Initiation.Frequency"),
        (
            .ukDomesticStandingOrder, ["Initiation", "FirstPaymentAmount"],
            "Initiation.FirstPaymentAmount"
        ),
        (.brasilData, ["permissions"], "permissions"),
        (.brasilPayment, ["payment", "amount"], "payment.amount"),
        (.brasilPayment, ["expirationDateTime"], "expirationDateTime"),
        (.fdx, ["resources"], "resources"),
    ]

    @Test("is the resource that an FDX consent names, because another one could be granted")
    func namedResource() async throws {
        let (answer, log) = try await answer(.of(.fdx)) { tree in
            let text = String(decoding: tree.bytes, as: UTF8.self)
                .replacing(#""dataClusters""#, with: #""id":"acc-9","dataClusters""#)
            return (try? JSONValue(Array(text.utf8))) ?? tree
        }
        #expect(answer == .unusable(.consentUnusable))
        let said = try #require(log.lines.first).members
        #expect(said.contains(#"resources[0].id""#), "\(said)")
    }

    @Test("is named by its place, and nothing is shown", arguments: needed.indices)
    func missing(_ index: Int) async throws {
        let (kind, path, place) = Self.needed[index]
        let example = ConsentExample.of(kind)
        let steps = ([example.member] + path).map { Leaf.Step.name($0) }
        let (answer, log) = try await answer(example) { $0.removing(steps) }
        #expect(answer == .unusable(.consentUnusable))
        #expect(log.events == ["consent.incomplete"])
        let said = try #require(log.lines.first).members
        #expect(said.contains(#""cause":"\#(example.member).\#(place)""#), "\(said)")
    }

    @Test(
        "includes a permission that nobody has words for",
        arguments: [
            (Consent.Kind.ukAccountAccess, [Leaf.Step.name("Permissions"), .index(1)]),
            (.brasilData, [.name("permissions"), .index(0)]),
            (.fdx, [.name("resources"), .index(0), .name("dataClusters"), .index(0)]),
        ]
    )
    func unknownCode(_ kind: Consent.Kind, path: [Leaf.Step]) async throws {
        let example = ConsentExample.of(kind)
        let (answer, log) = try await answer(example) {
            $0.setting([.name(example.member)] + path, to: .string("ReadEverything"))
        }
        #expect(answer == .unusable(.consentUnusable))
        #expect(try #require(log.lines.first).members.contains("unknown code"))
    }

    @Test(
        "is no permission of a standard",
        arguments: [
            (
                Consent.Kind.ukAccountAccess, [Leaf.Step.name("Permissions")],
                Fact.Codes.ukPermission
            ),
            (.brasilData, [.name("permissions")], .brasilPermission),
            (.ksa, [.name("permissions")], .ukPermission),
            (.fdx, [.name("resources"), .index(0), .name("dataClusters")], .fdxCluster),
        ]
    )
    func knownCodes(_ kind: Consent.Kind, path: [Leaf.Step], _ list: Fact.Codes) async throws {
        let example = ConsentExample.of(kind)
        let codes = StandardCodes.list(list)
        let (answer, _) = try await answer(example) {
            $0.setting([.name(example.member)] + path, to: .array(codes.map { .string($0) }))
        }
        guard case .consent(let consent) = answer else {
            Issue.record("\(answer)")
            return
        }
        let permissions = StandardCodes.permissions(codes, list)
        #expect(consent.facts.contains(Fact(.known(.permissions), permissions)))
    }

    @Test(
        "is a consent of another type than its address",
        arguments: ["international_payment", "unheard_of", "domestic_payment_consent_v2"]
    )
    func mismatch(_ type: String) async throws {
        let (answer, log) = try await answer(.of(.ukDomesticPayment)) {
            $0.setting([.name("type")], to: .string(type))
        }
        #expect(answer == .unusable(.consentUnusable))
        #expect(log.events == ["consent.type_mismatch"])
    }

    @Test("is a consent of another name than the start's")
    func otherName() async throws {
        let (answer, _) = try await answer(.of(.ukDomesticPayment)) {
            $0.setting([.name("consent_id")], to: .string("c-other"))
        }
        #expect(answer == .unusable(.consentUnusable))
    }

    static let statuses: [(Consent.Kind, String, ConsentAnswer?)] = [
        (.ukDomesticPayment, "Authorised", .gone),
        (.ukDomesticPayment, "Consumed", .gone),
        (.ukDomesticPayment, "Rejected", .gone),
        (.ukFilePayment, "AwaitingUpload", .unusable(.consentUnusable)),
        (.brasilPayment, "AUTHORISED", .gone),
        (.brasilPayment, "REJECTED", .gone),
        (.brasilData, "REVOKED", .gone),
        (.cdr, "Expired", .gone),
        // Access that is renewed comes back with the word that it got the first time.
        (.ukAccountAccess, "Authorised", nil),
        (.brasilData, "AUTHORISED", nil),
        (.ukDomesticPayment, "AwaitingAuthorisation", nil),
        (.ukDomesticPayment, "awaiting_authorisation", nil),
        // Version 4 of the UK.
        (.ukDomesticPayment, "AUTH", .gone),
        (.ukDomesticPayment, "RJCT", .gone),
        (.ukDomesticPayment, "COND", .gone),
        (.ukDomesticPayment, "CANC", .gone),
        (.ukDomesticPayment, "EXPD", .gone),
        (.ukFilePayment, "AWUP", .unusable(.consentUnusable)),
        (.ukDomesticPayment, "AWAF", nil),
        (.ukDomesticPayment, "AWAU", nil),
        (.ukAccountAccess, "AUTH", nil),
        (.ukAccountAccess, "CANC", .gone),
        // Some of several people have approved it.
        (.brasilPayment, "PARTIALLY_ACCEPTED", nil),
        (.brasilPayment, "partially_accepted", nil),
        (.brasilPayment, "CONSUMED", .gone),
        (.fdx, "AWAITING", nil),
        (.fdx, "PENDING", nil),
        (.fdx, "REVOKED", .gone),
        (.ksa, "Awaiting Authorization", nil),
        (.ksa, "Rejected", .gone),
        // Approved once, and of no use any more.
        (.ukAccountAccess, "Consumed", .gone),
        (.ukAccountAccess, "COND", .gone),
        (.brasilData, "CONSUMED", .gone),
        (.cdr, "consumed", .gone),
        (.fdx, "CONSUMED", .gone),
        (.ksa, "Consumed", .gone),
        (.ksa, "Suspended", .gone),
        (.fdx, "SUSPENDED", .gone),
        (.brasilData, "Suspended", .gone),
        // Words of no standard, and of another one.
        (.ukDomesticPayment, "REJT", .unusable(.consentUnusable)),
        (.ukDomesticPayment, "Authorised!", .unusable(.consentUnusable)),
        (.ukAccountAccess, "PARTIALLY_ACCEPTED", .unusable(.consentUnusable)),
        (.brasilPayment, "AWAU", .unusable(.consentUnusable)),
        (.cdr, "AUTH", .unusable(.consentUnusable)),
        (.fdx, "Awaiting?", .unusable(.consentUnusable)),
        (.ksa, "Open", .unusable(.consentUnusable)),
    ]

    @Test(
        "is a status that leaves nothing to decide, or an unknown one",
        arguments: statuses.indices
    )
    func decided(_ index: Int) async throws {
        let (kind, status, expected) = Self.statuses[index]
        let example = ConsentExample.of(kind)
        for place in [[Leaf.Step.name("status")], [.name(example.member), .name("status")]] {
            let isUK = kind.name.hasPrefix("uk") && place.count == 2
            let path = isUK ? [.name(example.member), .name("Status")] : place
            let (answer, _) = try await answer(example) { $0.setting(path, to: .string(status)) }
            if let expected {
                #expect(answer == expected, "\(path)")
            } else {
                guard case .consent = answer else {
                    Issue.record("\(status) is not shown: \(answer)")
                    continue
                }
            }
        }
    }
}

extension ConsentRefusalTests {
    /// The status of the consent itself, that of its envelope, and whether it is shown.
    static let pairs: [(Consent.Kind, own: String, envelope: String, isShown: Bool)] = [
        (.ukAccountAccess, "Authorised", "Rejected", false),
        (.ukAccountAccess, "Rejected", "Authorised", false),
        (.ukAccountAccess, "AWAU", "Consumed", false),
        (.ukAccountAccess, "AUTH", "EXPD", false),
        (.brasilData, "AUTHORISED", "Revoked", false),
        (.brasilData, "AWAITING_AUTHORISATION", "Revoked", false),
        (.brasilPayment, "PARTIALLY_ACCEPTED", "Rejected", false),
        (.cdr, "Authorised", "Expired", false),
        (.fdx, "ACTIVE", "Suspended", false),
        (.ksa, "Active", "Rejected", false),
        (.ukDomesticPayment, "AwaitingAuthorisation", "Authorised", false),
        (.ukDomesticPayment, "AWAU", "AwaitingAuthorisation", true),
        (.fdx, "PENDING", "AwaitingAuthorisation", true),
        (.brasilPayment, "PARTIALLY_ACCEPTED", "AWAITING_AUTHORISATION", true),
        (.ksa, "Awaiting Authorization", "AwaitingAuthorisation", true),
    ]

    @Test("is a status that contradicts another one", arguments: pairs.indices)
    func contradictoryStatus(_ index: Int) async throws {
        let (kind, own, envelope, isShown) = Self.pairs[index]
        let example = ConsentExample.of(kind)
        let name = kind.name.hasPrefix("uk") ? "Status" : "status"
        let tree = try example.tree().setting([.name("status")], to: .string(envelope))
            .setting([.name(example.member), .name(name)], to: .string(own))
        let stage = ConsentStage(example, answer: String(decoding: tree.bytes, as: UTF8.self))
        let answer = await stage.consent(of: example)
        guard isShown else { return #expect(answer == .gone) }
        guard case .consent = answer else { return _ = Issue.record("\(answer)") }
    }
}

@Suite("A deadline")
struct DeadlineTests {
    typealias Place = (kind: Consent.Kind, path: [String], label: Fact.Known)
    static let places: [Place] = [
        (.ukDomesticPayment, ["CutOffDateTime"], .cutOff),
        (.ukFilePayment, ["CutOffDateTime"], .cutOff),
        (.ukInternationalPayment, ["CutOffDateTime"], .cutOff),
        (
            .ukInternationalPayment, ["ExchangeRateInformation", "ExpirationDateTime"],
            .bankRateEnds
        ),
    ]
    /// Minutes from now, the configuration, whether the user is asked, and whether the prompt ends
    /// then.
    static let rows: [(minutes: Int64, refuses: Bool, isShown: Bool, ends: Bool)] = [
        (-1, true, false, false), (0, true, false, false), (1, true, true, true),
        (-1, false, true, false), (1, false, true, false),
    ]

    private func stage(
        _ place: Place,
        _ text: String,
        refusesLate: Bool = true,
        rateType: String = "Agreed"
    ) throws -> (ConsentStage, ConsentExample) {
        let example = ConsentExample.of(place.kind)
        let member = Leaf.Step.name(example.member)
        var tree = try example.tree()
        if place.label == .bankRateEnds {
            let rate = #"{"UnitCurrency":"GBP","ExchangeRate":1.1,"RateType":"\#(rateType)"}"#
            tree = tree.setting(
                [member, .name(place.path[0])],
                to: try JSONValue(Array(rate.utf8))
            )
        }
        let path = [member] + place.path.map { Leaf.Step.name($0) }
        let answer = String(decoding: tree.setting(path, to: .string(text)).bytes, as: UTF8.self)
        return (ConsentStage(example, answer: answer, refusesLate: refusesLate), example)
    }

    @Test(
        "ends the prompt, and a consent past it is refused unless it shall be shown",
        arguments: rows.indices,
        places.indices
    )
    func deadline(_ index: Int, _ place: Int) async throws {
        let row = Self.rows[index]
        let place = Self.places[place]
        let time = ManualClock().now() + .seconds(row.minutes * 60)
        let text = RFC3339.format(milliseconds: time.milliseconds)
        let (stage, example) = try stage(place, text, refusesLate: row.refuses)
        switch await stage.consent(of: example) {
        case .consent(let consent):
            #expect(row.isShown)
            #expect(consent.facts.contains(Fact(.known(place.label), .moment(time))))
            #expect(consent.endsAt == (row.ends ? time : nil))
        case .unusable(.consentUnusable):
            #expect(!row.isShown)
            #expect(stage.log.events == ["consent.late"])
            let name = try #require(place.path.last)
            #expect(stage.log.lines.map(\.members).joined().contains(name))
        case let other: Issue.record("\(other)")
        }
    }

    @Test("is the end of a day where only a day was sent", arguments: [-1, 0])
    func day(_ days: Int64) async throws {
        let time = ManualClock().now() + .seconds(days * 86_400)
        let text = String(RFC3339.format(milliseconds: time.milliseconds).prefix(10))
        let (stage, example) = try stage(Self.places[0], text)
        let answer = await stage.consent(of: example)
        #expect((answer == .unusable(.consentUnusable)) == (days < 0))
    }

    @Test("is not the end of a rate that binds nobody")
    func indicative() async throws {
        let place = try #require(Self.places.first { $0.label == .bankRateEnds })
        let (stage, example) = try stage(place, "2026-11-20T11:59:00Z", rateType: "Indicative")
        guard case .consent(let consent) = await stage.consent(of: example) else {
            Issue.record("it is refused")
            return
        }
        #expect(consent.endsAt == nil)
    }
}

/// The time after which a consent itself is void.
@Suite("The end of a consent")
struct ConsentExpiryTests {
    static let places: [(kind: Consent.Kind, path: [String])] = [
        (.ukAccountAccess, ["ExpirationDateTime"]),
        (.ukDomesticPayment, ["Authorisation", "CompletionDateTime"]),
        (.ukInternationalPayment, ["Authorisation", "CompletionDateTime"]),
        (.ukFilePayment, ["Authorisation", "CompletionDateTime"]),
        (.brasilData, ["expirationDateTime"]),
        (.brasilPayment, ["expirationDateTime"]),
        (.fdx, ["expirationTime"]),
        (.cdr, ["expiry"]),
        (.ksa, ["expiry"]),
    ]

    @Test(
        "ends the prompt if it is still to come, also at later looks, and is always shown",
        arguments: places.indices,
        [-86_400, 45, 3600] as [Int64]
    )
    func expiry(_ index: Int, _ seconds: Int64) async throws {
        let place = Self.places[index]
        let example = ConsentExample.of(place.kind)
        let time = ManualClock().now() + .seconds(seconds)
        let text = JSONValue.string(RFC3339.format(milliseconds: time.milliseconds))
        let member = [Leaf.Step.name(example.member)]
        var tree = try example.tree()
            .removing(member + [.name("CutOffDateTime")])
        if place.path.count == 2 {
            tree = tree.setting(
                member + [.name(place.path[0])],
                to: .object(JSONObject([.init(name: place.path[1], value: text)]))
            )
        } else {
            tree = tree.setting(member + [.name(place.path[0])], to: text)
        }
        let stage = ConsentStage(example, answer: String(decoding: tree.bytes, as: UTF8.self))
        var login = stage.login(example.details)
        guard case .consent(let consent) = await stage.server.consent(of: login) else {
            Issue.record("\(stage.log.lines)")
            return
        }
        #expect(consent.facts.contains { $0.value == .moment(time) })
        if place.kind == .brasilPayment {
            let latest = try #require(RFC3339.parse("2026-11-20T12:04:00Z"))
            #expect(consent.endsAt == min(time, Timestamp(milliseconds: latest)))
        } else {
            #expect(consent.endsAt == (seconds > 0 ? time : nil))
        }
        guard seconds > 0 else { return }
        let question = Question(
            consent: consent,
            accounts: [],
            digest: try #require(ConsentDigest(Array(repeating: 1, count: 32))),
            nonce: []
        )
        try login.apply(
            .prepared(question, [.fixture(at: stage.clock.now())]),
            at: stage.clock.now()
        )
        stage.clock.advance(by: .seconds(7200))
        #expect(await stage.server.consent(of: login) == .consent(consent))
    }
}

/// What a change of is a change of the consent.
@Suite("The digest of what a server says")
struct ConsentSourceTests {
    private func source(
        _ example: ConsentExample,
        _ change: (JSONValue) -> JSONValue = { $0 }
    ) async throws -> String? {
        let text = String(decoding: change(try example.tree()).bytes, as: UTF8.self)
        let stage = ConsentStage(example, answer: text)
        guard case .consent(let consent) = await stage.consent(of: example) else { return nil }
        return consent.source
    }

    @Test("covers every member of what is approved", arguments: ConsentExample.all)
    func covers(_ example: ConsentExample) async throws {
        let tree = try example.tree()
        let before = try await source(example)
        #expect(before != nil)
        for leaf in Leaf.all(in: tree) where leaf.path.first == .name(example.member) {
            let name = leaf.path.last?.name?.lowercased() ?? ""
            if leaf.path.count == 2, name.hasSuffix("status") || name.contains("update") {
                continue
            }
            let value = leaf.value.string ?? ""
            let changed = tree.setting(leaf.path, to: .string("1" + value))
            // Most changes make it unusable, which is no less of a change.
            #expect(try await source(example) { _ in changed } != before, "\(leaf)")
        }
    }

    @Test("leaves out how far the consent is")
    func progress() async throws {
        let example = ConsentExample.of(.ukDomesticPayment)
        let before = try await source(example)
        let later = JSONValue.string("2026-11-20T12:00:00Z")
        for path in [
            [Leaf.Step.name(example.member), .name("StatusUpdateDateTime")], [.name("created_at")],
        ] {
            #expect(try await source(example) { $0.setting(path, to: later) } == before)
        }
        let subject = [Leaf.Step.name("subject")]
        #expect(try await source(example) { $0.setting(subject, to: .string("x")) } == before)
    }

    @Test("does not depend on how the answer is written")
    func form() async throws {
        let example = ConsentExample.of(.ksa)
        let object = try #require(try example.tree().object)
        let backwards = JSONValue.object(JSONObject(object.members.reversed()))
        #expect(try await source(example) { _ in backwards } == source(example))
    }

    /// By Python's `json` and `hashlib` from the members that `ConsentSource` names.
    @Test("is the SHA-256 of the canonical form")
    func vector() async throws {
        #expect(
            try await source(.of(.ksa))
                == "0bea08ce017f1785ba7aabd30675df6f1d1085be190def52af5e632baf028df2"
        )
    }
}
