import Cryptography
import HTTP
import JSON
import Lab
import TestSupport
import Testing

@Suite("The simulated server behind a proxy that requires certificates", .timeLimit(.minutes(3)))
struct CertificateTests {
    /// What such a proxy says: the bytes need not be a certificate, only the same ones again.
    private static func fields(_ name: String, subject: String = "CN=beckon") -> [Field] {
        let pem =
            "-----BEGIN CERTIFICATE-----\n" + Base64.encode(Array(name.utf8))
            + "\n-----END CERTIFICATE-----\n"
        return [
            Field("X-Client-Certificate", PercentEncoding.encodeSegment(pem) ?? ""),
            Field("X-Client-Subject", subject),
        ]
    }

    private static func token(
        _ stage: Stage,
        _ fields: [Field],
        _ more: [Field] = []
    ) async throws -> Answer {
        let form = [
            Field("grant_type", "client_credentials"), Field("client_id", "beckon"),
        ]
        return try await stage.send(
            OutboundRequest(
                .post,
                "http://acp.test/bank/system/oauth2/token",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")] + fields,
                body: Form(form + more).bytes
            )
        )
    }

    @Test("issues tokens to the registered subject only")
    func authentication() async throws {
        try await Stage.with({ $0.systemClientSubject = "CN=beckon" }) { stage in
            let secret = Field("client_secret", "beckon-system-client-secret")
            let basic = Field(
                "Authorization",
                "Basic " + Base64.encode(Array("beckon:beckon-system-client-secret".utf8))
            )
            let wrong: [(fields: [Field], more: [Field])] = [
                ([], []), ([], [secret]), ([basic], []),
                (Self.fields("one", subject: "CN=other"), []),
                ([Field("X-Client-Subject", "CN=beckon")], []),
                (Self.fields("one"), [secret]),
                (Self.fields("one") + [basic], []),
                ([Field("X-Client-Certificate", "%"), Field("X-Client-Subject", "CN=beckon")], []),
            ]
            for (fields, more) in wrong {
                let answer = try await Self.token(stage, fields, more)
                #expect(answer.status == 401)
                #expect(answer.error == "invalid_client")
            }
            #expect(try await Self.token(stage, Self.fields("one")).status == 200)
        }
    }

    @Test("issues tokens to the registered certificate only, whatever its subject")
    func selfSigned() async throws {
        let registered = SHA256.digest(Array("one".utf8))
        try await Stage.with({ $0.systemClientThumbprint = registered }) { stage in
            for fields in [[], Self.fields("two")] {
                let answer = try await Self.token(stage, fields)
                #expect(answer.error == "invalid_client")
            }
            let fields = Self.fields("one", subject: "CN=other")
            let answer = try await Self.token(stage, fields)
            #expect(answer.status == 200)
        }
    }

    @Test("accepts a bound token with its certificate only, and lists other uses")
    func binding() async throws {
        try await Stage.with({ $0.systemClientSubject = "CN=beckon" }) { stage in
            let grant = try await Self.token(stage, Self.fields("one"))
            let token = try #require(grant.body["access_token"]?.string)
            func look(_ fields: [Field]) async throws -> Int {
                try await stage.send(
                    OutboundRequest(
                        .get,
                        "http://acp.test/api/system/bank/scope-grants/nobody",
                        fields: [Field("Authorization", "Bearer " + token)] + fields
                    )
                ).status
            }
            #expect(try await look(Self.fields("one")) == 404)
            #expect(stage.rules == [])
            #expect(try await look(Self.fields("two")) == 401)
            #expect(try await look([]) == 401)
            #expect(stage.rules == ["call.certificate", "call.certificate"])
        }
    }

    @Test("publishes the alias of its token endpoint", arguments: [true, false])
    func metadata(wanted: Bool) async throws {
        try await Stage.with({ $0.systemClientSubject = wanted ? "CN=beckon" : nil }) { stage in
            let answer = try await stage.send(
                OutboundRequest(
                    .get,
                    "http://acp.test/bank/system/.well-known/openid-configuration"
                )
            )
            #expect(answer.body["issuer"]?.string == "http://acp.test/bank/system")
            let alias = answer.body["mtls_endpoint_aliases"]?["token_endpoint"]?.string
            #expect(alias == (wanted ? "http://acp.test/system/oauth2/token" : nil))
            let methods = answer.body["token_endpoint_auth_methods_supported"]?.array
            #expect(methods?.contains(.string("tls_client_auth")) == wanted)
        }
    }
}
