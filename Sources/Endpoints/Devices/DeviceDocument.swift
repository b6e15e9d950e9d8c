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
