import Cryptography
import HTTP
import TestSupport
import Testing

@testable import AuthorizationServers

@Suite("The guard of the inbound calls")
struct InboundGuardTests {
    static let old = "the-old-secret-with:colons"
    static let new = "the-new-secret-0123456789"

    let peers = InboundGuard(
        basic: [old, new].map {
            InboundGuard.BasicCredential(user: "acp", password: SecretHash(of: Array($0.utf8)))
        },
        apiKey: InboundGuard.APIKey(
            field: "X-Api-Key",
            values: [SecretHash(of: Array("key-0123456789012345".utf8))]
        )
    )

    static func basic(_ pair: String) -> Field {
        Field("Authorization", "Basic " + Base64.encode(Array(pair.utf8)))
    }

    @Test(
        "accepts every configured secret and no other",
        arguments: [
            ([basic("acp:\(old)")], true),
            ([basic("acp:\(new)")], true),
            ([Field("authorization", "bAsIc " + Base64.encode(Array("acp:\(new)".utf8)))], true),
            ([basic("acp:wrong")], false),
            ([basic("acq:\(new)")], false),
            ([basic("acp:\(new) ")], false),
            ([basic("acp")], false),
            ([basic(":")], false),
            ([Field("Authorization", "Basic !!!!")], false),
            ([Field("Authorization", "Bearer " + Base64.encode(Array("acp:\(new)".utf8)))], false),
            ([Field("Authorization", "Basic")], false),
            ([Field("Authorization", "")], false),
            ([], false),
            ([Field("x-api-key", "key-0123456789012345")], true),
            ([Field("x-api-key", "key-0123456789012346")], false),
            (
                [
                    Field("x-api-key", "key-0123456789012345"),
                    Field("x-api-key", "key-0123456789012345"),
                ], false
            ),
            ([basic("acp:wrong"), Field("x-api-key", "key-0123456789012345")], false),
        ] as [([Field], Bool)]
    )
    func credentials(fields: [Field], accepted: Bool) {
        let verdict = peers.judge(.example(.post, "/user/verify", fields: fields))
        switch verdict {
        case .accepted: #expect(accepted)
        case .unauthenticated(let what):
            #expect(!accepted)
            // Answered 400.
            #expect(
                (what == InboundGuard.repeated)
                    == (fields.count > 1 && fields.allSatisfy { $0.name == "x-api-key" })
            )
        case .forbidden: Issue.record("no address list is configured")
        }
    }

    @Test("forbids other addresses before it checks a secret")
    func addresses() throws {
        let peers = InboundGuard(
            basic: [.init(user: "acp", password: SecretHash(of: Array(Self.new.utf8)))],
            allowed: [try #require(AddressRange("10.0.0.0/8"))]
        )
        for (address, isAllowed) in [("10.2.3.4", true), ("192.0.2.1", false), ("::1", false)] {
            let request = Request.example(
                .post,
                "/",
                fields: [Self.basic("acp:\(Self.new)")],
                peer: Peer(address: address)
            )
            if case .accepted = peers.judge(request) {
                #expect(isAllowed)
            } else {
                #expect(!isAllowed)
            }
        }
    }

    @Test("requires a client certificate if that is configured")
    func certificate() {
        let peers = InboundGuard(
            basic: [.init(user: "acp", password: SecretHash(of: Array(Self.new.utf8)))],
            requiresCertificate: true
        )
        let without = Request.example(.post, "/", fields: [Self.basic("acp:\(Self.new)")])
        guard case .forbidden = peers.judge(without) else {
            Issue.record("let in without a certificate")
            return
        }
        var with = without
        with.peer = Peer(
            address: "127.0.0.1",
            isSecure: true,
            certificate: PeerCertificate(thumbprint: [], subject: "CN=acp")
        )
        guard case .accepted = peers.judge(with) else {
            Issue.record("refused with a certificate")
            return
        }
    }
}
