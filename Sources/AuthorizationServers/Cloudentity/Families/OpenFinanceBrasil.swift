import Configuration
import HTTP
import JSON
import Logins
import Texts

/// Open Finance Brasil [FA-4]. A start names the consent in a scope (`consent:urn:bank:…`).
extension ConsentStandard {
    static let openFinanceBrasil = ConsentStandard(
        "obbr",
        [BrasilData(), BrasilPayment()],
        scopes: .openFinanceBrasil,
        recognises: { $0.requestedScopes.contains { $0.startsExactly(with: "consent:") } },
        reading: BrasilSettings.families
    )
}

extension Fact.Codes {
    fileprivate static let localInstrument = Self("local_instrument")
    fileprivate static let brasilPermission = Self("brasil_permission")
    fileprivate static let personKind = Self("person_kind")
    fileprivate static let paymentType = Self("payment_type")
}

/// Access to data.
struct BrasilData: ConsentFamily {
    let kind = Consent.Kind("brasil_data", .data)
    let path = "open-banking-brasil/consent"
    let member = "customer_data_access_consent"
    let otherTypes: Set<String> = ["consents"]
    let statusWords = Brasil.statusWords
    /// The codes of `rejection_reason`. A cause that is missing has none.
    var codes = standardCodes

    /// Consents API v2, `EnumReasonCode`.
    static let standardCodes: [RejectionCause: String] = [
        .declined: "CUSTOMER_MANUALLY_REJECTED",
        .fraud: "INTERNAL_SECURITY_REASON",
        .cancelled: "CUSTOMER_MANUALLY_REJECTED",
        .expired: "CONSENT_EXPIRED",
        .failed: "CONSENT_TECHNICAL_ISSUE",
        .changed: "CONSENT_TECHNICAL_ISSUE",
        .mismatch: "INTERNAL_SECURITY_REASON",
    ]

    /// Consents API 2 and 3, `permissions`, in the standard's spelling.
    private static let permissions = PermissionList(
        .brasilPermission,
        [
            .person: [
                "CUSTOMERS_PERSONAL_IDENTIFICATIONS_READ", "CUSTOMERS_PERSONAL_ADITTIONALINFO_READ",
                "CUSTOMERS_BUSINESS_IDENTIFICATIONS_READ", "CUSTOMERS_BUSINESS_ADITTIONALINFO_READ",
            ],
            .accounts: [
                "ACCOUNTS_READ", "ACCOUNTS_BALANCES_READ", "ACCOUNTS_OVERDRAFT_LIMITS_READ",
                "ACCOUNTS_TRANSACTIONS_READ",
            ],
            .cards: [
                "CREDIT_CARDS_ACCOUNTS_READ", "CREDIT_CARDS_ACCOUNTS_LIMITS_READ",
                "CREDIT_CARDS_ACCOUNTS_TRANSACTIONS_READ", "CREDIT_CARDS_ACCOUNTS_BILLS_READ",
                "CREDIT_CARDS_ACCOUNTS_BILLS_TRANSACTIONS_READ",
            ],
            .credit: [
                "LOANS_READ", "LOANS_WARRANTIES_READ", "LOANS_SCHEDULED_INSTALMENTS_READ",
                "LOANS_PAYMENTS_READ", "FINANCINGS_READ", "FINANCINGS_WARRANTIES_READ",
                "FINANCINGS_SCHEDULED_INSTALMENTS_READ", "FINANCINGS_PAYMENTS_READ",
                "UNARRANGED_ACCOUNTS_OVERDRAFT_READ",
                "UNARRANGED_ACCOUNTS_OVERDRAFT_WARRANTIES_READ",
                "UNARRANGED_ACCOUNTS_OVERDRAFT_SCHEDULED_INSTALMENTS_READ",
                "UNARRANGED_ACCOUNTS_OVERDRAFT_PAYMENTS_READ", "INVOICE_FINANCINGS_READ",
                "INVOICE_FINANCINGS_WARRANTIES_READ",
                "INVOICE_FINANCINGS_SCHEDULED_INSTALMENTS_READ",
                "INVOICE_FINANCINGS_PAYMENTS_READ",
            ],
            .investments: [
                "BANK_FIXED_INCOMES_READ", "CREDIT_FIXED_INCOMES_READ", "FUNDS_READ",
                "VARIABLE_INCOMES_READ", "TREASURE_TITLES_READ", "EXCHANGES_READ",
            ],
            .other: ["RESOURCES_READ"],
        ]
    )

