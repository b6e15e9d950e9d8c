import Testing

/// Consents and reports that are wrong in one place, with the place.
enum ConsentMistakes {
    /// A body with one mistake: what stands instead of a text in the example.
    struct Lodging: Sendable, CustomTestStringConvertible {
        let family: String
        let text: String
        let instead: String
        let path: String
        var testDescription: String { "\(family): \(instead.isEmpty ? "no \(text)" : instead)" }
    }

    static let lodgings = [
        Lodging(
            family: "obuk.account_access",
            text: #""ReadBalances""#,
            instead: #""ReadEverything""#,
            path: "Data.Permissions[1]"
        ),
        Lodging(
            family: "obuk.account_access",
            text: #","Risk":{}"#,
            instead: "",
            path: "Risk"
        ),
        Lodging(
            family: "obuk.account_access",
            text: "2027-05-02T00:00:00+00:00",
            instead: "tomorrow",
            path: "Data.ExpirationDateTime"
        ),
        Lodging(
            family: "obuk.domestic_payment",
            text: #""165.88""#,
            instead: "165.88",
            path: "Data.Initiation.InstructedAmount.Amount"
        ),
        Lodging(
            family: "obuk.domestic_payment",
            text: #""165.88""#,
            instead: #""-1""#,
            path: "Data.Initiation.InstructedAmount.Amount"
        ),
        Lodging(
            family: "obuk.domestic_payment",
            text: #""165.88""#,
            instead: #""1e9""#,
            path: "Data.Initiation.InstructedAmount.Amount"
        ),
        Lodging(
            family: "obuk.domestic_payment",
            text: #""GBP""#,
            instead: #""gbp""#,
            path: "Data.Initiation.InstructedAmount.Currency"
        ),
        Lodging(
            family: "obuk.domestic_payment",
            text: #","Name":"Shop Ltd""#,
            instead: "",
            path: "Data.Initiation.CreditorAccount.Name"
        ),
        Lodging(
            family: "obuk.domestic_payment",
            text: #""Reference":"INV-1042""#,
            instead: #""Ref":"INV-1042""#,
            path: "Data.Initiation.RemittanceInformation.Ref"
        ),
        Lodging(
            family: "obuk.domestic_scheduled_payment",
            text: #""Permission":"Create","#,
            instead: "",
            path: "Data.Permission"
        ),
        Lodging(
            family: "obuk.domestic_standing_order",
            text: #""Frequency":"EvryDay","#,
            instead: "",
            path: "Data.Initiation.Frequency"
        ),
        Lodging(
            family: "obuk.file_payment",
            text: "3459.30",
            instead: #""3459.30""#,
            path: "Data.Initiation.ControlSum"
        ),
        Lodging(
            family: "obbr.data",
            text: #""rel":"CPF""#,
            instead: #""rel":"RG""#,
            path: "data.loggedUser.document.rel"
        ),
        Lodging(
            family: "obbr.payment_v3",
            text: "1234.56",
            instead: "1234.5",
            path: "data.payment.amount"
        ),
        Lodging(
            family: "obbr.payment_v1",
            text: #""date":"2026-11-20","#,
            instead: #""schedule":{"single":{"date":"2026-11-21"}},"#,
            path: "data.payment.schedule"
        ),
        Lodging(
            family: "obbr.payment_v2",
            text: #""PIX""#,
            instead: #""TED""#,
            path: "data.payment.type"
        ),
        Lodging(
            family: "fdx",
            text: "resourceType",
            instead: "resouceType",
            path: "resources[0].resourceType"
        ),
        Lodging(
            family: "cdr",
            text: #""reusable""#,
            instead: #""forever""#,
            path: "sharing_type"
        ),
        Lodging(family: "ksa", text: "expiry", instead: "expires", path: "expiry"),
    ]

    /// A report with one mistake.
    struct Report: Sendable, CustomTestStringConvertible {
        let family: String
        var decision = "accept"
        /// In place of what the example sends; nil for the example's.
        var members: String?
        /// Left as it is unless given: `login_state` comes first in every body.
        var extra = ""
        var status = 400
        let rule: String
        var path: String?
        var testDescription: String { "\(family) \(decision): \(members ?? "") \(extra)" }
    }

