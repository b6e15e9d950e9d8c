import HTTP
import JSON

/// The Financial Data Exchange. Its standard has no place to lodge a consent, so the body is the
/// simulator's own.
extension ConsentFamily {
    static let fdx: ConsentFamily = .init(
        name: "fdx",
        standard: .fdx,
        lodged: FDXShapes.lodged,
        page: "/fdx/fdx",
        type: "fdx_consent",
        member: "fdx_consent",
        choice: .resources,
        amounts: [
            Detail(path: ["lookbackPeriod"], changed: .integer(3650)),
            Detail(path: ["resources"], changed: .array([])),
        ]
    )
}

extension ConsentFamily.Standard {
    fileprivate static let fdx: ConsentFamily.Standard = .init(
        content: { consent, _, now in
            let days = consent.lodged["durationPeriod"]?.integer
            return JSONValue.members([
                "id": .string(consent.id), "client_id": .string(consent.clientID),
                "status": .string(consent.statusText(at: now)),
                "createdTime": .moment(consent.created),
                "updatedTime": .moment(consent.statusMoment(at: now)),
                "expirationTime": .moment(days.map { consent.created + Int64($0) * 86_400_000 }),
            ]).joined(consent.lodged)
        },
        reference: { [Field("scope", $0), Field("consent_id", $1)] },
        acceptMembers: ReportBody.accept + [
            .may("resources", .list(FDXShapes.resource, 1...500))
        ],
        checkAccept: { (body, consent, known) throws(Shape.Problem) in
            try checkResources(body, consent, known)
        }
    )

    private static func checkResources(
        _ body: JSONValue,
        _ consent: SimulatedConsent,
        _ known: [String]?
    ) throws(Shape.Problem) {
        guard let resources = body["resources"]?.array else {
            throw Shape.Problem(path: "resources", rule: "is required")
        }
        let requested = consent.lodged["resources"]?.array ?? []
        for (index, resource) in resources.enumerated() {
            let path = "resources[\(index)]"
            let type = resource["resouceType"]
            guard let match = requested.first(where: { $0["resourceType"] == type }) else {
                throw Shape.Problem(path: path + ".resouceType", rule: "was not requested")
            }
            let clusters = Set(resource["dataClusters"]?.strings ?? [])
            guard clusters.isSubset(of: match["dataClusters"]?.strings ?? []) else {
                throw Shape.Problem(path: path + ".dataClusters", rule: "were not requested")
            }
            // Only accounts have identifiers.
            if resource["id"] == nil, type == .string("ACCOUNT") {
                throw Shape.Problem(path: path + ".id", rule: "is required")
            }
            if let known, let id = resource["id"]?.string, !known.contains(id) {
                throw Shape.Problem(path: path + ".id", rule: "must belong to this user")
            }
        }
    }
}

private enum FDXShapes {
    /// Spelled as ACP does: `resouceType`.
    static let resource = Shape.object([
        .may("id", .text(1...200)), .must("resouceType", .text(1...40)),
        .may("dataClusters", .list(.text(1...60), 0...100)),
    ])

    private static let clusters = [
        "ACCOUNT_BASIC", "ACCOUNT_DETAILED", "ACCOUNT_PAYMENTS", "BILLS", "CUSTOMER_CONTACT",
        "CUSTOMER_PERSONAL", "IMAGES", "INVESTMENTS", "PAYMENT_SUPPORT", "REWARDS", "STATEMENTS",
        "TAX", "TRANSACTIONS",
    ]

    /// FDX consent request, RFC 0167.
    static let lodged = Shape.object([
        .must("durationType", .oneOf(["ONE_TIME", "PERSISTENT", "TIME_BOUND"])),
        .may("durationPeriod", .integer(1...3650)), .may("lookbackPeriod", .integer(0...3650)),
        .must(
            "resources",
            .list(
                .object([
                    .must("resourceType", .oneOf(["ACCOUNT", "CUSTOMER"])),
                    .must("dataClusters", .list(.oneOf(clusters), 1...clusters.count)),
                ]),
                1...10
            )
        ),
        .may(
            "parties",
            .list(
                .object([
                    .must("name", .text(1...200)), .must("type", .text(1...40)),
                    .may("homeUri", .text(1...400)), .may("logoUri", .text(1...400)),
                    .may("registry", .text(1...40)),
                    .may("registeredEntityName", .text(1...200)),
                    .may("registeredEntityId", .text(1...100)),
                ]),
                0...10
            )
        ),
    ])
}
