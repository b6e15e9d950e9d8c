public import HTTP
import JSON
public import Logins

/// Users of another service, one GET each.
///
/// 200 with `{"active": true, "channels": ["push"], "language": "de", "time_zone": "Europe/Berlin"}`
/// (all but the first may be absent or null; `documents` is a list of CPF and CNPJ, `addresses` an
/// object with a text for each channel) is a user, 404 and 410 mean that there is none, and anything
/// else is an error.
public struct HTTPDirectory: UserDirectory {
    /// Bytes of an answer; more than a user needs.
    private static let responseLimit = 64 << 10

    /// More companies than one person acts for.
    private static let documentLimit = 1000

    private let lookup: UserLookup
    private let notices: RuleNotices

    /// A directory at the service of `settings`. `ignored` is told which rule an answer breaks whose
    /// member is ignored, at most once an hour for each rule.
    public init(
        _ settings: UserLookup.Settings,
        client: any OutboundHTTP,
        clock: any WallClock,
        ignored: @escaping @Sendable (String) -> Void
    ) {
        lookup = UserLookup(settings, responseLimit: Self.responseLimit, client: client)
        notices = RuleNotices(clock: clock, report: ignored)
    }

    public func user(_ id: UserID) async throws(DirectoryError) -> User? {
        guard let body = try await lookup.body(about: id) else { return nil }
        return try user(id, body)
    }

    private func user(_ id: UserID, _ body: [UInt8]) throws(DirectoryError) -> User {
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
            // What cannot be used of these is ignored: the user is still known.
            channels: channels(answer["channels"]),
            language: text(answer, "language", "a language tag (BCP 47)", User.isLanguageTag),
            timeZone: text(
                answer,
                "time_zone",
                "a name of the time zone database",
                User.isTimeZone
            ),
            documents: try Self.documents(answer["documents"], answer["document"]),
            addresses: addresses(answer["addresses"])
        )
    }

    private func text(
        _ answer: JSONValue,
        _ name: String,
        _ meaning: String,
        _ isUsable: (String) -> Bool
    ) -> String? {
        guard let value = answer[name], !value.isNull else { return nil }
        if let text = value.string, isUsable(text) { return text }
        notices.note("\(name) must be \(meaning)")
        return nil
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

    private func addresses(_ value: JSONValue?) -> [ChannelID: String] {
        guard let value, !value.isNull else { return [:] }
        guard let members = value.object else {
            notices.note("addresses must be an object")
            return [:]
        }
        var addresses: [ChannelID: String] = [:]
        for member in members.members where !member.value.isNull {
            if let channel = ChannelID(member.name), let text = member.value.string,
                User.isAddress(text)
            {
                addresses[channel] = text
            } else {
                notices.note(
                    "addresses must have a text without spaces of at most 4096 bytes for each channel"
                )
            }
        }
        return addresses
    }

    private func channels(_ value: JSONValue?) -> Set<ChannelID>? {
        guard let value, !value.isNull else { return nil }
        guard let names = value.array else {
            notices.note("channels must be an array")
            return nil
        }
        let channels = names.compactMap { $0.string.flatMap(ChannelID.init) }
        if channels.count < names.count {
            notices.note("channels must contain names of channels only")
        }
        return Set(channels)
    }
}
