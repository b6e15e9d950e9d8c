import Devices
import JSON
import Logins
import Texts

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