    func isMeant(by login: PendingLogin.Details) -> Bool {
        Brasil.isLodged(login) && !login.requestedScopes.contains("payments")
    }

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = try Brasil.content(&own)
        content.facts = try own.facts(
            (.permissions, "permissions", .permissions(Self.permissions))
        )
        content.facts += try own.deadline(.accessEnds, "expirationDateTime", &content.expiry)
        content.facts += try own.facts(
            // Days of UTC: the standard has these times in no other zone.
            (.dataFrom, "transactionFromDateTime", .dayOrMoment),
            (.dataUntil, "transactionToDateTime", .dayOrMoment)
        )
        content.facts += try Brasil.document("document", &own, .personDocument)
        content.facts += try Brasil.owners(&own)
        if var journey = try own.object("journey") {
            content.facts += try journey.facts(
                (.linked, "isLinked", .flag),
                (.linkedRequest, "linkId", .text)
            )
            content.facts += try journey.further("journey")
        }
        content.facts += try own.facts((.requestedAt, "creationDateTime", .moment))
        content.facts += try own.further()
        content.accounts = .several(preselected: [])
        return content
    }

    func rejectionCode(_ cause: RejectionCause) -> String? { codes[cause] }
}

/// A payment. Versions 1 to 3 are decoded alike: members that only one version has are shown by
/// their own names.
struct BrasilPayment: ConsentFamily {
    /// Days are those of Brasília, which has had no summer time since 2019.
    let kind = Consent.Kind(
        "brasil_payment",
        .payment,
        dayOffset: .seconds(-3 * 3600),
        accountRules: [.institution]
    )
    /// Without a version, unlike the addresses [OP-2].
    let path = "open-banking-brasil/payment"
    let member = "customer_payment_consent"
    let statusWords = Brasil.statusWords
    /// The versions that are fetched, in this order; each is 1, 2 or 3.
    var versions = standardVersions
    /// The codes of `rejection_reason`. A cause that is missing has none.
    var codes = standardCodes

    static let standardVersions = [3, 2, 1]
    /// Payments API v3, `EnumConsentRejectionReasonType`.
    static let standardCodes: [RejectionCause: String] = [
        .declined: "REJEITADO_USUARIO",
        .fraud: "REJEITADO_USUARIO",
        .cancelled: "REJEITADO_USUARIO",
        .expired: "TEMPO_EXPIRADO_AUTORIZACAO",
        .failed: "FALHA_INFRAESTRUTURA",
        .changed: "NAO_INFORMADO",
        .mismatch: "NAO_INFORMADO",
    ]

    /// A payment consent expires 5 minutes after it was lodged, unless it is approved [CD-6].
    private static let lifetime = Duration.seconds(300)

    var addresses: [ConsentAddress] {
        versions.map { version in
            ConsentAddress(
                family: self,
                path: version == 1 ? path : "\(path)/v\(version)",
                member: version == 1 ? member : "\(member)_v\(version)",
                otherTypes: ["payments", "payments_v\(version)", "customer_payment"]
            )
        }
    }

