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
                        case .due(let at), .delivered(let at):
                            json.member("at", Int(at.milliseconds))
                        case .refused: break
                        }
                        members(of: delivery.attempts, &json)
                    }
                }
            }
        }
    }

    static func text(_ channels: Set<ChannelID>) -> String {
        text(channels.sorted().map(\.value))
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
        if text == "[]" { return [] }
        return try read(text) { (json) throws(JSONError) in
            var strings: [String] = []
            try json.array { (json) throws(JSONError) in strings.append(try json.string()) }
            return strings
        }
    }

    static func attempts(_ text: String?) throws(StoreError) -> Attempts {
        guard let text else { return Attempts() }
        return try read(text) { (json) throws(JSONError) in
            var attempts = ReadAttempts()
            try json.object { (json, name) throws(JSONError) in
                if try !attempts.take(name, &json) { try json.skip() }
            }
            return attempts.value
        }
    }

    static func deliveries(_ text: String) throws(StoreError) -> [PendingLogin.Delivery] {
        try read(text) { (json) throws(JSONError) in
            var deliveries: [PendingLogin.Delivery] = []
            try json.array { (json) throws(JSONError) in deliveries.append(try delivery(&json)) }
            return deliveries
        }
    }

    static func channels(_ text: String) throws(StoreError) -> Set<ChannelID> {
        var channels: Set<ChannelID> = []
        for name in try strings(text) {
            guard let channel = ChannelID(name) else { throw StoreError.damaged("invalid channel") }
            channels.insert(channel)
        }
        return channels
    }

    private static func read<Value>(
        _ text: String,
        _ body: (inout JSONScanner) throws(JSONError) -> Value
    ) throws(StoreError) -> Value {
        var json = JSONScanner(Array(text.utf8))
        do {
            let value = try body(&json)
            try json.end()
            return value
        } catch {
            throw StoreError.damaged("invalid list: \(error)")
        }
    }

    private static func delivery(
        _ json: inout JSONScanner
    ) throws(JSONError) -> PendingLogin.Delivery {
        let start = json.offset
        var channel: ChannelID?
        var state: String?
        var at: Timestamp?
        var attempts = ReadAttempts()
        try json.object { (json, name) throws(JSONError) in
            switch name {
            case "channel": channel = ChannelID(try json.string())
            case "state": state = try json.string()
            case "at": at = try ReadAttempts.moment(&json)
            default: if try !attempts.take(name, &json) { try json.skip() }
            }
        }
        let known: PendingLogin.Delivery.State? =
            switch (state, at) {
            case ("due", let at?): .due(at: at)
            case ("delivered", let at?): .delivered(at: at)
            case ("refused", nil): .refused
            default: nil
            }
        guard let channel, let known else {
            throw JSONError(.wrongType(expected: "a delivery"), at: start)
        }
        return PendingLogin.Delivery(channel: channel, state: known, attempts: attempts.value)
    }
}

/// Attempts, collected from the members of an object.
private struct ReadAttempts {
    private var count = 0
    private var recent: [Attempts.Entry] = []

    var value: Attempts { Attempts(count: count, recent: recent) }

    /// False when the member belongs to something else.
    mutating func take(_ name: String, _ json: inout JSONScanner) throws(JSONError) -> Bool {
        switch name {
        case "count": count = try Self.integer(&json)
        case "recent":
            var read: [Attempts.Entry] = []
            try json.array { (json) throws(JSONError) in read.append(try Self.attempt(&json)) }
            recent = read
        default: return false
        }
        return true
    }

    static func moment(_ json: inout JSONScanner) throws(JSONError) -> Timestamp {
        Timestamp(milliseconds: Int64(try integer(&json)))
    }

    private static func integer(_ json: inout JSONScanner) throws(JSONError) -> Int {
        let start = json.offset
        guard let number = Int(try json.number()) else { throw JSONError(.badNumber, at: start) }
        return number
    }

    private static func attempt(
        _ json: inout JSONScanner
    ) throws(JSONError) -> Attempts.Entry {
        let start = json.offset
        var at: Timestamp?
        var note: String?
        try json.array { (json) throws(JSONError) in
            if at == nil { at = try moment(&json) } else { note = try json.string() }
        }
        guard let at, let note else {
            throw JSONError(.wrongType(expected: "an attempt"), at: start)
        }
        return Attempts.Entry(at: at, note: note)
    }
}
