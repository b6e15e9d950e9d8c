import JSON
import Logins
import TestSupport
import Testing

/// A complete answer of each family, and the login that it belongs to.
struct ConsentExample: Sendable, CustomTestStringConvertible {
    let kind: Consent.Kind
    /// Of the GET, after the base.
    let path: String
    let member: String
    /// What stands in the envelope beside what all have.
    let type: String?
    let scopes: [String]
    let consentID: String?
    let workspace: String
    /// The family's own member.
    let content: String
    /// Of the envelope beside it.
    var beside = ""

    var testDescription: String { path }

    static let created = "2026-11-20T11:59:00Z"

    var answer: String {
        if !kind.isLodged { return content }
        let scopes = self.scopes.map { #"{"name":"\#($0)","requested_name":"\#($0)"}"# }
        let type = self.type.map { #""type":"\#($0)","# } ?? ""
        let id = consentID.map { #""consent_id":"\#($0)","# } ?? ""
        return """
            {\(id)\(type)"status":"AwaitingAuthorisation","subject":"pairwise","client_id":"tpp-1",
             "client_info":{"client_name":"Shop"},"account_ids":[],"created_at":"\(Self.created)",
             "tenant_id":"bank","server_id":"\(workspace)","authentication_context":{},
             "requested_scopes":[\(scopes.joined(separator: ","))],\(beside)
             "\(member)":\(content)}
            """
    }

    /// As a tree, to be changed.
    func tree() throws -> JSONValue { try JSONValue(Array(answer.utf8)) }

    var details: PendingLogin.Details {
        PendingLogin.Details(
            user: .named("ann"),
            workspace: .named(workspace),
            client: .named("tpp-1"),
            clientName: "Told",
            requestedScopes: scopes,
            consentID: workspace == "uk" || workspace == "br" ? consentID.map { .named($0) } : nil,
            state: "s1"
        )
    }

    static let all: [ConsentExample] = ukExamples + brasilExamples + sharingExamples

    /// A plain login, for which ACP has a scope grant in place of a consent [CD-5].
    static let scopeGrant = ConsentExample(
        kind: .scopes,
        path: "scope-grants",
        member: "requested_scopes",
        type: nil,
        scopes: ["openid", "loyalty:7"],
        consentID: nil,
        workspace: "plain",
        content: #"""
            {"id":"l1","client_id":"tpp-1","tenant_id":"bank","server_id":"plain",
             "client_info":{"client_name":"Shop"},"subject":"pairwise","requested_acr":["1"],
             "requested_scopes":[
               {"name":"openid","requested_name":"openid","display_name":"Sign in"},
               {"name":"loyalty:*","requested_name":"loyalty:7","description":"One account",
                "implicit_grant":false}],
             "requested_claims_to_consent":["email","birthdate"],"authorization_details":[],
             "requested_grant_type":"ciba","request_query_params":{},
             "scope_grant_approved":false,"scope_grant_rejected":false}
            """#
    )

    static func of(_ kind: Consent.Kind) -> ConsentExample {
        guard let example = all.first(where: { $0.kind == kind }) else {
            preconditionFailure("there is an example of \(kind)")
        }
        return example
    }

    // MARK: Open Banking UK

    private static func uk(
        _ kind: Consent.Kind,
        _ type: String,
        scope: String = "payments",
        _ content: String
    ) -> ConsentExample {
        let id = "c-\(type)"
        let frame = """
            "ConsentId":"\(id)","Status":"AwaitingAuthorisation","CreationDateTime":"\(created)",
            "StatusUpdateDateTime":"\(created)"
            """
        return ConsentExample(
            kind: kind,
            path: "open-banking/" + type.replacing("_", with: "-") + "-consent",
            member: type + "_consent",
            type: type,
            scopes: ["openid", scope],
            consentID: id,
            workspace: "uk",
            content: "{\(frame),\(content)}"
        )
    }

    private static let creditor = #"""
        "CreditorAccount":{"SchemeName":"UK.OBIE.SortCodeAccountNumber",
          "Identification":"08080021325698","Name":"Shop Ltd","SecondaryIdentification":"roll 7"}
        """#
    private static let debtor = #"""
        "DebtorAccount":{"SchemeName":"UK.OBIE.IBAN","Identification":"GB29NWBK60161331926819",
          "Name":"Ann Other"}
        """#
    private static let amount = #""InstructedAmount":{"Amount":"165.88","Currency":"GBP"}"#
    private static let abroad = #"""
        "CurrencyOfTransfer":"USD","DestinationCountryCode":"US","ChargeBearer":"Shared",
        "Purpose":"CDCB","Creditor":{"Name":"Shop Inc","PostalAddress":{"TownName":"Boston"}},
        "CreditorAgent":{"SchemeName":"UK.OBIE.BICFI","Identification":"BOFAUS3N","Name":"A Bank"},
        "ExchangeRateInformation":{"UnitCurrency":"GBP","ExchangeRate":1.2345,
          "RateType":"Agreed","ContractIdentification":"FX-9"}
        """#
    private static let schedule = #""RequestedExecutionDateTime":"2026-12-24T09:00:00+00:00""#
    private static let order = #"""
        "Frequency":"EvryWorkgDay","Reference":"rent","NumberOfPayments":"12",
        "FirstPaymentDateTime":"2026-12-01T00:00:00Z","FinalPaymentDateTime":"2027-11-01T00:00:00Z"
        """#
    private static let orderAmounts = #"""
        "FirstPaymentAmount":{"Amount":"10.01","Currency":"GBP"},
        "RecurringPaymentAmount":{"Amount":"20.02","Currency":"GBP"},
        "FinalPaymentAmount":{"Amount":"30.03","Currency":"GBP"}
        """#

    static let ukExamples: [ConsentExample] = [
        uk(
            .ukAccountAccess,
            "account_access",
            scope: "accounts",
            #"""
            "Permissions":["ReadAccountsBasic","ReadBalances"],
            "ExpirationDateTime":"2027-02-18T11:59:00Z",
            "TransactionFromDateTime":"2026-01-01T00:00:00Z",
            "TransactionToDateTime":"2026-11-20T00:00:00Z"
            """#
        ),
        uk(
            .ukDomesticPayment,
            "domestic_payment",
            #"""
            "Initiation":{"InstructionIdentification":"ACME412","EndToEndIdentification":"E2E-1",
              \#(amount),\#(creditor),"LocalInstrument":"UK.OBIE.FPS",
              "RemittanceInformation":{"Reference":"INV-1042","Unstructured":"thanks"},
              "SupplementaryData":{}},
            "Charges":[{"Type":"UK.OBIE.CHAPSOut","ChargeBearer":"BorneByDebtor",
              "Amount":{"Amount":"0.50","Currency":"GBP"}}],
            "CutOffDateTime":"2026-11-20T15:00:00Z",
            "ExpectedExecutionDateTime":"2026-11-20T16:00:00Z",
            "PaymentContextCode":"EcommerceGoods","MerchantCategoryCode":"5967",
            "DeliveryAddress":{"AddressLine":["Flat 7"],"StreetName":"High Street",
              "BuildingNumber":"12","PostCode":"N1 9GU","TownName":"London","Country":"GB"},
            "ReadRefundAccount":"Yes"
            """#
        ),
        uk(
            .ukDomesticScheduledPayment,
            "domestic_scheduled_payment",
            #""Permission":"Create","Initiation":{\#(amount),\#(creditor),\#(schedule)}"#
        ),
        uk(
            .ukDomesticStandingOrder,
            "domestic_standing_order",
            #""Permission":"Create","Initiation":{\#(order),\#(orderAmounts),\#(creditor),\#(debtor)}"#
        ),
        uk(
            .ukFilePayment,
            "file_payment",
            #"""
            "Initiation":{"FileType":"UK.OBIE.pain.001.001.08","FileHash":"m5ah/h1UjLvJYMxqAoZm",
              "FileReference":"run 20","NumberOfTransactions":"200","ControlSum":11500000.50,
              "RequestedExecutionDateTime":"2026-12-24T09:00:00Z",\#(debtor)}
            """#
        ),
        uk(
            .ukInternationalPayment,
            "international_payment",
            #""Initiation":{\#(amount),\#(creditor),\#(abroad),"InstructionPriority":"Urgent"}"#
        ),
        uk(
            .ukInternationalScheduledPayment,
            "international_scheduled_payment",
            #""Permission":"Create","Initiation":{\#(amount),\#(creditor),\#(abroad),\#(schedule)}"#
        ),
        uk(
            .ukInternationalStandingOrder,
            "international_standing_order",
            #"""
            "Permission":"Create","Initiation":{\#(amount),\#(creditor),"CurrencyOfTransfer":"EUR",
              \#(order)}
            """#
        ),
    ]

    // MARK: Open Finance Brasil

    private static func brasil(
        _ kind: Consent.Kind,
        _ path: String,
        _ member: String,
        _ type: String,
        _ content: String
    ) -> ConsentExample {
        let id = "urn:bank:C1DD33123"
        let frame = """
            "consentId":"\(id)","status":"AWAITING_AUTHORISATION","creationDateTime":"\(created)",
            "statusUpdateDateTime":"\(created)"
            """
        return ConsentExample(
            kind: kind,
            path: "open-banking-brasil/" + path,
            member: member,
            type: type,
            scopes: ["openid", "consent:" + id] + (kind == .brasilPayment ? ["payments"] : []),
            consentID: id,
            workspace: "br",
            content: "{\(frame),\(content)}"
        )
    }

    private static func pix(_ schedule: String) -> String {
        #"""
        "expirationDateTime":"2026-11-20T12:04:00Z",
        "payment":{"type":"PIX","amount":"100000.12","currency":"BRL",\#(schedule),
          "ibgeTownCode":"5300108","details":{"localInstrument":"DICT","proxy":"12345678901",
            "creditorAccount":{"ispb":"12345678","issuer":"1774","number":"1234567890",
              "accountType":"CACC"}}},
        "creditor":{"name":"Marco de Brito","cpfCnpj":"58764789000137",
          "personType":"PESSOA_NATURAL"},
        "loggedUser":{"document":{"identification":"11111111111","rel":"CPF"}},
        "businessEntity":{"document":{"identification":"11111111111111","rel":"CNPJ"}}
        """#
    }

    static let brasilExamples: [ConsentExample] = [
        brasil(
            .brasilData,
            "consent",
            "customer_data_access_consent",
            "consents",
            #"""
            "permissions":["ACCOUNTS_READ","ACCOUNTS_BALANCES_READ","RESOURCES_READ"],
            "expirationDateTime":"2027-11-20T12:00:00Z",
            "transactionFromDateTime":"2026-01-01T00:00:00Z",
            "transactionToDateTime":"2026-02-01T23:59:59Z",
            "document":{"identification":"76109277673","rel":"CPF"}
            """#
        ),
        brasil(
            .brasilPayment,
            "payment/v3",
            "customer_payment_consent_v3",
            "payments",
            pix(#""schedule":{"single":{"date":"2026-12-24"}}"#)
        ),
        brasil(
            .brasilPayment,
            "payment/v2",
            "customer_payment_consent_v2",
            "payments",
            pix(#""date":"2026-11-20""#)
        ),
        brasil(
            .brasilPayment,
            "payment",
            "customer_payment_consent",
            "payments",
            pix(#""date":"2026-11-20""#) + #"""
                ,"debtorAccount":{"ispb":"87654321","issuer":"0001","number":"94088392",
                  "accountType":"SVGS"}
                """#
        ),
    ]

    // MARK: FDX, CDR, KSA

    static let sharingExamples: [ConsentExample] = [
        ConsentExample(
            kind: .fdx,
            path: "fdx/fdx",
            member: "fdx_consent",
            type: "fdx_consent",
            scopes: ["openid"],
            consentID: "fdx-1",
            workspace: "fdx",
            content: #"""
                {"id":"fdx-1","status":"AWAITING","createdTime":"2026-11-20T11:59:00Z",
                 "durationType":"TIME_BOUND","durationPeriod":365,"lookbackPeriod":60,
                 "expirationTime":"2027-11-20T11:59:00Z",
                 "resources":[{"resourceType":"ACCOUNT",
                   "dataClusters":["ACCOUNT_DETAILED","TRANSACTIONS"]}],
                 "parties":[{"name":"Midwest Lending","homeUri":"https://midwest.example",
                   "logoUri":"https://midwest.example/logo.png"}]}
                """#
        ),
        ConsentExample(
            kind: .cdr,
            path: "cdr/cdr-arrangement",
            member: "cdr_arrangement",
            type: nil,
            scopes: ["openid", "bank:accounts.basic:read", "bank:transactions:read"],
            consentID: nil,
            workspace: "cdr",
            content: #"""
                {"cdr_arrangement_id":"arr-2","amending_arrangement_id":"arr-1","status":"",
                 "sharing_type":"reusable","expiry":"2027-03-01T09:02:27.127932Z",
                 "created_at":"2026-11-20T11:59:00Z","account_ids":[],"spec_version":"v1"}
                """#,
            beside: #"""
                "previous_cdr_arrangement":{"cdr_arrangement_id":"arr-1",
                  "account_ids":["acc-1","acc-3"],"sharing_type":"reusable"},
                """#
        ),
        ConsentExample(
            kind: .ksa,
            path: "ksa/consent",
            member: "ksa_consent",
            type: "ksa_consent",
            scopes: ["openid", "accounts"],
            consentID: "ksa-1",
            workspace: "ksa",
            content: #"""
                {"consent_id":"ksa-1","client_id":"tpp-1","status":"AwaitingAuthorisation",
                 "created_at":"2026-11-20T11:59:00Z","expiry":"2027-03-01T09:02:27Z"}
                """#
        ),
    ]
}
