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

    private func desk() throws(Problem) -> UserDesk {
        UserDesk(users: try store(), access: api.access)
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
        let id: UserID = try call.path("user")
        let desk = try desk()
        let found: User?
        do { found = try await desk.user(id) } catch { throw Problem(error) }
        guard let found else { throw Self.missing }
        return Self.response(found)
    }

    private static func response(_ user: User, status: Int = 200) -> Response {
        .document(document(user), status: status, fields: [Field("ETag", tag(user))])
    }

    /// Says of documents only whether there are any, and of addresses only for which channels.
    private static func document(_ user: User) -> JSONValue {
        .members([
            "user": .string(user.id.value),
            "active": .bool(user.isActive),
            "channels": user.channels.map { .texts($0.map(\.value).sorted()) },
            "language": .text(user.language),
            "time_zone": .text(user.timeZone),
            "has_documents": .bool(!user.documents.isEmpty),
            "channels_with_address": user.addresses.isEmpty
                ? nil : .texts(user.addresses.keys.map(\.value).sorted()),
        ])
    }

    /// Also of what is not shown.
    private static func tag(_ user: User) -> String {
        let documents = user.documents.sorted().map(\.number).joined(separator: ",")
        let addresses = user.addresses.sorted { $0.key < $1.key }
            .map { "\n\($0.key.value) \($0.value)" }.joined()
        let digest = SHA256.digest(
            document(user).bytes + Array(documents.utf8) + Array(addresses.utf8)
        )
        return "\"\(Base64URL.encode(Array(digest.prefix(12))))\""
    }

    // MARK: Changing

    private func put(_ call: APICall) async throws(Problem) -> Response {
        let id: UserID = try call.path("user")
        let desk = try desk()
        let members = try call.members([
            "active", "channels", "language", "time_zone", "documents", "addresses",
        ])
        let isActive = try members.flag("active")
        let channels = try channels(members)
        let language = try members.parsed(
            "language",
            "must be a language of the pages, such as en or pt-BR"
        ) { value in
            value.string.flatMap { tag in
                User.isLanguageTag(tag) && Language.named(tag) != nil ? tag : nil
            }
        }
        let timeZone = try members.parsed(
            "time_zone",
            "must be a name of the time zone database, such as America/Sao_Paulo"
        ) { value in
            value.string.flatMap { TimeZones.standard.zone(named: $0)?.name }
        }
        let documents: Set<IdentityDocument>? = try members.parsed(
            "documents",
            "must be a list of CPF and CNPJ numbers"
        ) {
            value in
            guard let texts = value.strings else { return nil }
            let known = texts.compactMap(IdentityDocument.init(typed:))
            return known.count == texts.count ? Set(known) : nil
        }
        let addresses = try addresses(members)
        let result: (before: User?, after: User)
        do {
            result = try await desk.put(id, by: call.author, at: call.now) {
                (before) throws(UserDesk.Refusal) in
                guard Self.isWanted(before, call) else { throw .changed }
                return User(
                    id: id,
                    isActive: isActive ?? before?.isActive ?? true,
                    channels: channels,
                    language: language,
                    timeZone: timeZone,
                    documents: documents ?? before?.documents ?? [],
                    addresses: Self.merged(addresses, before)
                )
            }
        } catch {
            throw Problem(error)
        }
        return Self.response(result.after, status: result.before == nil ? 201 : 200)
    }

    /// The new addresses; nil removes one. Channels that are not named keep theirs, which nobody can
    /// read here and so nobody could send again.
    private func addresses(
        _ members: BodyMembers
    ) throws(Problem) -> [(channel: ChannelID, text: String?)]? {
        let names = channels.map(\.value).sorted().joined(separator: ", ")
        return try members.parsed(
            "addresses",
            "must be an object with a text without spaces, or null, for some of \(names)"
        ) { value in
            guard let object = value.object else { return nil }
            var addresses: [(channel: ChannelID, text: String?)] = []
            for member in object.members {
                guard let channel = ChannelID(member.name), channels.contains(channel) else {
                    return nil
                }
                let text = member.value.string
                guard member.value.isNull || text.map(User.isAddress) == true else { return nil }
                addresses.append((channel, text))
            }
            return addresses
        }
    }

    private static func merged(
        _ new: [(channel: ChannelID, text: String?)]?,
        _ before: User?
    ) -> [ChannelID: String] {
        var addresses = before?.addresses ?? [:]
        for (channel, text) in new ?? [] { addresses[channel] = text }
        return addresses
    }

    private func channels(_ members: BodyMembers) throws(Problem) -> Set<ChannelID>? {
        let names = channels.map(\.value).sorted().joined(separator: ", ")
        return try members.parsed("channels", "must be a list of \(names)") { value in
            guard let texts = value.strings else { return nil }
            let known = texts.compactMap(ChannelID.init).filter(channels.contains)
            return known.count == texts.count ? Set(known) : nil
        }
    }

    /// Whether the user is the one that the request's conditions name (RFC 9110 §13.1.1, §13.1.2).
    private static func isWanted(_ user: User?, _ call: APICall) -> Bool {
        let own = user.map(tag)
        func names(_ tags: [String]) -> Bool {
            own.map { tags == ["*"] || tags.contains($0) } ?? false
        }
        if let tags = EntityTag.tags(call, "if-match"), !names(tags) { return false }
        if let tags = EntityTag.tags(call, "if-none-match"), names(tags) { return false }
        return true
    }

    private func setActive(_ isActive: Bool, _ call: APICall) async throws(Problem) -> Response {
        let id: UserID = try call.path("user")
        let desk = try desk()
        let user: User
        do {
            user = try await desk.setActive(isActive, id, by: call.author, at: call.now) {
                call.storing(Self.response($0))
            }
        } catch {
            throw Problem(error)
        }
        return Self.response(user)
    }

    private func remove(_ call: APICall) async throws(Problem) -> Response {
        let id: UserID = try call.path("user")
        let desk = try desk()
        do {
            try await desk.remove(id, by: call.author, at: call.now) { Self.isWanted($0, call) }
        } catch {
            throw Problem(error)
        }
        return Response(status: 204, fields: [.noStore])
    }
}

extension Problem {
    init(_ refusal: UserDesk.Refusal) {
        switch refusal {
        case .missing: self.init(.notFound, "user: there is none with this identifier.")
        case .changed: self = EntityTag.failed
        case .used: self = Idempotency.inUse
        case .directory: self.init(.unavailable, "Retry after the time in Retry-After.")
        case .store(let error): self.init(error)
        }
    }
}
