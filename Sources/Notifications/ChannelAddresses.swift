public import Logins

/// The addresses of users that belong to their devices, such as push tokens and subscriptions: several
/// for each user, and each may end on its own.
public protocol ChannelAddresses: Sendable {
    /// The user's addresses for a channel.
    func addresses(of user: User, through channel: ChannelID) async throws(StoreError) -> [String]
    /// Forgets one of them, because the service behind it says that it has ended.
    func end(
        _ address: String,
        of user: User,
        through channel: ChannelID
    ) async throws(StoreError)
}

/// Sends one message to every address of a user, and makes one answer of theirs.
///
/// One address that takes the message is enough. An address that has ended is forgotten, which says
/// nothing about the others.
struct AddressFan: Sendable {
    let channel: ChannelID
    let addresses: any ChannelAddresses

    /// `send` answers `gone` for an address that has ended.
    func send(
        to user: User,
        _ send: @escaping @Sendable (String) async -> DeliveryAnswer
    ) async -> DeliveryAnswer {
        let all: [String]
        do throws(StoreError) {
            all = try await addresses.addresses(of: user, through: channel)
        } catch {
            return .later("the store cannot be read: \(error)", after: nil)
        }
        guard !all.isEmpty else { return .gone("no device of the user receives through it") }
        let answers = await withTaskGroup(of: (Int, DeliveryAnswer).self) { group in
            for (index, address) in all.enumerated() {
                group.addTask { (index, await send(address)) }
            }
            var answers = [DeliveryAnswer](repeating: .delivered, count: all.count)
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
        for (address, answer) in zip(all, answers) {
            guard case .gone = answer else { continue }
            // It is found to have ended again with the next message.
            try? await addresses.end(address, of: user, through: channel)
        }
        return Self.sum(answers)
    }

    /// Delivered if any is, else later if any may be, with the shortest pause; else refused if any is.
    static func sum(_ answers: [DeliveryAnswer]) -> DeliveryAnswer {
        if answers.contains(.delivered) { return .delivered }
        var reason: String?
        var pause: Duration?
        for case .later(let text, let after) in answers {
            reason = reason ?? text
            pause = after.map { min($0, pause ?? $0) } ?? pause
        }
        if let reason { return .later(reason, after: pause) }
        return answers.first { if case .refused = $0 { true } else { false } }
            ?? answers.first ?? .gone("there is no address")
    }
}
