import Access
import Devices
import JSON
import Logins
import TestSupport
import Testing

/// A client that differs in what a test names. The key is that of RFC 7517, appendix A.1.
func client(
    _ id: String,
    _ kind: APIClient.Kind = .user,
    _ status: APIClient.Status = .active,
    name: String = "Payout robot",
    createdAt: Timestamp = noon
) throws -> APIClient {
    let isDelegated = kind == .delegated
    return try APIClient(
        document: .members([
            "client_id": .string(id), "type": .string(kind.rawValue), "name": .string(name),
            "status": .string(status.rawValue), "created_at": .integer(createdAt.milliseconds),
            "token_endpoint_auth_method": .string("private_key_jwt"),
            "keys": .array([
                .members([
                    "kid": .string("k-1"),
                    "jwk": .members([
                        "kty": .string("EC"), "crv": .string("P-256"),
                        "x": .string("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"),
                        "y": .string("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"),
                    ]),
                    "added_at": .integer(noon.milliseconds),
                ])
            ]),
            "grants": .texts(["client_credentials"]),
            "scope": .string(isDelegated ? "logins:read logins:decide" : "admin:read"),
            "source_addresses": .texts(["203.0.113.0/28", "2001:db8::/32"]),
        ])
    )
}

/// A consent of a user to a client, given at noon.
func delegation(
    _ id: String,
    _ user: String = "anna",
    _ client: String = "robot",
    withdrawnAt: Timestamp? = nil
) throws -> DelegationConsent {
    try DelegationConsent(
        id: id,
        user: .named(user),
        client: .named(client),
        textVersion: "2031-02",
        textDigest: Array(0..<32),
        language: "pt-BR",
        acceptedAt: noon,
        address: "2001:db8::7",
        channel: .inbox,
        withdrawnAt: withdrawnAt
    )
}

/// A key of something that may be used once.
func onceKey(_ number: Int) -> [UInt8] {
    [UInt8(number & 255), UInt8(number >> 8 & 255)] + [UInt8](repeating: 7, count: 30)
}

func event(_ kind: String, _ number: Int = 0, at moment: Timestamp = noon) -> AuditEvent {
    AuditEvent(kind, at: moment, ["n": .integer(number), "who": .string("Ä \u{1F600} \"x\"\u{7}")])
}

extension AccessStore {
    /// Commits changes that must not be refused.
    func put(_ changes: AccessChange...) async throws {
        #expect(try await commit(changes) == nil)
    }

    /// All entries of the audit.
    func wholeAudit() async throws -> [AuditEntry] {
        try await audit(after: 0, limit: .max)
    }
}

func phone(_ id: String, of user: String = "änna") -> Device {
    Device(
        id: .named(id),
        user: .named(user),
        name: "Anna's phone",
        platform: .android,
        languages: ["pt-BR", "en"],
        protection: .hardware,
        channels: [Device.Channel(channel: .named("push"), address: "{\"a\": [1]}")],
        createdAt: noon,
        lastSeenAt: noon
    )
}
