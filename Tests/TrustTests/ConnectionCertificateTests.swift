import HTTP
import Logins
import TestSupport
import Testing
import Trust

@Suite("The certificate of the connection")
struct ConnectionCertificateTests {
    @Test("is the client's", arguments: [true, false])
    func connection(isShown: Bool) throws {
        let shown = PeerCertificate(thumbprint: [1, 2, 3], subject: "CN=a")
        var request = Request.example(.get, "/")
        request.peer = Peer(
            address: "192.0.2.1",
            isSecure: true,
            certificate: isShown ? shown : nil
        )
        let now = Timestamp(milliseconds: 0)
        let found = try ConnectionCertificate().certificate(of: request, at: now)
        #expect(found == (isShown ? shown : nil))
    }
}
