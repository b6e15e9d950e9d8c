import Access
import HTTP
import JSON
import Localization
import Logins
import Texts

/// The clients of the token endpoint in the console. What is typed is read by the code of the admin
/// API, and changes go through `ClientDesk` as those do.
struct ClientPages: Sendable {
    /// Clients of a page.
    static let pageLength = 50
    /// A list that is sorted by anything but the identifier is read as a whole, up to here.
    static let longestSort = 1_000

    let front: ConsoleFront
    let access: any AccessStore
    /// Whether a second administrator confirms what lets clients do more.
    let fourEyes: Bool
    private var desk: ClientDesk { ClientDesk(store: access, fourEyes: fourEyes) }

    var routes: [Route] {
        [
            front.page("/console/clients", .clients, list),
            front.page("/console/clients/{id}", .clients, show),
            front.adminPage("/console/new-client", .clients) { call async throws(Problem) in
                page(call, nil)
            },
            front.change("/console/new-client", .clients, create),
            front.adminPage("/console/clients/{id}/change", .clients) {
                call async throws(Problem) in
                let stored = try await client(call)
                return page(call, stored.client, ClientForm(stored, call.view))
            },
            front.change("/console/clients/{id}/change", .clients, change),
            front.adminPage("/console/clients/{id}/keys", .clients) { call async throws(Problem) in
                let stored = try await client(call)
                return keyPage(call, stored.client)
            },
            front.change("/console/clients/{id}/keys", .clients, addKey),
        ]
            + confirmed("suspend", .consoleSuspend, .consoleSuspendText) {
                (client) throws(APIClientProblem) in try client.suspended(true)
            }
            + confirmed("resume", .consoleResume, .consoleResumeText) {
                (client) throws(APIClientProblem) in try client.suspended(false)
            }
            + confirmed("revoke", .consoleRevoke, .consoleRevokeText) {
                (client) throws(APIClientProblem) in try client.revoked()
            } + removingKey + ProposalPages(front: front, access: access, desk: desk).routes
    }

    static func path(_ id: APIClientID) -> String {
        "/console/clients/" + (PercentEncoding.encodeSegment(id.value) ?? "")
    }

    private func client(_ call: ConsoleCall) async throws(Problem) -> StoredClient {
        do { return try await desk.client(try call.path("id")) } catch let problem as Problem {
            throw problem
        } catch let refusal as ClientDesk.Refusal {
            throw Self.problem(refusal)
        } catch {
            throw Problem(.unavailable, "\(error)")
        }
    }

    /// As the admin API says it, but for what concerns its header fields.
    static func problem(_ refusal: ClientDesk.Refusal) -> Problem {
        refusal == .changed
            ? Problem(.preconditionFailed, "The client was changed in the meantime.")
            : Problem(refusal)
    }

