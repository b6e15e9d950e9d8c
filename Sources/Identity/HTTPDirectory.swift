public import HTTP
import JSON
public import Logins

/// Users of another service, one GET each.
///
/// 200 with `{"active": true, "channels": ["push"], "language": "de", "time_zone": "Europe/Berlin"}`
/// (all but the first may be absent or null; `documents` is a list of CPF and CNPJ) is a user, 404 and 410 mean that there is none, and
/// anything else is an error.
public struct HTTPDirectory: UserDirectory {
    /// Bytes of an answer; more than a user needs.
    private static let responseLimit = 64 << 10

    /// More companies than one person acts for.
    private static let documentLimit = 1000

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
            timeZone: answer["time_zone"]?.string.flatMap { User.isTimeZone($0) ? $0 : nil },
            documents: try documents(answer["documents"], answer["document"])
        )
    }

    /// `documents`, an array, or `document`, one text. One that cannot be read is not left out: the
    /// person in a consent would not be compared with it.
    private static func documents(
        _ list: JSONValue?,
        _ single: JSONValue?
    ) throws(DirectoryError) -> Set<IdentityDocument> {
        var values: [JSONValue] = []
        if let list, !list.isNull {
            guard let elements = list.array, elements.count <= documentLimit else {
                throw .unavailable("documents is not an array of at most \(documentLimit)")
            }
            values = elements
        }
        if let single, !single.isNull { values.append(single) }
        var documents: Set<IdentityDocument> = []
        for value in values {
            var text = value.string
            if case .number(let digits) = value, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }) {
                text = digits
            }
            guard let document = text.flatMap({ IdentityDocument($0) }) else {
                throw .unavailable("documents contains what is no CPF or CNPJ")
            }
            documents.insert(document)
        }
        return documents
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
