import Cryptography
import JSON

/// What the System API shows of a consent: the envelope, and in it the member of its family.
struct ConsentView {
    let json: JSONValue

    init(
        _ consent: SimulatedConsent,
        _ login: SimulatedLogin,
        _ configuration: SimulatorConfiguration,
        previous: SimulatedConsent?,
        logo: String,
        at now: Int64
    ) {
        let client = configuration.clients.first { $0.id == login.clientID }
        let info = JSONValue.members([
            "client_name": .text(client?.name), "logo_uri": .string(logo),
        ])
        let scopes = JSONValue.array(
            login.scopes.map { RequestedScopeView.json($0) }
        )
        // Pairwise: nobody can tell from it who it is.
        let subject = JSONValue.string(Self.hexadecimal(SHA256.digest(Array(login.user.utf8))))
        let content = Self.content(consent, configuration, at: now)
        if consent.family == .cdr {
            json = .members([
                "client_info": info, "requested_scopes": scopes,
                "status": .string(consent.statusText(at: now)), "subject": subject,
                "authentication_context": .members([:]), consent.family.member: content,
                "previous_cdr_arrangement": previous.map {
                    Self.content($0, configuration, at: now)
                },
            ])
            return
        }
        json = .members([
            "consent_id": .string(consent.id), "type": .text(consent.family.type),
            "status": .string(consent.statusText(at: now)), "subject": subject,
            "client_id": .string(consent.clientID), "client_info": info,
            "requested_scopes": scopes, "account_ids": .texts(consent.accounts),
            "authentication_context": .members([:]),
            "tenant_id": .string(configuration.tenant), "server_id": .string(consent.workspace),
            "created_at": .moment(consent.created), consent.family.member: content,
        ])
    }

    /// The consent itself, as its standard writes it.
    static func content(
        _ consent: SimulatedConsent,
        _ configuration: SimulatorConfiguration,
        at now: Int64
    ) -> JSONValue {
        let status = JSONValue.string(consent.statusText(at: now))
        let changed = JSONValue.moment(consent.statusMoment(at: now))
        switch consent.family.standard {
        case .uk:
            return JSONValue.members([
                "ConsentId": .string(consent.id), "Status": status,
                "CreationDateTime": .moment(consent.created), "StatusUpdateDateTime": changed,
            ])
            .joined(consent.lodged["Data"]).joined(charges(consent))
            .joined(consent.lodged["Risk"])
        case .brasil:
            let data = consent.lodged["data"]
            let head = JSONValue.members([
                "consentId": .string(consent.id), "creationDateTime": .moment(consent.created),
                "status": status, "statusUpdateDateTime": changed,
                "expirationDateTime": .moment(consent.undecidedEnd),
                "document": consent.family == .brasilData ? data?["loggedUser"]?["document"] : nil,
            ])
            return head.joined(
                consent.family == .brasilData ? data?.without(["loggedUser"]) : data
            )
        case .fdx:
            let days = consent.lodged["durationPeriod"]?.integer
            return JSONValue.members([
                "id": .string(consent.id), "client_id": .string(consent.clientID),
                "status": status, "createdTime": .moment(consent.created),
                "updatedTime": changed,
                "expirationTime": .moment(days.map { consent.created + Int64($0) * 86_400_000 }),
            ]).joined(consent.lodged)
        case .cdr:
            let seconds = Int64(consent.lodged["sharing_duration"]?.integer ?? 0)
            return .members([
                "cdr_arrangement_id": .string(consent.id),
                "amending_arrangement_id": .text(consent.previous),
                "client_id": .string(consent.clientID), "tenant_id": .string(configuration.tenant),
                "authorization_server_id": .string(consent.workspace), "status": status,
                "sharing_type": consent.lodged["sharing_type"],
                "created_at": .moment(consent.created), "updated_at": changed,
                "expiry": .moment(consent.created + seconds * 1000),
                "account_ids": .texts(consent.accounts),
                "customer_id": .text(consent.accepted?["customer_id"]?.string),
                "spec_version": .string("v1"),
            ])
        case .ksa:
            return .members([
                "consent_id": .string(consent.id), "client_id": .string(consent.clientID),
                "tenant_id": .string(configuration.tenant),
                "server_id": .string(consent.workspace), "status": status,
                "created_at": .moment(consent.created), "expiry": consent.lodged["expiry"],
            ])
        }
    }

    /// What the bank adds: abroad is never free.
    private static func charges(_ consent: SimulatedConsent) -> JSONValue? {
        switch consent.family {
        case .internationalPayment, .internationalScheduledPayment, .internationalStandingOrder:
            .members([
                "Charges": .array([
                    .members([
                        "ChargeBearer": .string("BorneByDebtor"),
                        "Type": .string("UK.OBIE.CHAPSOut"),
                        "Amount": .members([
                            "Amount": .string("4.50"), "Currency": .string("GBP"),
                        ]),
                    ])
                ])
            ])
        default: nil
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
