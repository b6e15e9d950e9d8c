import HTTP
import JSON
import Logins

/// The body of `POST /authentication/start`, decoded by the table in `cloudentity.md` 1.4.
struct StartBody {
    var login: LoginID
    var tenant: TenantID?
    var details: PendingLogin.Details
    var expiresAt: Timestamp?
    /// Both names of the state came, with different values (DE-3).
    var hasTwoStates = false

    /// What is wrong with a body, in words for whoever sent it.
    struct Malformed: Error, Equatable {
        let description: String
        init(_ description: String) { self.description = description }
        init(_ error: JSONError) { description = error.description }
    }

    /// Bytes of unknown members that are kept.
    static let unknownLimit = 8 << 10

    private static let known: Set<String> = [
        "login_id", "user_identifier", "login_state", "state", "tenant_id", "server_id",
        "client_id", "client_info", "requested_scopes", "acr_values", "binding_message",
        "expires_at", "openbanking_intent_id",
    ]

    init(_ request: Request, _ inbound: CloudentityInbound) throws(Malformed) {
        var members: [String: JSONValue] = [:]
        var unknown: [JSONObject.Member] = []
        do {
            var json = JSONScanner(request.bytes, in: request.bodyRange)
            try json.object { (json, name) throws(JSONError) in
                let value = try json.value()
                if Self.known.contains(name) {
                    // A null member is an absent one (DE-9).
                    if !value.isNull { members[name] = value }
                } else {
                    unknown.append(.init(name: name, value: value))
                }
            }
            try json.end()
        } catch {
            throw Malformed(error)
        }
        let fields = StartFields(members: members, isStrict: inbound.decoding == .strict)
        login = try fields.required("login_id")
        tenant = try fields.identifier("tenant_id")
        details = PendingLogin.Details(user: try fields.required("user_identifier"))
        details.workspace = try fields.identifier("server_id")
        details.client = try fields.identifier("client_id")
        details.clientName = fields.clientName()
        details.requestedScopes = try fields.scopes("requested_scopes")
        details.acrValues = try fields.words("acr_values")
        details.bindingMessage = try fields.text("binding_message")
        details.consentID = try fields.identifier("openbanking_intent_id")
        details.unknownMembers = Self.keeping(unknown)
        expiresAt = try fields.moment("expires_at")
        let (current, older) = (try fields.text("login_state"), try fields.text("state"))
        hasTwoStates = current != nil && older != nil && current != older
        details.state = current ?? (inbound.decoding == .strict ? nil : older)
        if details.state == nil, inbound.requiresLoginState || inbound.decoding == .strict {
            throw Malformed("login_state: required, and missing")
        }
        if !inbound.tenants.isEmpty, tenant.map({ !inbound.tenants.contains($0) }) ?? false {
            throw Malformed("tenant_id: not a tenant that is served here")
        }
    }

    /// Secrets stay out of what is stored, however deep: a user code above all (`design.md`).
    private static func keeping(_ unknown: [JSONObject.Member]) -> String? {
        guard !unknown.isEmpty else { return nil }
        let bytes = masked(.object(JSONObject(unknown))).bytes
        return bytes.count <= unknownLimit ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private static func masked(_ value: JSONValue) -> JSONValue {
        if let values = value.array { return .array(values.map(masked)) }
        guard let object = value.object else { return value }
        let members = object.members.map { member in
            let name = member.name.lowercased()
            let isSecret = ["code", "secret", "token", "password"].contains { name.contains($0) }
            return JSONObject.Member(
                name: member.name,
                value: isSecret ? .string("***") : masked(member.value)
            )
        }
        return .object(JSONObject(members))
    }
}

/// Reads members one by one, strictly or with the tolerance of the table.
private struct StartFields {
    let members: [String: JSONValue]
    let isStrict: Bool

    func required<Named>(_ name: String) throws(StartBody.Malformed) -> Identifier<Named> {
        guard let value: Identifier<Named> = try identifier(name) else {
            throw StartBody.Malformed("\(name): required, and missing")
        }
        return value
    }

    func identifier<Named>(_ name: String) throws(StartBody.Malformed) -> Identifier<Named>? {
        guard let value = members[name] else { return nil }
        guard let text = value.string else {
            throw StartBody.Malformed("\(name): must be a string")
        }
        guard let identifier = Identifier<Named>(text) else {
            throw StartBody.Malformed("\(name): must have 1 to 512 characters, none of control")
        }
        return identifier
    }

    func text(_ name: String) throws(StartBody.Malformed) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.string else {
            throw StartBody.Malformed("\(name): must be a string")
        }
        guard text.utf8.count <= 4096 else {
            throw StartBody.Malformed("\(name): longer than 4096 bytes")
        }
        return text
    }

    /// DE-6: an array of strings; leniently also words in one string.
    func words(_ name: String) throws(StartBody.Malformed) -> [String] {
        guard let value = members[name] else { return [] }
        if let text = value.string, !isStrict { return text.split(separator: " ").map(String.init) }
        guard let values = value.array, values.count <= 256 else {
            throw StartBody.Malformed("\(name): must be an array of at most 256 strings")
        }
        var texts: [String] = []
        for value in values {
            guard let text = value.string else {
                throw StartBody.Malformed("\(name): must hold strings only")
            }
            texts.append(text)
        }
        return texts
    }

    /// DE-5: leniently also objects, as the GET answers have them.
    func scopes(_ name: String) throws(StartBody.Malformed) -> [String] {
        guard !isStrict, let values = members[name]?.array, values.count <= 256,
            values.contains(where: { $0.object != nil })
        else { return try words(name) }
        var scopes: [String] = []
        for value in values {
            let requested = value["requested_name"]?.string ?? ""
            guard
                let scope = value.string ?? (requested.isEmpty ? value["name"]?.string : requested)
            else { throw StartBody.Malformed("\(name): must hold strings, or objects with a name") }
            scopes.append(scope)
        }
        return scopes
    }

    /// DE-7. RFC 3339 has fractions and offsets; what ACP sends has neither.
    func moment(_ name: String) throws(StartBody.Malformed) -> Timestamp? {
        guard let text = try text(name) else { return nil }
        guard let milliseconds = RFC3339.parse(text) else {
            throw StartBody.Malformed("\(name): must be a date and time (RFC 3339)")
        }
        return Timestamp(milliseconds: milliseconds)
    }

    /// DE-8: anything but an object counts as absent.
    func clientName() -> String? {
        members["client_info"]?["client_name"]?.string.map { String($0.prefix(512)) }
    }
}
