public import Logins

/// The configured channels, in the order of the configuration. Whom to ask when is the engine's.
public struct NotificationChannels: Sendable {
    public let all: [any NotificationChannel]
    private let places: [ChannelID: Int]

    /// Each identifier once.
    public init(_ all: [any NotificationChannel]) {
        var places: [ChannelID: Int] = [:]
        for (place, channel) in all.enumerated() {
            precondition(places.updateValue(place, forKey: channel.id) == nil, "one of each name")
        }
        self.all = all
        self.places = places
    }

    public subscript(id: ChannelID) -> (any NotificationChannel)? { places[id].map { all[$0] } }

    /// Those that a user may be reached on now; nil means all of them.
    public func usable(for allowed: Set<ChannelID>?) -> [any NotificationChannel] {
        all.filter { $0.isEnabled && allowed?.contains($0.id) != false }
    }
}
