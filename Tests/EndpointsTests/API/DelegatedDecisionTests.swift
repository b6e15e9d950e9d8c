import Access
import HTTP
import JSON
import Logins
import TestSupport
import Testing
import Trust

@Suite("A decision by delegation")
struct DelegatedDecisionTests {
    private static let user = "customer-4711"

    /// Lends an API with this policy, a login that waits, and its digest.
    private static func withPolicy(
        _ policy: DelegationPolicy,
        _ body: (APIStage, _ digest: String) async throws -> Void
    ) async throws {
        try await Stage.with { stage in
            _ = try await stage.prompt(id: "waits")
            let api = try await APIStage(logins: stage.store, clock: stage.clock, policy: policy)
            try await api.consent(of: user)
            let shown = try await api.send(
                .get,
                "/backend/v1/logins/acp/waits",
                as: "robot",
                for: user
            )
            try await body(api, try #require(shown.json["consent"]?["digest"]?.string))
        }
    }

    private static let decision = "/backend/v1/logins/acp/waits/decision"

    @Test("is not possible unless the policy says so, and the audit says why")
    func notAllowed() async throws {
        try await Self.withPolicy(DelegationPolicy()) { stage, digest in
            let body = #"{"decision":"approve","digest":"\#(digest)"}"#
            let refused = try await stage.send(
                .post,
                Self.decision,
                body,
                as: "robot",
                for: Self.user
            )
            #expect(refused.status == 403)
            #expect(refused.json["type"]?.string == "urn:beckon:problem:delegation-not-allowed")
            #expect(stage.events.last?.kind == "delegation.refused")
            #expect(stage.events.last?.members["reason"]?.string == "switched off")
            // An application never decides, whatever the policy.
            #expect(try await stage.send(.post, Self.decision, body, as: "bank").status == 403)
            let login = try await stage.logins.logins(in: .waiting, after: nil, limit: 9)
            #expect(login.count == 1)
        }
    }

    @Test("is possible where the policy allows it, and is marked as such")
    func delegated() async throws {
        var policy = DelegationPolicy()
        policy.decisions = .all
        try await Self.withPolicy(policy) { stage, digest in
            // trust: B-15
            let body = #"{"decision":"approve","digest":"\#(digest)"}"#
            try await stage.consent(of: "ben", id: "consent-2")
            let others = try await stage.send(.post, Self.decision, body, as: "robot", for: "ben")
            #expect(others.status == 404)
            let blind = #"{"decision":"approve"}"#
            let unseen = try await stage.send(
                .post,
                Self.decision,
                blind,
                as: "robot",
                for: Self.user
            )
            #expect(unseen.status == 400)
            // trust: B-3
            for _ in 0..<2 {
                let approved = try await stage.send(
                    .post,
                    Self.decision,
                    body,
                    as: "robot",
                    for: Self.user
                )
                #expect(approved.status == 200, "\(approved.text)")
                #expect(approved.json["outcome"]?.string == "approved")
                #expect(approved.json["decision"]?["decided_by"]?.string == "delegated")
                #expect(approved.json["decision"]?["method"]?.string == "delegation")
                let delegate = approved.json["decision"]?["delegate"]
                #expect(delegate?["client_id"]?.string == "robot")
                #expect(delegate?["token_jti"]?.string?.isEmpty == false)
            }
            let other = #"{"decision":"deny"}"#
            let late = try await stage.send(
                .post,
                Self.decision,
                other,
                as: "robot",
                for: Self.user
            )
            #expect(late.status == 409)
        }
    }
}