    func isMeant(by login: PendingLogin.Details) -> Bool {
        Brasil.isLodged(login) && login.requestedScopes.contains("payments")
    }

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = try Brasil.content(&own)
        var payment = try own.requiredObject("payment")
        var details = try payment.requiredObject("details")
        var after: [Fact] = []
        content.facts.add(.amount, .money(try payment.money("amount", "currency")))
        content.facts += try creditor(&own, &after)
        guard let payee = try account("creditorAccount", &details, &after) else {
            throw .incomplete(details.place("creditorAccount"))
        }
        content.facts.add(.payeeAccount, .account(payee))
        content.facts += try details.facts(
            (.pixKey, "proxy", .text),
            (.qrCode, "qrCode", .text),
            (.localInstrument, "localInstrument", .oneOf(Self.instruments))
        )
        content.facts += try payment.facts(
            (.paymentType, "type", .oneOf(Self.types)),
            (.executionDate, "date", .day(.brasilia))
        )
        content.facts += try schedule(&payment, &content)
        // In the payment or beside it, which depends on the version.
        let rows: KeyValuePairs<Fact.Known, String> = [
            .message: "remittanceInformation", .transactionID: "transactionIdentification",
            .endToEndID: "endToEndId", .townCode: "ibgeTownCode",
        ]
        for (label, name) in rows {
            let texts = [try payment.text(name), try own.text(name)]
            content.facts.add(label, text: try own.one(texts, name))
        }
        let payer = try account("debtorAccount", &own, &after)
        content.facts.add(.payerAccount, payer.map { .account($0) })
        content.facts += try Brasil.owners(&own)
        let lodged = try own.timestamp("creationDateTime")
        content.facts.add(.requestedAt, lodged.map { .moment($0) })
        guard let expiration = try own.timestamp("expirationDateTime") else {
            throw .incomplete(own.place("expirationDateTime"))
        }
        content.facts.add(.consentEnds, .moment(expiration))
        content.facts += after
        content.facts += try details.further()
        content.facts += try payment.further()
        content.facts += try own.further()
        content.accounts = .payer(named: payer)
        let latest = (lodged ?? envelope.created).map { $0 + Self.lifetime }
        content.endsAt = min(expiration, latest ?? expiration)
        return content
    }

    private func creditor(
        _ own: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var members = try own.requiredObject("creditor")
        // Without a name, which the standard requires, the account number names the payee.
        let facts = try members.facts(
            (.payee, "name", .text),
            (.payeeDocument, "cpfCnpj", .text),
            (.payeeKind, "personType", .oneOf(Self.payeeKinds))
        )
        after += try members.further("creditor")
        return facts
    }

    private func account(
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

    /// One later day, or several: version 4 has payments that repeat.
    private func schedule(
        _ payment: inout ConsentMembers,
        _ content: inout ConsentContent
    ) throws(ConsentProblem) -> [Fact] {
        guard var schedule = try payment.object("schedule") else { return [] }
        let kinds = ["single", "daily", "weekly", "monthly", "custom"]
        guard kinds.count(where: { schedule.has($0) }) <= 1 else {
            throw .contradictory(payment.place("schedule"))
        }
        var facts: [Fact] = []
        if var single = try schedule.object("single") {
            facts += try single.facts((.executionDate, "date", .required(.day(.brasilia))))
            try single.end()
        }
        for name in ["daily", "weekly", "monthly"] {
            guard var series = try schedule.object(name) else { continue }
            let frequency: String
            switch name {
            case "daily": frequency = "EvryDay"
            case "weekly":
                let day = try series.requiredText("dayOfWeek")
                guard let number = Self.weekdays.firstIndex(where: day.isExactly) else {
                    throw .unknownCode(series.place("dayOfWeek"))
                }
                frequency = "IntrvlWkDay:01:0\(number + 1)"
            default:
                let day = try series.digits("dayOfMonth") ?? ""
                frequency = "IntrvlMnthDay:01:" + (day.utf8.count == 1 ? "0" : "") + day
            }
            guard StandingOrderFrequency(frequency) != nil else {
                throw .unknownCode(series.place("dayOfMonth"))
            }
            content.subject = .standingOrder
            facts.add(.frequency, .codes([frequency], .frequency))
            facts += try series.facts(
                (.firstPayment, "startDate", .required(.day(.brasilia))),
                (.numberOfPayments, "quantity", .required(.countAboveZero))
            )
            try series.end()
        }
        if var custom = try schedule.object("custom") {
            let dates = try custom.texts("dates") ?? []
            guard !dates.isEmpty else { throw .incomplete(custom.place("dates")) }
            for date in dates where RFC3339.parse(date + "T00:00:00Z") == nil {
                throw .incomplete(custom.place("dates"))
            }
            content.subject = .standingOrder
            facts.add(.paymentDates, .group(dates.map { .day($0) }))
            facts += try custom.facts((.message, "additionalInformation", .text))
            try custom.end()
        }
        try schedule.end()
        return facts
    }

    /// From Monday.
    private static let weekdays = [
        "SEGUNDA_FEIRA", "TERCA_FEIRA", "QUARTA_FEIRA", "QUINTA_FEIRA", "SEXTA_FEIRA", "SABADO",
        "DOMINGO",
    ]
    private static let instruments = ClosedList(
        .localInstrument,
        ["MANU", "DICT", "QRDN", "QRES", "INIC"]
    )
    private static let types = ClosedList(.paymentType, ["PIX", "TED", "TEF"])
    private static let payeeKinds = ClosedList(.personKind, ["PESSOA_NATURAL", "PESSOA_JURIDICA"])

    /// The debited account by its parts, in snake case unlike in the consent [BO-3]. If the bank
    /// does not name them, the consent may.
    func acceptance(_ approval: Approval) throws(Unreportable) -> ReportMembers {
        var number = approval.accounts.first?.allNumbers.first { $0.ispb != nil }
        if number == nil, case .payer(let named) = approval.consent?.accounts { number = named }
        return { [number] json in
            json.member("account_ids", approval.grant.accounts)
            guard let number else { return }
            json.name("debtor_account")
            json.object { json in
                json.member("account_type", number.accountType)
                json.member("ispb", number.ispb)
                json.member("issuer", number.issuer)
                json.member("number", number.identification)
            }
        }
    }

    func rejectionCode(_ cause: RejectionCause) -> String? { codes[cause] }
}

