import HTTP
import Lab
import TestSupport
import Threads

/// Carries calls between routers by the host of their URL, as if each were a server.
final class Network: OutboundHTTP {
    private let hosts = Locked<[String: Router]>([:])

    func add(_ host: String, _ routes: [Route]) {
        hosts.withLock { $0[host] = Router(routes) }
    }

    /// Forgets everybody: who is on the network also holds it.
    func end() { hosts.withLock { $0 = [:] } }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        let parts = request.url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true)
        let host = String(parts[1])
        guard let router = hosts.withLock({ $0[host] }) else {
            throw .notSent("no route to \(host)")
        }
        var inbound = Request.example(
            request.method,
            "/" + (parts.count > 2 ? String(parts[2]) : ""),
            fields: [Field("Host", host)] + request.fields,
            body: request.body
        )
        switch router.match(&inbound) {
        case .route(let number):
            let response = await router.routes[number].handler(inbound)
            switch response.lineFault {
            case nil, .slowly: break
            case .beforeAnswer: throw .ambiguous("the connection was closed")
            case .midBody: throw .unusableAnswer("cut off")
            }
            return OutboundResponse(
                status: response.status,
                fields: response.fields
                    + (response.contentType.map { [Field("Content-Type", "\($0)")] } ?? []),
                body: response.body
            )
        case .methodNotAllowed: return OutboundResponse(status: 405)
        case .notFound: return OutboundResponse(status: 404)
        }
    }
}
