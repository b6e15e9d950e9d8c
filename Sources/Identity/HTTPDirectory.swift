public import HTTP
import JSON
public import Logins

/// Users that another service knows, one GET each.
///
/// 200 with `{"active": true, "channels": ["push"], "language": "de", "time_zone": "Europe/Berlin"}`
/// (all but the first may be absent or null) is a user, 404 and 410 say that there is none, and
/// anything else says nothing.
public struct HTTPDirectory: UserDirectory {
    public typealias Settings = UserLookup.Settings

    /// More than a user needs.
    private static let responseLimit = 64 << 10

    private let lookup: UserLookup

    /// `token` gives the bearer token to send and is asked each time; nil sends none.
    public init(
        _ settings: Settings,
        client: any OutboundHTTP,
        token: @escaping @Sendable () -> String? = { nil }
    ) {
        lookup = UserLookup(
            settings,
            responseLimit: Self.responseLimit,
            client: client,
            token: token
        )
    }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        guard let body = try await lookup.body(about: id) else { return nil }
        return try Self.user(id, body)
    }

    private static func user(_ id: UserID, _ body: [UInt8]) throws(DirectoryError) -> User {
        let answer: JSONValue
        do throws(JSONError) {
            answer = try JSONValue(body)
        } catch {
            throw .unavailable("the answer is not JSON")
        }
        guard let isActive = answer["active"]?.bool else {
            throw .unavailable("the answer has no active")
        }
        return User(
            id: id,
            isActive: isActive,
            channels: try channels(answer["channels"]),
            // A language or time zone that cannot be one is ignored: the user is still known.
            language: answer["language"]?.string.flatMap { User.isLanguageTag($0) ? $0 : nil },
            timeZone: answer["time_zone"]?.string.flatMap { User.isTimeZone($0) ? $0 : nil }
        )
    }

    private static func channels(_ value: JSONValue?) throws(DirectoryError) -> Set<ChannelID>? {
        guard let value, !value.isNull else { return nil }
        guard let names = value.array else { throw .unavailable("channels is not an array") }
        var channels: Set<ChannelID> = []
        for name in names {
            guard let channel = name.string.flatMap(ChannelID.init) else {
                throw .unavailable("channels has something that is not a name")
            }
            channels.insert(channel)
        }
        return channels
    }
}
