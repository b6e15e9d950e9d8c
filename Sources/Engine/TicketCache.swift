import Identity
import Logins
import Threads

/// Recently issued tickets, so that a second channel sends the same link as the first. A ticket that
/// is no longer cached is replaced by a new one. Bounded, because it keeps secrets in memory.
final class TicketCache: Sendable {
    private struct State {
        var tickets: [LoginNumber: PromptTicket] = [:]
        var order: [LoginNumber] = []
        var oldest = 0
    }

    private let capacity: Int
    private let state = Locked(State())

    init(capacity: Int = 8192) { self.capacity = capacity }

    func ticket(for number: LoginNumber) -> PromptTicket? {
        state.withLock { $0.tickets[number] }
    }

    func keep(_ ticket: PromptTicket) {
        state.withLock { state in
            if state.tickets.updateValue(ticket, forKey: ticket.number) != nil { return }
            if state.order.count < capacity {
                state.order.append(ticket.number)
            } else {
                state.tickets[state.order[state.oldest]] = nil
                state.order[state.oldest] = ticket.number
                state.oldest = (state.oldest + 1) % capacity
            }
        }
    }
}
