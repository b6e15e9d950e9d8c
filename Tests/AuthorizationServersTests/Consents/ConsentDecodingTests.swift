import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// Where each member of an answer is shown.
@Suite("A consent of Cloudentity")
struct ConsentDecodingTests {
    private func shown(_ example: ConsentExample) async throws -> Consent {
        let stage = ConsentStage(example)
        guard case .consent(let consent) = await stage.consent(of: example) else {
            Issue.record("\(example.path) is not shown: \(stage.log.lines)")
            throw NotShown()
        }
        return consent
    }

    struct NotShown: Error {}

    private static func moment(_ text: String) -> Fact.Value {
        .moment(Timestamp(milliseconds: RFC3339.parse(text) ?? 0))
    }

    private static let created = Fact(.known(.requestedAt), moment("2026-11-20T11:59:00Z"))
    private static let creditor = Consent.NamedAccount(
        scheme: "UK.OBIE.SortCodeAccountNumber",
        identification: "08080021325698",
        name: "Shop Ltd",
        secondary: "roll 7"
    )
    private static let debtor = Consent.NamedAccount(
        scheme: "UK.OBIE.IBAN",
        identification: "GB29NWBK60161331926819",
        name: "Ann Other"
    )

    private static func money(_ label: Fact.Known, _ amount: String, _ currency: String) -> Fact {
        guard let money = Money(amount: amount, currency: currency) else {
            preconditionFailure("the test needs an amount")
        }
        return Fact(.known(label), .money(money))
    }

    private static func fact(_ label: Fact.Known, _ value: Fact.Value) -> Fact {
        Fact(.known(label), value)
    }

    private static func further(_ name: String, _ text: String) -> Fact {
        Fact(.further(name), .text(text))
    }

    private static func check(
        _ consent: Consent,
        _ expected: [Fact],
        _ accounts: Consent.AccountChoice
    ) {
        #expect(Set(consent.facts) == Set(expected))
        #expect(consent.facts.count == expected.count)
        #expect(consent.accounts == accounts)
    }

    // MARK: UK

    @Test("for access to accounts says what, for how long and since when")
    func accountAccess() async throws {
        let consent = try await shown(.of(.ukAccountAccess))
        Self.check(
            consent,
            [
                Self.fact(
                    .permissions,
                    StandardCodes.permissions(
                        ["ReadAccountsBasic", "ReadBalances"],
                        .ukPermission
                    )
                ),
                Self.fact(.accessEnds, Self.moment("2027-02-18T11:59:00Z")),
                Self.fact(.dataFrom, .day("2026-01-01")),
                Self.fact(.dataUntil, .day("2026-11-20")),
                Self.created,
            ],
            .several(preselected: [])
        )
        #expect(consent.kind == .ukAccountAccess)
        #expect(consent.id?.value == "c-account_access")
        #expect(consent.clientName == "Shop")
        #expect(consent.scopes.map(\.requestedName) == ["openid", "accounts"])
        #expect(consent.endsAt.map { .moment($0) } == Self.moment("2027-02-18T11:59:00Z"))
    }

    // rule: P6
    @Test("for a payment says how much to whom, and everything beside")
    func domesticPayment() async throws {
        let consent = try await shown(.of(.ukDomesticPayment))
        Self.check(
            consent,
            [
                Self.money(.amount, "165.88", "GBP"),
                Self.fact(.payee, .text("Shop Ltd")),
                Self.fact(.payeeAccount, .account(Self.creditor)),
                Self.fact(.reference, .text("INV-1042")),
                Self.fact(.message, .text("thanks")),
                Self.fact(.endToEndID, .text("E2E-1")),
                Self.fact(.localInstrument, .codes(["UK.OBIE.FPS"], .localInstrument)),
                Self.fact(
                    .charge,
                    .list([
                        .codes(["UK.OBIE.CHAPSOut"], Fact.Codes("charge_type")),
                        Self.money(.charge, "0.50", "GBP").value,
                        .codes(["BorneByDebtor"], Fact.Codes("charge_paid")),
                    ])
                ),
                Self.fact(.cutOff, Self.moment("2026-11-20T15:00:00Z")),
                Self.fact(.expectedExecution, Self.moment("2026-11-20T16:00:00Z")),
                Self.fact(
                    .paymentContext,
                    .codes(["EcommerceGoods"], Fact.Codes("payment_context"))
                ),
                Self.fact(.merchantCategory, .codes(["5967"], Fact.Codes("merchant_category"))),
                Self.fact(
                    .deliveryAddress,
                    .list([
                        .text("Flat 7"), .text("12 High Street"), .text("London"), .text("N1 9GU"),
                        .codes(["GB"], .country),
                    ])
                ),
                Self.created,
                Self.fact(.instructionID, .text("ACME412")),
                Self.fact(.refundAccount, .codes(["Yes"], Fact.Codes("refund"))),
            ],
            .payer(named: nil)
        )
        #expect(consent.facts.first?.label == .known(.amount))
        #expect(consent.facts.dropFirst().first?.label == .known(.payee))
    }

