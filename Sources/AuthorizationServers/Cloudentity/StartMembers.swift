import JSON
import Logins
import Texts

/// The members of the body of a start, read one by one without building a tree. A member without a
/// value is absent [DE-9].
struct StartMembers {
    let isStrict: Bool
    /// The first thing that is wrong. The rest is still read: a start that cannot be taken is reported
    /// as failed with what it names.
    private(set) var problem: ReceivedStart.Malformed?

    private(set) var login: String?
    private(set) var user: String?
    private(set) var loginState: String?
    private(set) var state: String?
    private(set) var tenant: String?
    private(set) var workspace: String?
    private(set) var client: String?
    private(set) var clientName: String?
    private(set) var scopes: [String] = []
    private(set) var acrValues: [String] = []
    private(set) var bindingMessage: String?
    private(set) var expiresAt: String?
    private(set) var consent: String?
    private(set) var authorizationDetails: String?
    private var unknown: [JSONObject.Member] = []

    /// Bytes of a text, and of all unknown members together.
    private static let textLimit = 4096
    private static let unknownLimit = 8 << 10
    /// The limits of a consent, because these lists are shown to the user if ACP has no scope grant.
    private static let listLimit = ConsentLimits.codes
    private static let wordLimit = ConsentLimits.text

    init(isStrict: Bool) { self.isStrict = isStrict }

    /// What can be read of a body that has a `problem`. Of a repeated member the first value counts,
    /// but a login that is named in two ways has no name.
    init(salvaging bytes: [UInt8], in range: Range<Int>, problem: ReceivedStart.Malformed) {
        isStrict = false
        self.problem = problem
        var names: Set<ExactText> = []
        var logins: Set<LoginID?> = []
        JSONScanner.salvage(bytes, in: range) { (json, name) throws(JSONError) in
            if name.isExactly("login_id") {
                logins.insert(nil)
                let text = try text(name, &json)
                logins.remove(nil)
                logins.insert(text.flatMap { LoginID($0) })
                login = text
            } else if names.insert(name.exact).inserted {
                try take(name, &json)
            } else {
                try json.skip()
            }
        }
        if logins.count > 1 { login = nil }
    }

    /// Names of more than fifteen bytes come last: comparing them costs a call.
    mutating func take(_ name: String, _ json: inout JSONScanner) throws(JSONError) {
        switch name.exact {
        case "login_id": login = try text(name, &json)
        case "login_state": loginState = try text(name, &json, keepsLong: true)
        case "state": state = try text(name, &json, keepsLong: true)
        case "tenant_id": tenant = try setText(name, &json)
        case "server_id": workspace = try setText(name, &json)
        case "client_id": client = try setText(name, &json)
        case "client_info": try takeClientInfo(&json)
        case "acr_values": acrValues = try words(name, &json)
        case "binding_message": bindingMessage = try setText(name, &json)
        case "expires_at": expiresAt = try time(name, &json)
        case "user_identifier": user = try text(name, &json)
        case "requested_scopes": scopes = try words(name, &json, takesObjects: !isStrict)
        case "openbanking_intent_id": consent = try setText(name, &json)
        case "authorization_details" where problem != .tooLarge:
            try takeAuthorizationDetails(&json)
        default: try takeUnknown(name, &json)
        }
    }

    /// Of a body that is too large, only what a report needs is kept.
    private mutating func takeUnknown(_ name: String, _ json: inout JSONScanner) throws(JSONError) {
        if problem == .tooLarge { return try json.skip() }
        unknown.append(.init(name: name, value: try json.value()))
    }

    /// The value of a member that is unknown; nil if there is none.
    func unknownMember(_ name: String) -> JSONValue? {
        unknown.first { $0.name.isExactly(name) }?.value
    }