    static let payer = #""account_ids":["94088392"]"#
    private static let debtor =
        #""account_type":"CACC","ispb":"12345678","issuer":"1774","number":"94088392""#

    static let reports: [Report] =
        ["obuk.account_access", "obbr.data", "cdr", "ksa"].flatMap { family in
            [
                Report(family: family, members: "", rule: "call.member", path: "account_ids"),
                Report(
                    family: family,
                    members: #""account_ids":[]"#,
                    rule: "call.member",
                    path: "account_ids"
                ),
                Report(
                    family: family,
                    members: #""account_ids":["acc-1","acc-9"]"#,
                    rule: "call.member",
                    path: "account_ids"
                ),
                Report(
                    family: family,
                    members: #""account_ids":["acc-1","acc-1"]"#,
                    rule: "call.member",
                    path: "account_ids"
                ),
                Report(
                    family: family,
                    members: #""account_ids":"acc-1""#,
                    rule: "call.member",
                    path: "account_ids"
                ),
                Report(
                    family: family,
                    members: #""accountIds":["acc-1"]"#,
                    rule: "call.member",
                    path: "accountIds"
                ),
            ]
        }
        + ["obuk.domestic_payment", "obuk.file_payment", "obbr.payment_v1"].flatMap { family in
            [
                Report(family: family, members: "", rule: "call.member", path: "account_ids"),
                Report(
                    family: family,
                    members: #""account_ids":["acc-1","acc-2"]"#,
                    rule: "call.member",
                    path: "account_ids"
                ),
            ]
        } + [
            Report(
                family: "obbr.payment_v3",
                members: payer,
                rule: "call.member",
                path: "debtor_account"
            ),
            Report(
                family: "obbr.payment_v3",
                members: payer + #","debtorAccount":{\#(debtor)}"#,
                rule: "call.member",
                path: "debtorAccount"
            ),
            Report(
                family: "obbr.payment_v2",
                members: payer
                    + #","debtor_account":{"accountType":"CACC","ispb":"12345678","number":"9"}"#,
                rule: "call.member",
                path: "debtor_account.account_type"
            ),
            Report(
                family: "obbr.payment_v2",
                members: payer + #","debtor_account":{\#(debtor),"name":"x"}"#,
                rule: "call.member",
                path: "debtor_account.name"
            ),
            Report(
                family: "fdx",
                members: #""resources":[{"id":"acc-1","resourceType":"ACCOUNT"}]"#,
                rule: "call.member",
                path: "resources[0].resouceType"
            ),
            Report(
                family: "fdx",
                members: #""resources":[{"id":"acc-1","resouceType":"CUSTOMER"}]"#,
                rule: "call.member",
                path: "resources[0].resouceType"
            ),
            Report(
                family: "fdx",
                members: #""resources":[{"id":"acc-1","resouceType":"ACCOUNT","#
                    + #""dataClusters":["TAX"]}]"#,
                rule: "call.member",
                path: "resources[0].dataClusters"
            ),
            Report(
                family: "fdx",
                members: #""resources":[{"id":"acc-9","resouceType":"ACCOUNT"}]"#,
                rule: "call.member",
                path: "resources[0].id"
            ),
            Report(
                family: "fdx",
                members: #""account_ids":["acc-1"]"#,
                rule: "call.member",
                path: "resources"
            ),
            Report(
                family: "cdr",
                decision: "reject",
                members: #""id":"LOGIN""#,
                rule: "call.member",
                path: "id"
            ),
            Report(
                family: "obbr.data",
                decision: "reject",
                members: #""rejection_reason":"no""#,
                rule: "call.member",
                path: "rejection_reason"
            ),
            Report(
                family: "ksa",
                decision: "reject",
                members: #""status_code":"403""#,
                rule: "call.member",
                path: "status_code"
            ),
            Report(
                family: "obuk.account_access",
                decision: "reject",
                members: #""id":"another""#,
                rule: "call.malformed_body"
            ),
        ]
}