    @Test("for a later payment says when")
    func scheduled() async throws {
        let consent = try await shown(.of(.ukDomesticScheduledPayment))
        Self.check(
            consent,
            [
                Self.money(.amount, "165.88", "GBP"),
                Self.fact(.payee, .text("Shop Ltd")),
                Self.fact(.payeeAccount, .account(Self.creditor)),
                Self.fact(.executionDate, .day("2026-12-24")),
                Self.created,
            ],
            .payer(named: nil)
        )
    }

    @Test("for a standing order says each amount and each date")
    func standingOrder() async throws {
        let consent = try await shown(.of(.ukDomesticStandingOrder))
        Self.check(
            consent,
            [
                Self.fact(.payee, .text("Shop Ltd")),
                Self.fact(.payeeAccount, .account(Self.creditor)),
                Self.fact(.payerAccount, .account(Self.debtor)),
                Self.money(.firstAmount, "10.01", "GBP"),
                Self.money(.recurringAmount, "20.02", "GBP"),
                Self.money(.finalAmount, "30.03", "GBP"),
                Self.fact(.frequency, .codes(["EvryWorkgDay"], .frequency)),
                Self.fact(.reference, .text("rent")),
                Self.fact(.numberOfPayments, .number("12")),
                Self.fact(.firstPayment, .day("2026-12-01")),
                Self.fact(.finalPayment, .day("2027-11-01")),
                Self.created,
            ],
            .payer(named: Self.debtor)
        )
    }

    // rule: P9
    @Test("for a file of payments says their number and their sum, digit for digit")
    func file() async throws {
        let consent = try await shown(.of(.ukFilePayment))
        Self.check(
            consent,
            [
                Self.fact(.controlSum, .number("11500000.50")),
                Self.fact(.numberOfPayments, .number("200")),
                Self.fact(.fileReference, .text("run 20")),
                Self.fact(.fileType, .text("UK.OBIE.pain.001.001.08")),
                Self.fact(.fileHash, .text("m5ah/h1UjLvJYMxqAoZm")),
                Self.fact(.executionDate, .day("2026-12-24")),
                Self.fact(.payerAccount, .account(Self.debtor)),
                Self.created,
            ],
            .payer(named: Self.debtor)
        )
    }

    @Test("for a payment abroad names the payee before their account, and the rate")
    func international() async throws {
        let consent = try await shown(.of(.ukInternationalPayment))
        let bank = Consent.NamedAccount(
            scheme: "UK.OBIE.BICFI",
            identification: "BOFAUS3N",
            name: "A Bank"
        )
        Self.check(
            consent,
            [
                Self.money(.amount, "165.88", "GBP"),
                Self.fact(.payee, .text("Shop Inc")),
                Self.fact(.payeeAccount, .account(Self.creditor)),
                Self.fact(.payeeAddress, .text("Boston")),
                Self.fact(.payeeBank, .account(bank)),
                Self.fact(.transferCurrency, .codes(["USD"], .currency)),
                Self.fact(.destinationCountry, .codes(["US"], .country)),
                Self.fact(.chargeBearer, .codes(["Shared"], .chargeBearer)),
                Self.fact(.purpose, .codes(["CDCB"], Fact.Codes("purpose"))),
                Self.fact(
                    .exchangeRate,
                    .rate(.init(unit: "GBP", rate: "1.2345", quoted: "USD"))
                ),
                Self.fact(.exchangeRateType, .codes(["Agreed"], .rateType)),
                Self.fact(.exchangeContract, .text("FX-9")),
                Self.fact(.priority, .codes(["Urgent"], Fact.Codes("priority"))),
                Self.created,
            ],
            .payer(named: nil)
        )
    }

    // MARK: Brasil

