import Access
import Cryptography
import HTTP
import JSON
import Localization
import Logins

/// `/…/users`: the users in Beckon's own store.
struct UserResource: Sendable {
    private static let bodyLimit = 16_384

    let api: APIRoutes
    let base: String
    /// Needed to read, and to change.
    let scopes: (read: AccessScope, change: AccessScope)
    /// Nil if users are kept elsewhere.
    let users: (any UserStore)?
    /// The configured channels.
    let channels: Set<ChannelID>
    /// Whether users can be listed, disabled and enabled besides.
    let isForAdministrators: Bool

    var routes: [Route] {
        let one = base + "/users/{user}"
        let routes = [
            api.route(.get, one, [scopes.read], show),
            api.route(.put, one, [scopes.change], bodyLimit: Self.bodyLimit, put),
            api.route(.delete, one, [scopes.change], remove),
        ]
        guard isForAdministrators else { return routes }
        return routes + [
            api.route(.get, base + "/users", [scopes.read], list),
            api.route(.post, one + "/disable", [scopes.change]) { call async throws(Problem) in
                try await setActive(false, call)
            },
            api.route(.post, one + "/enable", [scopes.change]) { call async throws(Problem) in
                try await setActive(true, call)
            },
        ]
    }

    private func store() throws(Problem) -> any UserStore {
        guard let users else {
            throw Problem(.notFound, "user: users are kept in another directory.")
        }
        return users
    }

    private static let missing = Problem(.notFound, "user: there is none with this identifier.")

    private func user(_ id: UserID, _ store: any UserStore) async throws(Problem) -> User? {
        do { return try await store.user(id) } catch {
            throw Problem(.unavailable, "Retry after the time in Retry-After.")
        }
    }

    // MARK: Reading

    private func list(_ call: APICall) async throws(Problem) -> Response {
        let query = try ListQuery(call, [])
        let after: UserID? = try query.afterID()
        let found: [User]
        let store = try store()
        do { found = try await store.users(after: after, limit: query.limit + 1) } catch {
            throw Problem(error)
        }
        return query.page("users", found, key: { $0.id.value }, Self.document)
    }

    private func show(_ call: APICall) async throws(Problem) -> Response {
        guard let user = try await user(try call.path("user"), try store()) else {
            throw Self.missing
        }
        return Self.response(user)
    }

    private static func response(_ user: User, status: Int = 200) -> Response {
        .document(document(user), status: status, fields: [Field("ETag", tag(user))])
    }

    /// Says of documents only whether there are any.
    private static func document(_ user: User) -> JSONValue {
        .members([
            "user": .string(user.id.value),
            "active": .bool(user.isActive),
            "channels": user.channels.map { .texts($0.map(\.value).sorted()) },
            "language": .text(user.language),
            "time_zone": .text(user.timeZone),
            "has_documents": .bool(!user.documents.isEmpty),
        ])
    }

    /// Also of what is not shown.
    private static func tag(_ user: User) -> String {
        let documents = user.documents.sorted().map(\.number).joined(separator: ",")
        let digest = SHA256.digest(document(user).bytes + Array(documents.utf8))
        return "\"\(Base64URL.encode(Array(digest.prefix(12))))\""
    }

    // MARK: Changing

    private func put(_ call: APICall) async throws(Problem) -> Response {
        let id: UserID = try call.path("user")
        let store = try store()
        let members = try call.members([
            "active", "channels", "language", "time_zone", "documents",
        ])
        let before = try await user(id, store)
        try requireMatch(call, before)
        let user = User(
            id: id,
            isActive: try members.flag("active") ?? before?.isActive ?? true,
            channels: try channels(members),
            language: try members.parsed(
                "language",
                "must be a language of the pages, such as en or pt-BR"
            ) { value in
                value.string.flatMap { tag in
                    User.isLanguageTag(tag) && Language.named(tag) != nil ? tag : nil
                }
            },
            timeZone: try members.parsed(
                "time_zone",
                "must be a name of the time zone database, such as America/Sao_Paulo"
            ) { value in
                value.string.flatMap { TimeZones.standard.zone(named: $0)?.name }
            },
            documents: try members.parsed("documents", "must be a list of CPF and CNPJ numbers") {
                value in
                guard let texts = value.strings else { return nil }
                let documents = texts.compactMap(IdentityDocument.init(typed:))
                return documents.count == texts.count ? Set(documents) : nil
            } ?? before?.documents ?? []
        )
        try await note(before == nil ? "user.created" : "user.changed", id, call)
        do { try await store.put(user) } catch { throw Problem(error) }
        return Self.response(user, status: before == nil ? 201 : 200)
    }

    private func channels(_ members: BodyMembers) throws(Problem) -> Set<ChannelID>? {
        let names = channels.map(\.value).sorted().joined(separator: ", ")
        return try members.parsed("channels", "must be a list of \(names)") { value in
            guard let texts = value.strings else { return nil }
            let known = texts.compactMap(ChannelID.init).filter(channels.contains)
            return known.count == texts.count ? Set(known) : nil
        }
    }

    /// Changes between this and the write are not seen: the store of users has no versions.
    private func requireMatch(_ call: APICall, _ user: User?) throws(Problem) {
        let fields = call.request.fields("if-match")
        guard !fields.isEmpty, fields != ["*"] || user == nil else { return }
        guard let user, fields.joined(separator: ",").contains(Self.tag(user)) else {
            throw EntityTag.failed
        }
    }

    private func setActive(_ isActive: Bool, _ call: APICall) async throws(Problem) -> Response {
        let id: UserID = try call.path("user")
        let store = try store()
        guard let before = try await user(id, store) else { throw Self.missing }
        guard before.isActive != isActive else { return Self.response(before) }
        try await note(isActive ? "user.enabled" : "user.disabled", id, call)
        do { _ = try await store.setActive(isActive, id) } catch { throw Problem(error) }
        guard let after = try await user(id, store) else { throw Self.missing }
        return Self.response(after)
    }

    private func remove(_ call: APICall) async throws(Problem) -> Response {
        let id: UserID = try call.path("user")
        let store = try store()
        let before = try await user(id, store)
        guard before != nil else { throw Self.missing }
        try requireMatch(call, before)
        try await note("user.removed", id, call)
        do { _ = try await store.remove(id) } catch { throw Problem(error) }
        return Response(status: 204, fields: [.noStore])
    }

    /// Before the change, so that none is without its line: users and audit are not changed together.
    private func note(_ kind: String, _ id: UserID, _ call: APICall) async throws(Problem) {
        let event = call.author.event(kind, at: call.now, ["user": .string(id.value)])
        do { _ = try await api.access.commit([.audit(event)]) } catch { throw Problem(error) }
    }
}
