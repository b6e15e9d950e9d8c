import AuthorizationServers
import Consents
import Cryptography
import Engine
import HTTP
import Identity
import Logins
import Net
import OAuthClient
import TLS
import Testing

@Suite("An error")
struct ErrorWordsTests {
    @Test(
        "is printed in words, not as a value of Swift",
        arguments: [
            (TLSError.unusableFile("/a.pem", reason: "no start line"), "/a.pem: no start line"),
            (
                NetError.tls(.unusableFile("/a.pem", reason: "no start line")),
                "/a.pem: no start line"
            ),
            (NetError.system(call: "bind", code: 13), "bind: Permission denied"),
            (NetError.addressInUse("127.0.0.1:80"), "127.0.0.1:80 is in use by another process"),
            (StoreError.damaged("page 7"), "the store is damaged: page 7"),
            (DirectoryError.unavailable("503"), "503"),
            (OAuthFailure.unavailable("503", after: .seconds(1)), "503"),
            (OutboundError.forbiddenAddress("10.0.0.1"), "10.0.0.1 is not a public address"),
            (CertifiedKey.Problem.mismatch, "the key does not match the certificate"),
            (PendingLogin.Refusal.unfit(.accountMissing), "an account must be selected"),
            (DecisionDesk.Refusal.store(.closed), "the store is closed"),
            (RequestError.badTarget, "The request target is malformed."),
        ] as [(any Error, String)]
    )
    func words(_ error: any Error, reads text: String) {
        #expect("\(error)" == text)
    }
}
