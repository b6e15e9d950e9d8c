import Threads

/// The bodies of webhooks that will be sent again, by their identifiers: a webhook has one body.
/// Bounded, because they contain tickets.
final class UndeliveredMessages: Sendable {
    private struct State {
        var bodies: [String: [UInt8]] = [:]
        var order: [String] = []
    }

    private let capacity: Int
    private let state = Locked(State())

    init(capacity: Int = 4096) { self.capacity = capacity }

    subscript(id: String) -> [UInt8]? { state.withLock { $0.bodies[id] } }

    func keep(_ body: [UInt8], _ id: String) {
        state.withLock { state in
            guard state.bodies.updateValue(body, forKey: id) == nil else { return }
            state.order.append(id)
            if state.order.count > capacity { state.bodies[state.order.removeFirst()] = nil }
        }
    }

    func drop(_ id: String) {
        state.withLock { state in
            guard state.bodies.removeValue(forKey: id) != nil else { return }
            state.order.removeAll { $0.utf8.elementsEqual(id.utf8) }
        }
    }
}
