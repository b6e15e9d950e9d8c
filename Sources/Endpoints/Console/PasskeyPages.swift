import Access
import Devices
import Engine
import HTTP
import JSON
import Localization
import Logins

/// The passkeys of a user, in the console: what they are, and their removal.
struct PasskeyPages: Sendable {
    static let path = "/console/users/passkeys"

    let front: ConsoleFront
    let passkeys: RegisteredPasskeys

    var routes: [Route] {
        [front.page(Self.path, .users, list)]
            + front.confirmed(Self.path + "/remove", .users) { call async throws(Problem) in
                let (user, credential) = try await named(call)
                let view = call.view
                return Confirmation(
                    heading: .consoleRemovePasskey,
                    text: .consoleRemovePasskeyText,
                    subject: view.page.untrusted(user.value) + .text(" \u{2013} ")
                        + Self.name(credential, view),
                    fields: [Field("user", user.value), Field("id", credential.id.value)],
                    back: Self.address(of: user)
                )
            } _: { call async throws(Problem) in
                let (user, credential) = try await named(call)
                do throws(PasskeyDesk.Refusal) {
                    try await passkeys.remove(credential.id, of: user, by: call.author)
                } catch {
                    throw Problem(error)
                }
                return Self.address(of: user)
            }
    }

    private static func address(of user: UserID) -> String {
        path + "?" + String(decoding: Form([Field("user", user.value)]).bytes, as: UTF8.self)
    }

    private static func name(_ credential: Credential, _ view: ConsoleView) -> HTML {
        credential.name.isEmpty
            ? view.html(.passkeyUnnamed) : view.page.untrusted(credential.name)
    }

    private func found(_ user: UserID) async throws(Problem) -> [Credential] {
        do { return try await passkeys.passkeys(of: user) } catch { throw Problem(error) }
    }

    /// The user and the passkey that a request names.
    private func named(_ call: ConsoleCall) async throws(Problem) -> (UserID, Credential) {
        let user: UserID = try call.required("user", try call.id("user"))
        let id: CredentialID = try call.required("id", try call.id("id"))
        guard let credential = try await found(user).first(where: { $0.id == id }) else {
            throw Problem(PasskeyDesk.Refusal.unknown)
        }
        return (user, credential)
    }

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let user: UserID? = try call.id("user")
        var rows: [[HTML]] = []
        if let user {
            for credential in try await found(user) { rows.append(row(credential, user, call)) }
        }
        let view = call.view
        return call.page(view.html(.passkeysHeading)) {
            view.search(Self.path) { view.input(.consoleUser, "user", call.text("user")) }
            if user != nil {
                view.table(
                    view.html(.passkeysHeading),
                    [
                        .init(.consoleClientName), .init(.consoleCredential),
                        .init(.consoleCreated), .init(.consoleLastUsed), .init(.consoleBackedUp),
                        .init(.consoleActions),
                    ],
                    rows
                )
            }
        }
    }

    private func row(_ credential: Credential, _ user: UserID, _ call: ConsoleCall) -> [HTML] {
        let view = call.view
        let fields = [Field("user", user.value), Field("id", credential.id.value)]
        let query = "?" + String(decoding: Form(fields).bytes, as: UTF8.self)
        return [
            Self.name(credential, view), view.code(credential.id.value) ?? view.none,
            view.time(credential.createdAt), view.time(credential.lastUsedAt) ?? view.none,
            credential.passkey?.isBackedUp == true ? view.html(.consoleYes) : view.none,
            call.isAdmin
                ? view.link(Self.path + "/remove" + query, view.html(.consoleRemovePasskey))
                : view.none,
        ]
    }
}
