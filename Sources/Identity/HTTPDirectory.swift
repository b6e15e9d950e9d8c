public import HTTP
import JSON
public import Logins

/// Users of another service, one GET each.
///
/// 200 with `{"active": true, "channels": ["push"], "language": "de", "time_zone": "Europe/Berlin"}`
/// (all but the first may be absent or null) is a user, 404 and 410 mean that there is none, and
/// anything else is an error.
public struct HTTPDirectory: UserDirectory {
    /// Bytes of an answer; more than a user needs.
    private static let responseLimit = 64 << 10

    private let lookup: UserLookup

    /// A directory at the service of `settings`.
    public init(_ settings: UserLookup.Settings, client: any OutboundHTTP) {
        lookup = UserLookup(settings, responseLimit: Self.responseLimit, client: client)
    }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        guard let body = try await lookup.body(about: id) else { return nil }
        return try Self.user(id, body)
    }

    private static func user(_ id: UserID, _ body: [UInt8]) throws(DirectoryError) -> User {
        let answer: JSONValue
        do throws(JSONError) {
            answer = try JSONValue(body).withoutUnset
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
                throw .unavailable("channels contains an invalid name")
            }
            channels.insert(channel)
        }
        return channels
    }
}
