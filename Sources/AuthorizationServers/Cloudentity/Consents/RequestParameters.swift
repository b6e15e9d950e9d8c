import JSON
import Logins
import Texts

/// Compares parameters of the client's request with the members of the grant and the start that say
/// the same [CD-9]. A request that differs from what is shown is not the one that is approved.
struct RequestParameters {
    let answer: JSONValue
    let login: PendingLogin.Details

    /// Whether the parameter is one that the grant or the start has as a member. An equal one is not
    /// shown a second time. `value` is a text, a list of texts or, in a request object, JSON.
    ///
    /// - Throws: `place` if the parameter differs, or refers to what cannot be compared.
    func check(
        _ name: String,
        _ value: JSONValue,
        at place: String
    ) throws(ConsentProblem) -> Bool {
        let agrees: Bool
        switch name.exact {
        case "scope": agrees = isRequested(scopes: value)
        case "acr_values": agrees = isEmpty(value) || words(value) == classes
        case "authorization_details": agrees = isShown(details: value)
        case "binding_message":
            agrees = isEmpty(value) || isExactly(value, login.bindingMessage.unmaskedText)
        // The server finds the user by it, who may have another name there.
        case "login_hint": agrees = true
        case "client_id":
            let client = answer["client_id"]?.string?.unlessEmpty ?? login.client?.value
            agrees = isEmpty(value) || isExactly(value, client)
        case "request_uri": agrees = isEmpty(value)
        default: return false
        }
        if !agrees { throw .incomplete("\(place): differs from what is shown") }
        return true
    }

    // MARK: What is known

    /// Scopes of OpenID Connect (Core §5.4, §11), which servers leave out of what they ask for.
    private static let usual: Set<ExactText> = [
        "openid", "profile", "email", "address", "phone", "offline_access",
    ]

    /// The server may add scopes that it grants without asking.
    private func isRequested(scopes value: JSONValue) -> Bool {
        if isEmpty(value) { return true }
        guard let asked = words(value) else { return false }
        guard let listed = answer["requested_scopes"]?.array else {
            let known = Set(login.requestedScopes.map(\.exact))
            return asked.union(Self.usual) == known.union(Self.usual)
        }
        var all: Set<ExactText> = []
        var required: Set<ExactText> = []
        for scope in listed {
            let names = [scope["requested_name"], scope["name"]].compactMap { $0?.string }
            guard let name = names.first(where: { !$0.isEmpty }) else { continue }
            all.insert(name.exact)
            if scope["implicit_grant"]?.bool != true { required.insert(name.exact) }
        }
        return required.isSubset(of: asked)
            && asked.subtracting(Self.usual).isSubset(of: all)
    }

    private var classes: Set<ExactText> {
        Set(((answer[RequestWords.acr]?.strings ?? []) + login.acrValues).map(\.exact))
    }

    private func isShown(details value: JSONValue) -> Bool {
        var shown = answer[AuthorizationDetails.member].flatMap { $0.isNull ? nil : $0 }
        if shown == nil { shown = login.authorizationDetails.flatMap(Self.json) }
        let expected = shown.flatMap(Self.canonical)
        return parameters(value).allSatisfy { Self.canonical($0) == expected }
    }

    /// Each value as JSON; those that say nothing are left out.
    private func parameters(_ value: JSONValue) -> [JSONValue] {
        let values = value.strings?.map { Self.json($0) ?? .string($0) } ?? [value]
        return values.compactMap { value in
            let read = value.string.map { Self.json($0) ?? value } ?? value
            return read.isNull || read == .string("") || read == .array([]) ? nil : read
        }
    }

    private static func json(_ text: String) -> JSONValue? { try? JSONValue(Array(text.utf8)) }

    /// Nil for what says nothing, and for what has no canonical form, which equals nothing else.
    private static func canonical(_ value: JSONValue) -> [UInt8]? {
        if value == .array([]) || value == .string("") { return nil }
        return (try? CanonicalJSON.bytes(of: value, numbers: .written)) ?? value.bytes
    }

    // MARK: Values

    private func isEmpty(_ value: JSONValue) -> Bool {
        value.isNull
            || (value.strings ?? value.string.map { [$0] })?.allSatisfy(\.readsAsEmpty) == true
    }

    private func isExactly(_ value: JSONValue, _ known: String?) -> Bool {
        known.map { texts(value) == [$0.exact] } ?? false
    }

    /// The different texts of a parameter; nil if it has something else.
    private func texts(_ value: JSONValue) -> Set<ExactText>? {
        guard let texts = value.strings ?? value.string.map({ [$0] }) else { return nil }
        return Set(texts.filter { !$0.readsAsEmpty }.map(\.exact))
    }

    /// What spaces separate in its texts.
    private func words(_ value: JSONValue) -> Set<ExactText>? {
        guard let texts = texts(value) else { return nil }
        return Set(
            texts.flatMap { $0.text.utf8.split(separator: UInt8(ascii: " ")) }
                .map { String(Substring($0)).exact }
        )
    }
}