    @Test(
        "for a Pix says the same in every version, and never stands longer than five minutes",
        arguments: ConsentExample.brasilExamples.dropFirst()
    )
    func pix(_ example: ConsentExample) async throws {
        let consent = try await shown(example)
        let isLater = example.path.hasSuffix("v3")
        let named = Consent.NamedAccount(
            identification: "94088392",
            ispb: "87654321",
            issuer: "0001",
            accountType: "SVGS"
        )
        let isNamed = example.path.hasSuffix("payment")
        let payee = Consent.NamedAccount(
            identification: "1234567890",
            ispb: "12345678",
            issuer: "1774",
            accountType: "CACC"
        )
        Self.check(
            consent,
            [
                Self.money(.amount, "100000.12", "BRL"),
                Self.fact(.payee, .text("Marco de Brito")),
                Self.fact(.payeeDocument, .text("58764789000137")),
                Self.fact(.payeeKind, .codes(["PESSOA_NATURAL"], .personKind)),
                Self.fact(.payeeAccount, .account(payee)),
                Self.fact(.pixKey, .text("12345678901")),
                Self.fact(.localInstrument, .codes(["DICT"], .localInstrument)),
                Self.fact(.paymentType, .codes(["PIX"], .paymentType)),
                Self.fact(.executionDate, .day(isLater ? "2026-12-24" : "2026-11-20")),
                Self.fact(.personDocument, .text("CPF 11111111111")),
                Self.fact(.businessDocument, .text("CNPJ 11111111111111")),
                Self.fact(.consentEnds, Self.moment("2026-11-20T12:04:00Z")),
                Self.created,
                Self.fact(.townCode, .text("5300108")),
            ] + (isNamed ? [Self.fact(.payerAccount, .account(named))] : []),
            .payer(named: isNamed ? named : nil)
        )
        // Lodged at 11:59, so over at 12:04, whatever later moment it names itself.
        #expect(
            consent.endsAt.map { RFC3339.format(milliseconds: $0.milliseconds) }
                == "2026-11-20T12:04:00.000Z"
        )
        #expect(consent.id?.value == "urn:bank:C1DD33123")
    }

    @Test(
        "for a Pix ends with its own expiration or five minutes after it was lodged",
        arguments: [
            ("2026-11-20T12:02:00Z", "2026-11-20T12:02:00.000Z"),
            ("2026-11-20T13:00:00Z", "2026-11-20T12:04:00.000Z"),
        ]
    )
    func fiveMinutes(expiration: String, end: String) async throws {
        let example = ConsentExample.of(.brasilPayment)
        let answer = example.answer.replacing("2026-11-20T12:04:00Z", with: expiration)
        guard
            case .consent(let consent) = await ConsentStage(example, answer: answer)
                .consent(of: example)
        else { throw NotShown() }
        #expect(consent.endsAt.map { RFC3339.format(milliseconds: $0.milliseconds) } == end)
    }

    @Test("for data in Brasil says what, for how long and whose")
    func brasilData() async throws {
        let consent = try await shown(.of(.brasilData))
        let codes = ["ACCOUNTS_READ", "ACCOUNTS_BALANCES_READ", "RESOURCES_READ"]
        Self.check(
            consent,
            [
                Self.fact(.permissions, StandardCodes.permissions(codes, .brasilPermission)),
                Self.fact(.accessEnds, Self.moment("2027-11-20T12:00:00Z")),
                Self.fact(.dataFrom, .day("2026-01-01")),
                Self.fact(.dataUntil, .day("2026-02-01")),
                Self.fact(.personDocument, .text("CPF 76109277673")),
                Self.created,
            ],
            .several(preselected: [])
        )
        #expect(consent.endsAt.map { .moment($0) } == Self.moment("2027-11-20T12:00:00Z"))
    }

    // MARK: FDX, CDR, KSA

    @Test("of FDX says what of which resources goes to whom")
    func fdx() async throws {
        let consent = try await shown(.of(.fdx))
        let clusters = ["ACCOUNT_DETAILED", "TRANSACTIONS"]
        Self.check(
            consent,
            [
                Self.fact(.otherParty, .text("Midwest Lending")),
                Self.fact(.website, .text("https://midwest.example")),
                Self.fact(.resource, .codes(["ACCOUNT"], .resourceType)),
                Self.fact(.permissions, StandardCodes.permissions(clusters, .fdxCluster)),
                Self.fact(.durationType, .codes(["TIME_BOUND"], .durationType)),
                Self.fact(.duration, .days(365)),
                Self.fact(.lookback, .days(60)),
                Self.fact(.accessEnds, Self.moment("2027-11-20T11:59:00Z")),
                Self.created,
            ],
            .several(preselected: [])
        )
        #expect(consent.resources == [.init(type: "ACCOUNT", clusters: clusters)])
    }

    @Test("of CDR says what its scopes mean, and preselects what the old arrangement had")
    func cdr() async throws {
        let consent = try await shown(.of(.cdr))
        let scopes = ["bank:accounts.basic:read", "bank:transactions:read"]
        Self.check(
            consent,
            [
                Self.fact(.permissions, StandardCodes.permissions(scopes, .scope)),
                Self.fact(.sharingType, .codes(["reusable"], .sharingType)),
                Self.fact(.accessEnds, Self.moment("2027-03-01T09:02:27.127932Z")),
                Self.fact(.replacesArrangement, .text("arr-1")),
                Self.fact(.previousSharing, .codes(["reusable"], .sharingType)),
                Self.created,
            ],
            .several(preselected: ["acc-1", "acc-3"])
        )
        #expect(consent.id?.value == "arr-2")
    }

    @Test("of KSA says the little there is")
    func ksa() async throws {
        let consent = try await shown(.of(.ksa))
        Self.check(
            consent,
            [Self.fact(.accessEnds, Self.moment("2027-03-01T09:02:27Z")), Self.created],
            .several(preselected: [])
        )
        #expect(consent.kind == .ksa)
    }
}
