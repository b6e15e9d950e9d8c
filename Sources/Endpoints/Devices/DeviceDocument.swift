import Devices
import Engine
import HTTP
import JSON
import Logins
import Texts

/// A device as its own interface, the admin and the backend API show it. Where its channels reach it
/// is never given back.
enum DeviceDocument {
    /// For operators and backends.
    static func value(_ entry: DeviceRegistry.Entry) -> JSONValue {
        value(entry.device, hasPIN: entry.hasPIN, further: ["key": .text(entry.key?.value)])
    }

    /// For the device itself.
    static func value(_ enrolled: DeviceDesk.Enrolled) -> JSONValue {
        value(enrolled.device, hasPIN: enrolled.key.pin != nil, further: [:])
    }

    private static func value(
        _ device: Device,
        hasPIN: Bool,
        further: KeyValuePairs<String, JSONValue?>
    ) -> JSONValue {
        let own = JSONValue.members([
            "id": .string(device.id.value),
            "name": .string(device.name),
            "platform": .string(device.platform.rawValue),
            "languages": .texts(device.languages),
            "protection": .string(device.protection.rawValue),
            "channels": .texts(device.channels.map(\.channel.value)),
            "created_at": .time(device.createdAt),
            "last_seen_at": .time(device.lastSeenAt),
            "has_pin": .bool(hasPIN),
        ])
        let more = JSONValue.members(further)
        return .object(JSONObject((own.object?.members ?? []) + (more.object?.members ?? [])))
    }

    /// The answer to a device: itself, and whose it is.
    static func response(
        _ enrolled: DeviceDesk.Enrolled,
        at now: Timestamp,
        status: Int = 200
    ) -> Response {
        .document(
            .members([
                "device": value(enrolled),
                "user": .string(masked(enrolled.key.user)),
                "server_time": .time(now),
            ]),
            status: status
        )
    }

    /// An identifier of which its user recognises the beginning and the end.
    static func masked(_ user: UserID) -> String {
        let scalars = Array(user.value.unicodeScalars)
        let shown = scalars.count >= 8 ? 2 : scalars.count >= 4 ? 1 : 0
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars.prefix(shown))
        text.append("…")
        text.append(contentsOf: scalars.suffix(shown))
        return String(text)
    }
}

/// What a device may say of itself, read strictly.
struct DeviceMembers {
    let members: BodyMembers
    /// The configured notification channels.
    let channels: Set<ChannelID>

    /// Characters of a PIN.
    private static let pinLength = 4...64

    func name() throws(Problem) -> String? {
        try members.parsed(
            "name",
            "must be a text of 1 to \(Device.longestName) visible characters"
        ) { $0.string.flatMap { Self.isName($0) ? $0 : nil } }
    }

    private static func isName(_ text: String) -> Bool {
        guard (1...Device.longestName).contains(text.unicodeScalars.count) else { return false }
        var isVisible = false
        var isPlain = true
        VisibleText.scan(text) { scalar, treatment in
            switch treatment {
            case .keep: isVisible = true
            case .combine: break
            case .space: if scalar != " " { isPlain = false }
            case .mark: isPlain = false
            }
        }
        return isVisible && isPlain
    }

    func languages() throws(Problem) -> [String]? {
        try members.parsed(
            "languages",
            "must be a list of at most \(Device.mostLanguages) language tags, such as pt-BR"
        ) { value in
            if value.isNull { return [] }
            guard let tags = value.strings, tags.count <= Device.mostLanguages,
                tags.allSatisfy(User.isLanguageTag)
            else { return nil }
            return tags
        }
    }

    func reachedBy() throws(Problem) -> [Device.Channel]? {
        let names = channels.map(\.value).sorted().joined(separator: ", ")
        return try members.parsed(
            "channels",
            "must be a list of at most \(Device.mostChannels) objects with \"channel\", each one of \(names) once, and \"address\""
        ) { value in
            if value.isNull { return [] }
            guard let values = value.array, values.count <= Device.mostChannels else { return nil }
            var found: [Device.Channel] = []
            for value in values {
                guard value.object?.members.count == 2,
                    let channel = value["channel"]?.string.flatMap(ChannelID.init),
                    channels.contains(channel),
                    !found.contains(where: { $0.channel == channel }),
                    let address = value["address"]?.string, User.isAddress(address)
                else { return nil }
                found.append(Device.Channel(channel: channel, address: address))
            }
            return found
        }
    }

    func pin(_ name: String = "pin") throws(Problem) -> String? {
        try members.parsed(name, Self.pinRule) { Self.pin($0) }
    }

    static let pinRule = "must be a text of 4 to 64 characters"

    static func pin(_ value: JSONValue?) -> String? {
        value?.string.flatMap { pinLength.contains($0.unicodeScalars.count) ? $0 : nil }
    }
}
