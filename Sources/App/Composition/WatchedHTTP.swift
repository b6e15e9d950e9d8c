import Engine
import HTTP

/// Sends requests to one authorization server and reports the results to its circuit breaker.
struct WatchedHTTP: OutboundHTTP {
    private let http: any OutboundHTTP
    private let health: ServerHealth

    init(_ http: any OutboundHTTP, _ health: ServerHealth) {
        self.http = http
        self.health = health
    }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        let call: CircuitBreaker.Call = request.method == .get ? .reading : .telling
        do {
            let response = try await http.send(request)
            if response.status >= 500 { health.failed(call) } else { health.answered(call) }
            return response
        } catch {
            switch error {
            case .notSent, .ambiguous, .unusableAnswer: health.failed(call)
            // The request was wrong, which says nothing about the server.
            case .forbiddenAddress, .invalid: break
            }
            throw error
        }
    }
}
