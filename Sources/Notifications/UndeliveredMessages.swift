import Threads

/// The bodies of webhooks that will be sent again, by their tickets: a webhook has one body.
/// Bounded, because they contain tickets.
final class UndeliveredMessages: Sendable {
    private struct State {
        var bodies: [String: [UInt8]] = [:]
        var order: [String] = []
    }

    private let capacity: Int
    private let state = Locked(State())

    init(capacity: Int = 4096) { self.capacity = capacity }

    subscript(ticket: String) -> [UInt8]? { state.withLock { $0.bodies[ticket] } }

    func keep(_ body: [UInt8], _ ticket: String) {
        state.withLock { state in
            guard state.bodies.updateValue(body, forKey: ticket) == nil else { return }
            state.order.append(ticket)
            if state.order.count > capacity { state.bodies[state.order.removeFirst()] = nil }
        }
    }

    func drop(_ ticket: String) {
        state.withLock { state in
            guard state.bodies.removeValue(forKey: ticket) != nil else { return }
            state.order.removeAll { $0.utf8.elementsEqual(ticket.utf8) }
        }
    }
}
