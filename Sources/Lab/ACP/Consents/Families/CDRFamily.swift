import HTTP
import JSON

/// Australia's Consumer Data Right. Its standard has no place to lodge an arrangement, so the body is
/// the simulator's own: `cdr_arrangement_id` names the arrangement that this one amends.
extension ConsentFamily {
    static let cdr: ConsentFamily = .init(
        name: "cdr",
        standard: .cdr,
        lodged: .object([
            .must(
                "sharing_type",
                .oneOf(["one_time", "one_time_with_refresh_token", "reusable"])
            ), .may("sharing_duration", .integer(0...31_536_000)),
            .may("cdr_arrangement_id", .text(1...100)),
        ]),
        page: "/cdr/cdr-arrangement",
        member: "cdr_arrangement",
        choice: .accounts,
        amounts: [
            Detail(path: ["sharing_type"], changed: .string("one_time")),
            Detail(path: ["expiry"], changed: .string("2039-01-01T00:00:00Z")),
        ]
    )
}

extension ConsentFamily.Standard {
    fileprivate static let cdr: ConsentFamily.Standard = .init(
        content: { consent, configuration, now in
            let seconds = Int64(consent.lodged["sharing_duration"]?.integer ?? 0)
            return .members([
                "cdr_arrangement_id": .string(consent.id),
                "amending_arrangement_id": .text(consent.previous),
                "client_id": .string(consent.clientID),
                "tenant_id": .string(configuration.tenant),
                "authorization_server_id": .string(consent.workspace),
                "status": .string(consent.statusText(at: now)),
                "sharing_type": consent.lodged["sharing_type"],
                "created_at": .moment(consent.created),
                "updated_at": .moment(consent.statusMoment(at: now)),
                "expiry": .moment(consent.created + seconds * 1000),
                "account_ids": .texts(consent.accounts),
                "customer_id": .text(consent.accepted?["customer_id"]?.string),
                "spec_version": .string("v1"),
            ])
        },
        reference: { [Field("scope", $0), Field("cdr_arrangement_id", $1)] },
        hiddenMembers: [
            "consent_id", "client_id", "account_ids", "tenant_id", "server_id", "created_at",
        ],
        acceptMembers: ReportBody.accept + [
            ReportBody.accounts, .may("customer_id", .text(1...200)),
        ],
        rejectMembers: ReportBody.rejectWithoutID
    )
}

extension DemoExample {
    static let cdr = DemoExample(
        id: "cdr",
        title: "Data sharing in Australia: one year",
        family: .cdr,
        workspace: "cdr",
        scopes: ["openid", "bank:accounts.basic:read", "bank:transactions:read"],
        message: "Connect Billabong Budget",
        body: #"{"sharing_type":"reusable","sharing_duration":31536000}"#
    )
}
