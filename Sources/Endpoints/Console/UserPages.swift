import Access
import HTTP
import JSON
import Localization
import Logins

/// The users in Beckon's own store, in the console: who they are and whether they may approve.
struct UserPages: Sendable {
    /// Users of a page.
    static let pageLength = 50

    let front: ConsoleFront
    let access: any AccessStore
    /// Nil if users are kept elsewhere.
    let users: (any UserStore)?

    var routes: [Route] {
        [front.page("/console/users", .users, list)]
            + blocking("block", false, .consoleBlock, .consoleBlockText)
            + blocking("unblock", true, .consoleUnblock, .consoleUnblockText)
    }

    private func store() throws(Problem) -> any UserStore {
        guard let users else {
            throw Problem(.notFound, "user: users are kept in another directory.")
        }
        return users
    }

    private func user(_ id: UserID) async throws(Problem) -> User? {
        do { return try await store().user(id) } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.unavailable, "Retry after the time in Retry-After.")
        }
    }

    // MARK: Listing

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let view = call.view
        guard let users else {
            return call.page(view.html(.consoleUsers)) {
                HTML.element("p") { view.html(.consoleUsersElsewhere) }
                HTML.element("p") { view.link(PasskeyPages.path, view.html(.passkeysHeading)) }
            }
        }
        let wanted: UserID? = try call.id("user")
        let after: UserID? = try call.id("after")
        var found: [User]
        if let wanted {
            found = try await user(wanted).map { [$0] } ?? []
        } else {
            do { found = try await users.users(after: after, limit: Self.pageLength + 1) } catch {
                throw Problem(error)
            }
        }
        let next = found.count > Self.pageLength
        found = Array(found.prefix(Self.pageLength))
        return call.page(view.html(.consoleUsers)) {
            view.search("/console/users") {
                view.input(.consoleUser, "user", call.text("user"))
            }
            view.table(
                view.html(.consoleUsers),
                [
                    .init(.consoleUser), .init(.consoleStatus), .init(.consoleChannels),
                    .init(.consoleLanguage), .init(.consoleTimeZone), .init(.consoleActions),
                ],
                found.map { row($0, call) }
            )
            if next, let last = found.last {
                view.more("/console/users", [Field("after", last.id.value)])
            }
        }
    }

    private func row(_ user: User, _ call: ConsoleCall) -> [HTML] {
        let view = call.view
        let name = Form([Field("user", user.id.value)]).bytes
        let query = "?" + String(decoding: name, as: UTF8.self)
        let channels = user.channels?.map(\.value).sorted().joined(separator: ", ")
        return [
            view.link("/console/logins" + query, view.page.untrusted(user.id.value)),
            HTML.element("span", ["class": user.isActive ? "state" : "state bad"]) {
                view.html(user.isActive ? .consoleStatusActive : .consoleBlocked)
            },
            channels.map { view.page.untrusted($0) } ?? view.html(.consoleAll),
            view.code(user.language) ?? view.none, view.code(user.timeZone) ?? view.none,
            actions(user, query, call),
        ]
    }

    private func actions(_ user: User, _ query: String, _ call: ConsoleCall) -> HTML {
        let view = call.view
        let passkeys = view.link(PasskeyPages.path + query, view.html(.passkeysHeading))
        guard call.isAdmin else { return passkeys }
        let block = view.link(
            "/console/users/" + (user.isActive ? "block" : "unblock") + query,
            view.html(user.isActive ? .consoleBlock : .consoleUnblock)
        )
        return block + HTML.void("br") + passkeys
    }

    // MARK: Blocking

    private func blocking(
        _ name: String,
        _ isActive: Bool,
        _ heading: Phrase,
        _ text: Phrase
    ) -> [Route] {
        front.confirmed("/console/users/" + name, .users) { call async throws(Problem) in
            let id = try await known(call)
            return Confirmation(
                heading: heading,
                text: text,
                subject: call.view.page.untrusted(id.value),
                fields: [Field("user", id.value)],
                back: "/console/users"
            )
        } _: { call async throws(Problem) in
            let id = try await known(call)
            try await setActive(isActive, id, call)
            let query = Form([Field("user", id.value)]).bytes
            return "/console/users?" + String(decoding: query, as: UTF8.self)
        }
    }

    /// The user that a request names.
    private func known(_ call: ConsoleCall) async throws(Problem) -> UserID {
        let id: UserID = try call.required("user", try call.id("user"))
        guard try await user(id) != nil else {
            throw Problem(.notFound, "user: there is none with this identifier.")
        }
        return id
    }

    private func setActive(
        _ isActive: Bool,
        _ id: UserID,
        _ call: ConsoleCall
    ) async throws(Problem) {
        let desk = UserDesk(users: try store(), access: access)
        do {
            try await desk.setActive(isActive, id, by: call.author, at: call.now)
        } catch {
            throw Problem(error)
        }
    }
}
