import HTTP
import JSON
import Logins
import TestSupport
import Testing
import Texts

@testable import AuthorizationServers

@Suite("Hostile consents", .timeLimit(.minutes(5)))
struct HostileConsentTests {
    @Test("are refused cleanly or shown exactly, every one of them")
    func corpus() async throws {
        let corpus = try HostileConsents().all
        #expect(corpus.count >= 300)
        var shown = 0
        var marked = 0
        for hostile in corpus {
            let stage = ConsentStage { _, path in
                path == "\(hostile.example.path)/l1"
                    ? .success(OutboundResponse(status: 200, body: hostile.bytes))
                    : ReportTests.status(404)
            }
            let answer = await stage.consent(of: hostile.example)
            guard case .consent(let consent) = answer else {
                check(stage, refused: hostile, answer)
                continue
            }
            shown += 1
            let login = stage.login(hostile.example.details)
            let page = try ConsentPage(consent, of: login, at: stage.clock.now())
            #expect(page.hidden == [], "\(hostile.name)")
            #expect(!page.markup.contains("<script>alert"), "\(hostile.name)")
            if page.markup.contains("U+202E") { marked += 1 }
            #expect(!hostile.mustBeRefused, "\(hostile.name) is shown")
            let tree = try JSONValue(hostile.bytes, limits: JSONLimits(depth: 1000))
            for hidden in Oracle(consent).hidden(in: tree, hostile.example) {
                Issue.record("\(hostile.name): \(hidden) is not shown")
            }
        }
        // Neither everything nor nothing: then one half of this would prove nothing.
        #expect(shown > 100 && corpus.count - shown > 300, "\(shown) of \(corpus.count) are shown")
        #expect(marked > 10)
    }

    /// Nothing of what the server said is in the log, and an operator learns where it went wrong.
    private func check(
        _ stage: ConsentStage,
        refused hostile: HostileConsent,
        _ answer: ConsentAnswer
    ) {
        switch answer {
        case .unusable:
            #expect(!hostile.isPassing, "\(hostile.name) is not asked for again")
            #expect(stage.log.lines.count == 1, "\(hostile.name)")
            let said = stage.log.lines.map(\.members).joined()
            #expect(said.utf8.count < 400, "\(hostile.name): \(said)")
            for value in ["08080021325698", "165.88", "11111111111", "Shop Ltd"] {
                #expect(!said.contains(value), "\(hostile.name): \(said)")
            }
        case .later: #expect(hostile.isPassing, "\(hostile.name) is asked for again")
        case .gone: #expect(!hostile.mustBeRefused, "\(hostile.name) is taken for decided")
        case .consent: Issue.record("\(hostile.name) is shown")
        }
    }

    @Test("shows the good ones whole", arguments: ConsentExample.all + [.scopeGrant])
    func good(_ example: ConsentExample) async throws {
        guard case .consent(let consent) = await ConsentStage(example).consent(of: example) else {
            Issue.record("\(example.path) is not shown")
            return
        }
        #expect(Oracle(consent).hidden(in: try example.tree(), example).isEmpty)
        // And knows when something is not.
        let less = Consent(clientName: nil, scopes: [])
        #expect(Oracle(less).hidden(in: try example.tree(), example).count >= 3)
    }
}

/// Walks an answer without the decoder's help and says which scalars of it a person does not see.
struct Oracle {
    private var texts: Set<String> = []
    private var moments: Set<Int64> = []
    /// Several values in one line.
    private var lines: [String] = []

    init(_ consent: Consent) {
        texts.formUnion([consent.clientName, consent.id?.value].compactMap(\.self))
        for scope in consent.scopes {
            texts.formUnion(
                [scope.requestedName, scope.displayName, scope.explanation].compactMap(\.self)
            )
        }
        if case .several(let accounts) = consent.accounts { texts.formUnion(accounts) }
        for fact in consent.facts { take(fact) }
    }

    private mutating func take(_ fact: Fact) {
        take(fact.value, of: fact.label)
    }

    private mutating func take(_ value: Fact.Value, of label: Fact.Label) {
        switch value {
        case .list(let values): for value in values { take(value, of: label) }
        case .rate(let rate):
            texts.formUnion([rate.unit, rate.rate, rate.quoted].compactMap(\.self))
        case .text(let text):
            texts.insert(text)
            switch label {
            case .known(.personDocument), .known(.businessDocument), .known(.deliveryAddress),
                .known(.payeeAddress), .known(.payeeBank):
                lines.append(text)
            case .known: break
            case .further("requested_claims_to_consent"): lines.append(text)
            case .further: break
            }
        case .money(let money): texts.formUnion([money.amount, money.currency])
        case .day(let text), .number(let text): texts.insert(text)
        case .moment(let moment): moments.insert(moment.milliseconds)
        case .days(let days): texts.insert("\(days)")
        case .codes(let codes, _, _): texts.formUnion(codes)
        case .account(let account):
            texts.formUnion(
                [
                    account.scheme, account.identification, account.name, account.ispb,
                    account.issuer, account.accountType, account.secondary,
                ].compactMap(\.self)
            )
        }
    }

    /// What does not show although it is part of what is approved.
    func hidden(in answer: JSONValue, _ example: ConsentExample) -> [String] {
        let member = example.kind.isLodged ? example.member : "requested_claims_to_consent"
        guard let own = answer[member] else { return ["everything"] }
        let scopes = (answer["requested_scopes"]?.array ?? []).enumerated().flatMap {
            index,
            scope in
            ["requested_name", "display_name", "description"].compactMap { name in
                scope[name].map {
                    Leaf(path: [.name("requested_scopes"), .index(index), .name(name)], value: $0)
                }
            }
        }
        return (Leaf.all(in: own) + scopes).filter { !isShown($0) && !Self.isFrame($0) }
            .map(\.description)
    }

    private func isShown(_ leaf: Leaf) -> Bool {
        if leaf.value.isNull { return true }
        let text = Self.text(leaf.value)
        // A text in which there is nothing to read is absent.
        if leaf.value.string != nil, text.readsAsEmpty { return true }
        if texts.contains(where: { $0.utf8.elementsEqual(text.utf8) }) { return true }
        if lines.contains(where: { $0.contains(text) }) { return true }
        if let plain = PlainNumber.text(text), texts.contains(plain) { return true }
        // A day is shown without its time.
        guard let time = RFC3339.parse(text) else { return false }
        return moments.contains(time)
            || [DayClock.utc, .london].contains {
                texts.contains($0.day(of: Timestamp(milliseconds: time)))
            }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let flag): "\(flag)"
        case .null, .array, .object: ""
        }
    }

    /// How far the consent is, and names of the server's own things: not what is approved.
    private static func isFrame(_ leaf: Leaf) -> Bool {
        guard let name = leaf.path.last?.name else { return false }
        if name == "logoUri" { return true }
        return leaf.path.count == 1
            && [
                "Status", "StatusUpdateDateTime", "status", "statusUpdateDateTime", "updatedTime",
                "updated_at", "Permission", "client_id", "tenant_id", "server_id",
                "authorization_server_id", "spec_version", "subject",
            ].contains(name)
    }
}