    /// The unknown members as one JSON object, for operators who inspect a login. Secrets in it, user
    /// codes above all, are masked at any depth.
    var keptUnknown: String? {
        guard !unknown.isEmpty else { return nil }
        let bytes = Self.masked(.object(JSONObject(unknown))).bytes
        return bytes.count <= Self.unknownLimit ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private static func masked(_ value: JSONValue) -> JSONValue {
        if let values = value.array { return .array(values.map(masked)) }
        guard let object = value.object else { return value }
        let members = object.members.map { member in
            JSONObject.Member(
                name: member.name,
                value: isSecret(member.name) ? .string("***") : masked(member.value)
            )
        }
        return .object(JSONObject(members))
    }

    /// Whether a name has one of these words in it, in either case.
    private static func isSecret(_ name: String) -> Bool {
        let name = Array(name.lowercased().utf8)
        return ["code", "secret", "token", "password"].map { Array($0.utf8) }.contains { word in
            name.indices.contains { name[$0...].starts(with: word) }
        }
    }

    /// Kept as it is: what is malformed fails the login when its consent is fetched, so that the
    /// server hears of it.
    private mutating func takeAuthorizationDetails(_ json: inout JSONScanner) throws(JSONError) {
        let value = try json.value()
        if !value.isNull, !(value.string.map(UnsetValue.isText) ?? false) {
            authorizationDetails = String(decoding: value.bytes, as: UTF8.self)
        }
    }

    private mutating func note(_ problem: String) {
        if self.problem == nil { self.problem = ReceivedStart.Malformed(problem) }
    }

    /// A text that is too long is dropped, unless it is what a report has to return.
    private mutating func text(
        _ name: String,
        _ json: inout JSONScanner,
        keepsLong: Bool = false
    ) throws(JSONError) -> String? {
        switch try json.kind() {
        case .string:
            let text = try json.string()
            if text.utf8.count > Self.textLimit {
                note("\(name): longer than \(Self.textLimit) bytes")
                if !keepsLong { return nil }
            }
            return text.isEmpty ? nil : text
        case .null: try json.null()
        case .object, .array, .number, .bool:
            note("\(name): must be a string")
            try json.skip()
        }
        return nil
    }

    /// A text of an optional member, in which an unset time means nothing either.
    private mutating func setText(
        _ name: String,
        _ json: inout JSONScanner
    ) throws(JSONError) -> String? {
        try text(name, &json).flatMap { UnsetValue.isTime($0) ? nil : $0 }
    }

    /// A time as text. The lenient decoding also takes the number of seconds since 1970.
    private mutating func time(
        _ name: String,
        _ json: inout JSONScanner
    ) throws(JSONError) -> String? {
        if !isStrict, try json.kind() == .number {
            let number = try json.number()
            return UnsetValue.isTime(number) ? nil : number
        }
        return try setText(name, &json)
    }

    /// An array of strings, of which unset ones do not count [DE-9]. The lenient decoding also accepts
    /// one string of words, and for scopes objects as ACP's GET answers have them [DE-5, DE-6].
    private mutating func words(
        _ name: String,
        _ json: inout JSONScanner,
        takesObjects: Bool = false
    ) throws(JSONError) -> [String] {
        switch try json.kind() {
        case .null:
            try json.null()
            return []
        case .string:
            let text = try json.string()
            if UnsetValue.isText(text) { return [] }
            if isStrict { break }
            return bounded(name, text.split(byte: " ").map { String($0) })
        case .array: return try elements(name, &json, takesObjects: takesObjects)
        case .object, .number, .bool: try json.skip()
        }
        note("\(name): must be an array of strings")
        return []
    }

    private mutating func elements(
        _ name: String,
        _ json: inout JSONScanner,
        takesObjects: Bool
    ) throws(JSONError) -> [String] {
        var words: [String] = []
        var isListOfWords = true
        try json.array { (json) throws(JSONError) in
            let kind = try json.kind()
            if kind == .string {
                words.append(try json.string())
            } else if kind == .object, takesObjects, let scope = Self.scope(try json.value()) {
                words.append(scope)
            } else if kind == .null {
                try json.null()
            } else {
                isListOfWords = false
                if kind != .object || !takesObjects { try json.skip() }
            }
        }
        if !isListOfWords { noteList(name) }
        return bounded(name, words)
    }

    private mutating func bounded(_ name: String, _ words: [String]) -> [String] {
        let words = words.filter { !UnsetValue.isText($0) }
        let short = words.prefix(Self.listLimit).filter { $0.utf8.count <= Self.wordLimit }
        if short.count < words.count { noteList(name) }
        return short
    }

    private mutating func noteList(_ name: String) {
        note(
            "\(name): must be an array of at most \(Self.listLimit) strings, none longer than "
                + "\(Self.wordLimit) bytes"
        )
    }

    private static func scope(_ value: JSONValue) -> String? {
        let requested = value["requested_name"]?.string ?? ""
        return requested.isEmpty ? value["name"]?.string : requested
    }

    /// Anything but an object counts as absent [DE-8].
    private mutating func takeClientInfo(_ json: inout JSONScanner) throws(JSONError) {
        guard try json.kind() == .object else { return try json.skip() }
        var found: String?
        try json.object { (json, name) throws(JSONError) in
            if name.isExactly("client_name"), try json.kind() == .string {
                found = try json.string()
            } else {
                try json.skip()
            }
        }
        // As long as the body allows. Whoever shows it may cut it, and shows the rest elsewhere.
        clientName = found.flatMap { UnsetValue.isText($0) ? nil : $0.unlessEmpty }
    }
}
