public import Logins
import Configuration
import Engine
import Notifications

extension ServiceConfiguration {
    /// The kinds of channel that a configuration can name.
    static let channelKinds: [ChannelKind] = [
        .webhook,
        .email,
        .gateway,
        .webPush,
        .apns,
        .fcm,
        .exec,
        .console,
    ]
}

extension EscalationPlan.End {
    /// Declares and reads `notify_until`.
    init(_ root: Section) {
        self = root.choice(
            "notify_until",
            default: EscalationPlan.End.decided,
            """
            When channels that have not been notified yet are left out. decided: when the user has \
            decided. viewed: when the user has opened the request. delivered: when one channel has \
            delivered, or the user has opened the request.
            """
        )
    }
}

/// One step of notifying a user.
public struct NotifyStep: Hashable, Sendable {
    /// One of the configuration's channels.
    public var channel: ChannelID
    /// After the prompt is ready.
    public var after: Duration

    /// The steps of the file; without any, all channels at once.
    static func all(_ root: Section, channels: [ConfiguredChannel]) -> [NotifyStep] {
        let sections = root.groups(
            "notify",
            "Which channels are notified, and when. By default all of them at once."
        )
        if sections.isEmpty {
            if root.has("notify") { root.problem("notify", "must name at least one channel") }
            return channels.map { NotifyStep(channel: $0.id, after: .zero) }
        }
        let known = channels.map(\.id.value)
        var seen: Set<String> = []
        return sections.compactMap { section in
            defer { section.end() }
            let name = section.requiredText("channel", example: "app", "A name from channels.")
            let after = section.duration(
                "after",
                default: .zero,
                .zero...(.seconds(3600)),
                "Delay before the channel is notified, from when the prompt is ready."
            )
            guard !name.isEmpty else { return nil }
            if !known.contains(name) {
                let meant = Spelling.nearest(to: name, among: known)
                let hint = meant.map { "; did you mean \($0)?" } ?? ""
                section.problem("channel", "is not a channel: \(name)" + hint)
            }
            if !seen.insert(name).inserted { section.problem("channel", "is listed twice") }
            return ChannelID(name).map { NotifyStep(channel: $0, after: after) }
        }
    }
}
