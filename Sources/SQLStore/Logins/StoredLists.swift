import Cryptography
import JSON
import Logins

/// Lists within a row, as compact JSON text. The names of members are frozen, as `StoredName`s are.
enum StoredLists {
    static func text(_ strings: [String]) -> String {
        if strings.isEmpty { return "[]" }
        return text { json in
            json.array { json in
                for string in strings { json.string(string) }
            }
        }
    }

    /// Nil when there was no attempt yet, as in most rows.
    static func text(_ attempts: Attempts) -> String? {
        if attempts.count == 0 { return nil }
        return text { $0.object { members(of: attempts, &$0) } }
    }

    static func text(_ deliveries: [PendingLogin.Delivery]) -> String {
        text { json in
            json.array { json in
                for delivery in deliveries {
                    json.object { json in
                        json.member("channel", delivery.channel.value)
                        json.member("state", StoredNames.name(delivery.state))
                        switch delivery.state {
                        case .due(let at), .delivered(let at), .spared(let at):
                            json.member("at", Int(at.milliseconds))
                        case .refused: break
                        }
                        members(of: delivery.attempts, &json)
                    }
                }
            }
        }
    }

    static func text(_ signIn: Evidence.SignIn) -> String {
        text(
            [signIn.issuer, String(signIn.at.milliseconds), signIn.context ?? ""] + signIn.methods
        )
    }

    /// Nil for what the function above does not write.
    static func signIn(_ list: String) throws(StoreError) -> Evidence.SignIn? {
        let parts = try strings(list)
        guard parts.count >= 3, let at = Int64(parts[1]) else { return nil }
        return Evidence.SignIn(
            issuer: parts[0],
            at: Timestamp(milliseconds: at),
            context: parts[2].isEmpty ? nil : parts[2],
            methods: Array(parts.dropFirst(3))
        )
    }

    static func text(_ proof: Evidence.Proof) -> String {
        text([proof.credential.value, Base64URL.encode(proof.publicKey), proof.statement])
    }

    /// Nil for what the function above does not write.
    static func proof(_ list: String) throws(StoreError) -> Evidence.Proof? {
        let parts = try strings(list)
        guard parts.count == 3, let credential = CredentialID(parts[0]),
            let key = Base64URL.decode(parts[1])
        else { return nil }
        return Evidence.Proof(credential: credential, publicKey: key, statement: parts[2])
    }

    static func text(_ channels: Set<ChannelID>) -> String {
        text(channels.sorted().map(\.value))
    }

    /// Pairs of a channel and an address, by channel.
    static func text(_ addresses: [ChannelID: String]) -> String {
        text(addresses.sorted { $0.key < $1.key }.flatMap { [$0.key.value, $0.value] })
    }

    static func addresses(_ text: String) throws(StoreError) -> [ChannelID: String] {
        let parts = try strings(text)
        var addresses: [ChannelID: String] = [:]
        for start in stride(from: 0, to: parts.count, by: 2) {
            guard start + 1 < parts.count, let channel = ChannelID(parts[start]) else {
                throw .damaged("invalid addresses")
            }
            addresses[channel] = parts[start + 1]
        }
        return addresses
    }

    private static func text(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        write(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func members(of attempts: Attempts, _ json: inout JSONWriter) {
        if attempts.count == 0 { return }
        json.member("count", attempts.count)
        json.name("recent")
        json.array { json in
            for attempt in attempts.recent {
                json.array { json in
                    json.integer(Int(attempt.at.milliseconds))
                    json.string(attempt.note)
                }
            }
        }
    }

    // MARK: Reading

    static func strings(_ text: String) throws(StoreError) -> [String] {
        text == "[]" ? [] : try list(text) { $0.string }
    }

    static func channels(_ text: String) throws(StoreError) -> Set<ChannelID> {
        Set(try list(text) { $0.string.flatMap { ChannelID($0) } })
    }

    static func deliveries(_ text: String) throws(StoreError) -> [PendingLogin.Delivery] {
        try list(text, delivery)
    }

    static func attempts(_ text: String?) throws(StoreError) -> Attempts {
        guard let text else { return Attempts() }
        guard let value = try? JSONValue(Array(text.utf8)), let attempts = attempts(value) else {
            throw StoreError.damaged("invalid attempts")
        }
        return attempts
    }

    /// The elements of an array, each of which must be valid.
    private static func list<Element>(
        _ text: String,
        _ element: (JSONValue) -> Element?
    ) throws(StoreError) -> [Element] {
        guard let values = (try? JSONValue(Array(text.utf8)))?.array,
            let elements = all(values, element)
        else { throw StoreError.damaged("invalid list") }
        return elements
    }

    private static func all<Element>(
        _ values: [JSONValue],
        _ element: (JSONValue) -> Element?
    ) -> [Element]? {
        let elements = values.compactMap(element)
        return elements.count == values.count ? elements : nil
    }

    private static func delivery(_ value: JSONValue) -> PendingLogin.Delivery? {
        guard let channel = value["channel"]?.string.flatMap({ ChannelID($0) }),
            let attempts = attempts(value)
        else { return nil }
        let at = value["at"].flatMap { moment($0) }
        let state: PendingLogin.Delivery.State
        switch (value["state"]?.string, at) {
        case ("due", let at?): state = .due(at: at)
        case ("delivered", let at?): state = .delivered(at: at)
        case ("refused", nil): state = .refused
        case ("spared", let at?): state = .spared(at: at)
        default: return nil
        }
        return PendingLogin.Delivery(channel: channel, state: state, attempts: attempts)
    }

    /// An object without these members has no attempts.
    private static func attempts(_ value: JSONValue) -> Attempts? {
        guard value.object != nil, let count = value["count"] else {
            return value.object == nil ? nil : Attempts()
        }
        guard let count = count.integer, let recent = all(value["recent"]?.array ?? [], entry)
        else { return nil }
        return Attempts(count: count, recent: recent)
    }

    private static func entry(_ value: JSONValue) -> Attempts.Entry? {
        guard let parts = value.array, parts.count == 2, let at = moment(parts[0]),
            let note = parts[1].string
        else { return nil }
        return Attempts.Entry(at: at, note: note)
    }

    private static func moment(_ value: JSONValue) -> Timestamp? {
        value.integer.map { Timestamp(milliseconds: Int64($0)) }
    }
}
