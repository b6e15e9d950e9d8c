import Logins

// Open Finance Brasil, as ACP answers it (`cloudentity.md` 4.3). Versions 1 to 3 of payments differ
// in what is shown by nothing that the reader of what is left over does not take care of.

extension ConsentDecoder {
    /// A payment consent that is not approved by then is dead (`cloudentity.md` 4.3).
    private static let paymentLifetime = Duration.seconds(300)

    private static func dropFrame(_ own: inout ConsentMembers) throws(ConsentProblem) -> Content {
        var content = Content()
        content.id = try own.text("consentId")
        try own.drop("status", "statusUpdateDateTime")
        return content
    }

    static func brasilData(_ own: inout ConsentMembers) throws(ConsentProblem) -> Content {
        var content = try dropFrame(&own)
        var facts: [Fact] = []
        facts.add(.permissions, try own.permissions("permissions", .brasilPermission))
        facts.add(.accessEnds, try own.moment("expirationDateTime"))
        facts.add(.dataFrom, try own.moment("transactionFromDateTime"))
        facts.add(.dataUntil, try own.moment("transactionToDateTime"))
        facts += try document("document", &own, .personDocument)
        facts += try owner("loggedUser", &own, .personDocument)
        facts += try owner("businessEntity", &own, .businessDocument)
        facts.add(.requestedAt, try own.moment("creationDateTime"))
        content.facts = facts + (try own.further())
        content.accounts = .several(preselected: [])
        return content
    }

    static func brasilPayment(
        _ own: inout ConsentMembers,
        created: Timestamp?
    ) throws(ConsentProblem) -> Content {
        var content = try dropFrame(&own)
        var payment = try own.requiredObject("payment")
        var details = try payment.requiredObject("details")
        var after: [Fact] = []
        var facts: [Fact] = []
        facts.add(.amount, .money(try payment.money("amount", "currency")))
        facts += try creditor(&own, &after)
        guard let payee = try account("creditorAccount", &details, &after) else {
            throw .incomplete(details.place("creditorAccount"))
        }
        facts.add(.payeeAccount, .account(payee))
        facts.add(.pixKey, text: try details.text("proxy"))
        facts.add(.localInstrument, code: try details.text("localInstrument"), .localInstrument)
        facts.add(.paymentType, code: try payment.text("type"), .paymentType)
        facts.add(.executionDate, try payment.moment("date"))
        facts += try schedule(&payment, &after)
        let payer = try account("debtorAccount", &own, &after)
        facts.add(.payerAccount, payer.map { .account($0) })
        facts += try owner("loggedUser", &own, .personDocument)
        facts += try owner("businessEntity", &own, .businessDocument)
        let begin = try own.timestamp("creationDateTime")
        facts.add(.requestedAt, begin.map { .moment($0) })
        guard let expiration = try own.timestamp("expirationDateTime") else {
            throw .incomplete(own.place("expirationDateTime"))
        }
        facts.add(.consentEnds, .moment(expiration))
        content.facts =
            facts + after + (try details.further()) + (try payment.further())
            + (try own.further())
        content.accounts = .payer(named: payer)
        let latest = (begin ?? created).map { $0 + paymentLifetime }
        content.endsAt = min(expiration, latest ?? expiration)
        return content
    }

    private static func creditor(
        _ own: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var members = try own.requiredObject("creditor")
        var facts: [Fact] = []
        facts.add(.payee, text: try members.requiredText("name"))
        facts.add(.payeeDocument, text: try members.text("cpfCnpj"))
        facts.add(.payeeKind, code: try members.text("personType"), .personKind)
        after += try members.further("creditor")
        return facts
    }

    private static func account(
        _ name: String,
        _ parent: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Consent.NamedAccount? {
        guard var members = try parent.object(name) else { return nil }
        let account = Consent.NamedAccount(
            identification: try members.requiredText("number"),
            ispb: try members.text("ispb"),
            issuer: try members.text("issuer"),
            accountType: try members.text("accountType")
        )
        after += try members.further(name)
        return account
    }

    /// One day in the future. Payments that repeat are more than the page says in words.
    private static func schedule(
        _ payment: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard var schedule = try payment.object("schedule") else { return [] }
        var facts: [Fact] = []
        if var single = try schedule.object("single") {
            facts.add(.executionDate, try single.requiredMoment("date"))
            after += try single.further("schedule.single")
        }
        try schedule.end()
        return facts
    }

    /// `{document: {identification, rel}}`.
    private static func owner(
        _ name: String,
        _ own: inout ConsentMembers,
        _ label: Fact.Known
    ) throws(ConsentProblem) -> [Fact] {
        guard var owner = try own.object(name) else { return [] }
        let facts = try document("document", &owner, label)
        return facts + (try owner.further(name))
    }

    /// Kind and number of an identity document: `CPF 11111111111`.
    private static func document(
        _ name: String,
        _ parent: inout ConsentMembers,
        _ label: Fact.Known
    ) throws(ConsentProblem) -> [Fact] {
        guard var document = try parent.object(name) else { return [] }
        let number = try document.requiredText("identification")
        let kind = try document.text("rel")
        var facts: [Fact] = []
        facts.add(label, text: kind.map { "\($0) \(number)" } ?? number)
        return facts + (try document.further(name))
    }
}
