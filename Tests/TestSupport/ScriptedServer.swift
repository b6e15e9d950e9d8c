public import HTTP
import Threads

/// A server that answers each call by a closure and records the requests.
public final class ScriptedServer: OutboundHTTP {
    public typealias Script =
        @Sendable (_ request: OutboundRequest, _ number: Int) -> Result<
            OutboundResponse, OutboundError
        >

    private let script: Script
    private let kept = Locked<[OutboundRequest]>([])

    public init(_ script: @escaping Script) { self.script = script }

    public var requests: [OutboundRequest] { kept.withLock { $0 } }

    public func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        let number = kept.withLock { kept in
            kept.append(request)
            return kept.count
        }
        return try script(request, number).get()
    }
}