/// What data and payments share.
private enum Brasil {
    /// A consent that some of several people have approved awaits the others.
    static let statusWords = StatusWords.acp.adding(.partlyApproved, "PARTIALLY_ACCEPTED")

    /// Whether the start names a consent that ACP has an interface for: automatic payments have
    /// none [OP-3].
    static func isLodged(_ login: PendingLogin.Details) -> Bool {
        login.namesConsent
            && !login.requestedScopes.contains { $0.startsExactly(with: "recurring-") }
    }

    static func content(_ own: inout ConsentMembers) throws(ConsentProblem) -> ConsentContent {
        let id = try own.text("consentId")
        try own.drop("status", "statusUpdateDateTime")
        own.dropProgress("rejection", "rejectionReason")
        return ConsentContent(id: id)
    }

    /// The logged-in user and the company that the user acts for.
    static func owners(_ own: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        let labels: KeyValuePairs<String, Fact.Known> = [
            "loggedUser": .personDocument, "businessEntity": .businessDocument,
        ]
        for (name, label) in labels {
            guard var owner = try own.object(name) else { continue }
            facts += try document("document", &owner, label)
            facts += try owner.further(name)
        }
        return facts
    }

    /// Type and number of an identity document: `CPF 11111111111`. The type says how many digits the
    /// number has; a standard that requires it is not always followed, and then the number says it.
    static func document(
        _ name: String,
        _ parent: inout ConsentMembers,
        _ label: Fact.Known
    ) throws(ConsentProblem) -> [Fact] {
        guard var document = try parent.object(name) else { return [] }
        let place = document.place("identification")
        let text: String
        if let digits = document.wholeNumber("identification") {
            text = digits
        } else {
            text = try document.requiredText("identification")
        }
        let types: [Bool]
        switch try document.text("rel") {
        case "CPF": types = [false]
        case "CNPJ": types = [true]
        case nil: types = [false, true]
        default: throw .unknownCode(document.place("rel"))
        }
        let read = types.compactMap { IdentityDocument(exactly: text, isCompany: $0) }.first
        guard let read else { throw .incomplete(place) }
        let type = read.isCompany ? "CNPJ" : "CPF"
        return [Fact(.known(label), .text("\(type) \(read.number)"))]
            + (try document.further(name))
    }
}

/// What the standard's families are configured with: the group `outbound`.
private enum BrasilSettings {
    static func families(_ section: Section) -> [any ConsentFamily] {
        let versions = versions(section)
        let codes = section.group(
            "rejection_codes",
            "The reason codes sent to Open Finance Brasil for a rejected consent."
        )
        let families: [any ConsentFamily] = [
            BrasilData(
                codes: Self.codes(codes, "data", BrasilData.standardCodes, "Of data consents.")
            ),
            BrasilPayment(
                versions: versions,
                codes: Self.codes(
                    codes,
                    "payments",
                    BrasilPayment.standardCodes,
                    "Of payment consents."
                )
            ),
        ]
        codes.end()
        return families
    }

    private static func versions(_ section: Section) -> [Int] {
        let key = "brasil_payment_versions"
        var versions: [Int] = []
        let elements = section.elements(
            key,
            default: "\(BrasilPayment.standardVersions)",
            """
            The versions of payment consents in Brasil that are looked up, in this order. ACP has \
            no API for later versions: their logins are rejected as unsupported.
            """
        )
        for (position, node) in elements {
            guard case .number(let number) = node.value, let version = Int(exactly: number),
                (1...3).contains(version), !versions.contains(version)
            else {
                section.problem(
                    key,
                    at: position,
                    node,
                    "must be 1, 2 or 3, each at most once; ACP has no API for later versions, whose "
                        + "consents are rejected as unsupported"
                )
                continue
            }
            versions.append(version)
        }
        if section.isEmptyList(key) { section.problem(key, "must not be empty") }
        return section.has(key) ? versions : BrasilPayment.standardVersions
    }

    private static func codes(
        _ section: Section,
        _ key: String,
        _ standard: [RejectionCause: String],
        _ about: String
    ) -> [RejectionCause: String] {
        let group = section.group(key, about)
        var codes: [RejectionCause: String] = [:]
        for cause in RejectionCause.allCases {
            codes[cause] = group.text(cause.rawValue, default: standard[cause], "")
        }
        group.end()
        return codes
    }
}
