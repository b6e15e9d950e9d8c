public import HTTP
import Threads

/// Stands in for a server that is called: answers each call by a script and keeps what it was sent.
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
