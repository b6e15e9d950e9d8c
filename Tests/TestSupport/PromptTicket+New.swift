public import Identity
public import Logins

extension PromptTicket {
    /// A ticket that is different each time.
    public init(for number: LoginNumber) { self = TicketKey().ticket(for: number, nonce: []) }
}