    // MARK: Listing

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let filter = ClientFilter(
            kind: try call.choice("type", APIClient.Kind.self),
            status: try call.choice("status", APIClient.Status.self)
        )
        let sort = try call.choice("sort", ClientOrder.self)
        let order = try call.choice("order", ConsoleView.Column.Order.self) ?? .ascending
        let after: APIClientID? = try call.id("after")
        let skipped = Int(try call.number("skip") ?? 0)
        var found: [StoredClient]
        let limit = sort == nil ? Self.pageLength : Self.longestSort
        do {
            found = try await access.clients(
                filter,
                after: sort == nil ? after : nil,
                limit: limit + 1
            )
        } catch {
            throw Problem(error)
        }
        let hasMore = found.count > limit
        found = Array(found.prefix(limit))
        var next: Field?
        if let sort {
            found.sort { sort.isBefore($0, $1, order) }
            let rest = found.dropFirst(min(skipped, found.count))
            found = Array(rest.prefix(Self.pageLength))
            if rest.count > found.count { next = Field("skip", String(skipped + found.count)) }
        } else if hasMore, let last = found.last {
            next = Field("after", last.client.id.value)
        }
        let view = call.view
        return call.page(view.html(.consoleClients)) {
            if call.isAdmin {
                HTML.element("p") {
                    view.link("/console/new-client", view.html(.consoleNewClient))
                }
            }
            if fourEyes {
                HTML.element("p") {
                    view.link("/console/client-changes", view.html(.consoleChanges))
                }
            }
            search(call)
            if sort != nil, hasMore { HTML.element("p") { view.html(.consoleSortNote) } }
            table(found, call, sort, order)
            if let next { view.more("/console/clients", kept(call) + [next]) }
        }
    }

    /// The filters and the order, for a link to the same list.
    private func kept(_ call: ConsoleCall, sorted: Bool = true) -> [Field] {
        let names = ["type", "status"] + (sorted ? ["sort", "order"] : [])
        return call.form.fields.filter { names.contains($0.name) && !$0.value.isEmpty }
    }

    private func search(_ call: ConsoleCall) -> HTML {
        let view = call.view
        return view.search("/console/clients") {
            view.select(
                .consoleType,
                "type",
                call.text("type"),
                all: .consoleAll,
                APIClient.Kind.allCases.map { ($0.rawValue, view.html($0.phrase)) }
            )
            view.select(
                .consoleStatus,
                "status",
                call.text("status"),
                all: .consoleAll,
                APIClient.Status.allCases.map { ($0.rawValue, view.html($0.phrase)) }
            )
        }
    }

    private func table(
        _ clients: [StoredClient],
        _ call: ConsoleCall,
        _ sort: ClientOrder?,
        _ order: ConsoleView.Column.Order
    ) -> HTML {
        let view = call.view
        func column(_ label: Phrase, _ by: ClientOrder) -> ConsoleView.Column {
            let isThis = sort == by
            let next: ConsoleView.Column.Order =
                isThis && order == .ascending ? .descending : .ascending
            let fields =
                kept(call, sorted: false) + [
                    Field("sort", by.rawValue), Field("order", next.rawValue),
                ]
            let query = String(decoding: Form(fields).bytes, as: UTF8.self)
            return .init(label, sort: ("/console/clients?" + query, isThis ? order : nil))
        }
        return view.table(
            view.html(.consoleClients),
            [
                column(.consoleClientName, .name), .init(.consoleClientID),
                column(.consoleType, .type), column(.consoleStatus, .status),
                column(.consoleCreated, .created), .init(.consoleKeys),
                column(.consoleLastUsed, .used),
            ],
            clients.map { stored in
                let client = stored.client
                return [
                    view.link(Self.path(client.id), view.page.untrusted(client.name)),
                    view.code(client.id.value) ?? view.none,
                    view.html(client.kind.phrase), view.html(client.status.phrase),
                    view.time(client.createdAt), keys(client.keys, view),
                    view.time(stored.lastUsedAt) ?? view.none,
                ]
            }
        )
    }

    private func keys(_ keys: [APIClientKey], _ view: ConsoleView) -> HTML {
        keys.isEmpty
            ? view.none
            : keys.reduce(into: .empty) { html, key in
                html += HTML.element("span", ["class": "line"]) {
                    view.code("\(key.type) \(key.bits) \(key.thumbprint.prefix(8))\u{2026}")
                        ?? .empty
                }
            }
    }

    // MARK: One client

    private func show(_ call: ConsoleCall) async throws(Problem) -> Response {
        let stored = try await client(call)
        let client = stored.client
        let view = call.view
        return call.page(view.page.untrusted(client.name)) {
            view.facts([(.consoleLastUsed, view.time(stored.lastUsedAt))])
            Self.facts(client, view)
            view.part(.consoleKeys) {
                Self.keyTable(client, view, isAdmin: call.isAdmin)
            }
            if call.isAdmin, client.status != .revoked { actions(client, view) }
        }
    }

    /// What a client is. Beside `other` it marks what differs, and has the name, too.
    static func facts(
        _ client: APIClient,
        _ view: ConsoleView,
        beside other: APIClient? = nil
    ) -> HTML {
        guard let other else { return view.facts(rows(client, view)) }
        let named = [(Phrase.consoleClientName, client), (.consoleClientName, other)].map {
            [($0, view.page.untrusted($1.name) as HTML?)] + rows($1, view)
        }
        return view.facts(
            zip(named[0], named[1]).map { mine, theirs in
                (mine.0, mine.1 == theirs.1 ? mine.1 : mine.1.map { $0 + changed(view) })
            }
        )
    }

    private static func changed(_ view: ConsoleView) -> HTML {
        .text(" ")
            + HTML.element("span", ["class": "note"]) { view.html(.consoleChanged) }
    }

    /// Always the same labels in the same order.
    private static func rows(_ client: APIClient, _ view: ConsoleView) -> [(Phrase, HTML?)] {
        let grants = GrantType.allCases.filter(client.grants.contains).map(\.rawValue)
        return [
            (.consoleClientID, view.code(client.id.value)),
            (.consoleType, view.html(client.kind.phrase)),
            (.consoleStatus, view.html(client.status.phrase)),
            (.consoleCreated, view.time(client.createdAt)),
            (.consoleAuthentication, view.code(client.authentication.name)),
            (.consoleScopes, view.code(AccessScope.text(client.scopes))),
            (.consoleGrants, view.code(grants.joined(separator: " "))),
            (
                .consoleSourceAddresses,
                client.sourceAddresses.isEmpty
                    ? view.html(
                        client.kind == .delegated ? .consoleFromNowhere : .consoleFromEverywhere
                    )
                    : view.code(client.sourceAddresses.map(\.description).joined(separator: " "))
            ),
            (
                .consoleRedirects,
                client.redirectURIs.isEmpty
                    ? nil : view.code(client.redirectURIs.joined(separator: " "))
            ),
            (.consoleProofKey, client.usesProofKey ? view.html(.consoleYes) : nil),
            (.consoleFirstParty, client.isFirstParty ? view.html(.consoleYes) : nil),
        ]
    }

    /// The keys; an administrator can remove one. Those that `other` does not have are marked.
    static func keyTable(
        _ client: APIClient,
        _ view: ConsoleView,
        isAdmin: Bool = false,
        beside other: APIClient? = nil
    ) -> HTML {
        let canRemove = isAdmin && client.status != .revoked
        return view.table(
            view.html(.consoleKeys),
            [
                .init(.consoleKeyID), .init(.consoleKeyKind), .init(.consoleThumbprint),
                .init(.consoleValidUntil),
            ] + (canRemove ? [.init(.consoleActions)] : []),
            client.keys.map { key in
                let query = String(decoding: Form([Field("kid", key.id)]).bytes, as: UTF8.self)
                let remove = path(client.id) + "/keys/remove?" + query
                let isNew = other?.keys.contains(key) == false
                return [
                    (view.code(key.id) ?? view.none) + (isNew ? changed(view) : .empty),
                    view.code("\(key.type) \(key.bits)") ?? view.none,
                    view.code(key.thumbprint) ?? view.none, view.time(key.notAfter) ?? view.none,
                ] + (canRemove ? [view.link(remove, view.html(.consoleRemoveKey))] : [])
            }
        )
    }

    private func actions(_ client: APIClient, _ view: ConsoleView) -> HTML {
        let path = Self.path(client.id)
        return view.part(.consoleActions) {
            HTML.element("p", ["class": "actions"]) {
                view.link(path + "/change", view.html(.consoleChange))
                view.link(path + "/keys", view.html(.consoleAddKey))
                if client.status == .active {
                    view.link(path + "/suspend", view.html(.consoleSuspend))
                }
                if client.status == .suspended {
                    view.link(path + "/resume", view.html(.consoleResume))
                }
                view.link(path + "/revoke", view.html(.consoleRevoke))
            }
        }
    }

    // MARK: Creating and changing

    private func create(_ call: ConsoleCall) async throws(Problem) -> Response {
        do throws(Problem) {
            let members = BodyMembers(ClientForm.members(call.form, isNew: true))
            let kind = try members.required("type", try members.choice("type", APIClient.Kind.self))
            guard let id = APIClientID(ClientDesk.newID(kind)) else {
                throw Problem(.invalidBody, "client_id: is required.")
            }
            let client = try ClientResource.newClient(members, id: id, at: call.now)
            let stored: StoredClient
            do { stored = try await desk.add(client, by: call.author, at: call.now) } catch {
                if case .waits(let proposal) = error {
                    return call.redirect(to: ProposalPages.path(proposal))
                }
                throw Self.problem(error)
            }
            return call.redirect(to: Self.path(stored.client.id), isDone: true)
        } catch {
            return page(call, nil, failed: error)
        }
    }

    private func change(_ call: ConsoleCall) async throws(Problem) -> Response {
        let stored = try await client(call)
        do throws(Problem) {
            let edit = try ClientResource.edit(
                BodyMembers(ClientForm.members(call.form, isNew: false))
            )
            return try await answer(call, edit)
        } catch {
            return page(call, stored.client, failed: error)
        }
    }

    /// Changes the client of the path and goes to its page, or to that of the change if a second
    /// administrator has to confirm it.
    private func answer(
        _ call: ConsoleCall,
        _ edit: (APIClient) throws(APIClientProblem) -> APIClient
    ) async throws(Problem) -> Response {
        let id: APIClientID = try call.path("id")
        let version = try call.required("version", try call.number("version"))
        do {
            let stored = try await desk.change(
                id,
                version: version,
                by: call.author,
                at: call.now,
                edit
            )
            return call.redirect(to: Self.path(stored.client.id), isDone: true)
        } catch {
            guard case .waits(let proposal) = error else { throw Self.problem(error) }
            return call.redirect(to: ProposalPages.path(proposal))
        }
    }

    /// Changes the client of the path, if it is as the form has shown it.
    private func changed(
        _ call: ConsoleCall,
        _ edit: (APIClient) throws(APIClientProblem) -> APIClient
    ) async throws(Problem) -> StoredClient {
        let id: APIClientID = try call.path("id")
        let version = try call.required("version", try call.number("version"))
        do {
            return try await desk.change(
                id,
                version: version,
                by: call.author,
                at: call.now,
                edit
            )
        } catch {
            throw Self.problem(error)
        }
    }

    private func page(
        _ call: ConsoleCall,
        _ client: APIClient?,
        _ form: ClientForm? = nil,
        failed: Problem? = nil
    ) -> Response {
        let view = call.view
        let form = form ?? ClientForm(view: view, values: call.form)
        return call.page(
            view.html(client == nil ? .consoleNewClient : .consoleChange),
            status: failed?.kind.status ?? 200
        ) {
            if let client { HTML.element("p") { view.page.untrusted(client.name) } }
            if let failed { view.rule(failed) }
            form.html(call.request.path, isNew: client == nil)
        }
    }

    private func confirmed(
        _ name: String,
        _ heading: Phrase,
        _ text: Phrase,
        _ edit: @escaping @Sendable (APIClient) throws(APIClientProblem) -> APIClient
    ) -> [Route] {
        front.confirmed("/console/clients/{id}/" + name, .clients) { call async throws(Problem) in
            let stored = try await client(call)
            return Confirmation(
                heading: heading,
                text: text,
                subject: call.view.page.untrusted(stored.client.name),
                fields: [Field("version", String(stored.version))],
                back: Self.path(stored.client.id)
            )
        } _: { call async throws(Problem) in
            Self.path(try await changed(call, edit).client.id)
        }
    }

    // MARK: Keys

    private func keyPage(
        _ call: ConsoleCall,
        _ client: APIClient,
        failed: Problem? = nil
    ) -> Response {
        let view = call.view
        return call.page(view.html(.consoleAddKey), status: failed?.kind.status ?? 200) {
            HTML.element("p") { view.page.untrusted(client.name) }
            if let failed { view.rule(failed) }
            view.form(call.request.path, isWhole: true) {
                HTML.element("div", ["class": "fields"]) {
                    HTML.element("p") { view.html(.consoleAddKeyText) }
                    ClientForm(view: view, values: call.form).keyFields
                    view.input(
                        .consoleOverlap,
                        "overlap_days",
                        call.text("overlap_days") ?? "7",
                        type: "number"
                    )
                    HTML.element("div") {
                        HTML.element("button", ["type": "submit"]) { view.html(.consoleAddKey) }
                    }
                }
            }
        }
    }

    private func addKey(_ call: ConsoleCall) async throws(Problem) -> Response {
        let stored = try await client(call)
        do throws(Problem) {
            let longest = ClientDesk.longestOverlap.components.seconds / 86_400
            let overlap = try call.parsed(
                "overlap_days",
                "must be a whole number from 0 to \(longest)"
            ) { text in
                ListQuery.number(text).flatMap { days in
                    days <= longest ? Duration.seconds(days * 86_400) : nil
                }
            }
            let value = ClientForm.key(call.form)
            let key: APIClientKey
            do throws(APIClientProblem) {
                key = try RegisteredKey.read(value ?? .members([:]), call.now)
            } catch { throw Problem(error) }
            do {
                // Of any version: another change does not concern the new key.
                _ = try await desk.change(
                    stored.client.id,
                    version: nil,
                    by: call.author,
                    at: call.now
                ) { (client) throws(APIClientProblem) in
                    try client.adding(key, overlap: overlap ?? ClientDesk.overlap, at: call.now)
                }
            } catch {
                if case .waits(let proposal) = error {
                    return call.redirect(to: ProposalPages.path(proposal))
                }
                throw Self.problem(error)
            }
            return call.redirect(to: Self.path(stored.client.id), isDone: true)
        } catch {
            return keyPage(call, stored.client, failed: error)
        }
    }

    private var removingKey: [Route] {
        let missing = Problem(.notFound, "kid: the client has no such key.")
        return front.confirmed("/console/clients/{id}/keys/remove", .clients) {
            call async throws(Problem) in
            let stored = try await client(call)
            let kid = call.form["kid"] ?? ""
            guard stored.client.keys.contains(where: { $0.id.isExactly(kid) }) else {
                throw missing
            }
            return Confirmation(
                heading: .consoleRemoveKey,
                text: .consoleRemoveKeyText,
                subject: call.view.page.untrusted(stored.client.name) + .text(": ")
                    + (call.view.code(kid) ?? .empty),
                fields: [Field("version", String(stored.version)), Field("kid", kid)],
                back: Self.path(stored.client.id)
            )
        } _: { call async throws(Problem) in
            let kid = call.form["kid"] ?? ""
            let stored = try await client(call)
            guard stored.client.keys.contains(where: { $0.id.isExactly(kid) }) else {
                throw missing
            }
            return Self.path(
                try await changed(call) { (client) throws(APIClientProblem) in
                    try client.removing(key: kid) ?? client
                }.client.id
            )
        }
    }
}

/// What a list of clients is sorted by.
private enum ClientOrder: String, CaseIterable, Sendable {
    case name, type, status, created, used

    func isBefore(
        _ left: StoredClient,
        _ right: StoredClient,
        _ order: ConsoleView.Column.Order
    ) -> Bool {
        let (first, second) = order == .ascending ? (left, right) : (right, left)
        switch self {
        case .name: return first.client.name.exact < second.client.name.exact
        case .type: return first.client.kind.rawValue < second.client.kind.rawValue
        case .status: return first.client.status.rawValue < second.client.status.rawValue
        case .created: return first.client.createdAt < second.client.createdAt
        case .used:
            return (first.lastUsedAt?.milliseconds ?? .min)
                < (second.lastUsedAt?.milliseconds ?? .min)
        }
    }
}

extension APIClient.Kind {
    var phrase: Phrase {
        switch self {
        case .user: .consoleTypeUser
        case .delegated: .consoleTypeDelegated
        }
    }
}

extension APIClient.Status {
    var phrase: Phrase {
        switch self {
        case .pending: .consoleStatusPending
        case .active: .consoleStatusActive
        case .suspended: .consoleStatusSuspended
        case .revoked: .consoleStatusRevoked
        }
    }
}
