import Access
import Devices
import Engine
import HTTP
import JSON
import Localization
import Logins
import Telemetry
import Texts

extension InboxRoutes {
    /// Bytes of a form with a new passkey.
    private static let registrationLimit = 32_768

    /// `POST /inbox/passkeys/options`, `/inbox/passkeys`, `/inbox/passkeys/{id}/rename` and `…/remove`;
    /// none if nobody can use a passkey.
    var passkeyRoutes: [Route] {
        guard let passkeys else { return [] }
        return [
            post("/inbox/passkeys/options") { request, _, caller in
                guard let user = caller.session.user else { return missing(request) }
                do throws(PasskeyDesk.Refusal) {
                    let offer = try await passkeys.offer(to: user, session: caller.session.id)
                    return PasskeyOptions.creation(
                        offer,
                        passkeys.rules,
                        brand: settings.brand.name,
                        name: caller.session.name.isEmpty ? user.value : caller.session.name
                    )
                } catch {
                    return problem(error)
                }
            },
            post("/inbox/passkeys", limit: Self.registrationLimit) { request, form, caller in
                guard let user = caller.session.user else { return missing(request) }
                guard let registration = form.registration else {
                    return message(400, .passkeyNotAddedHeading, .passkeyNotAddedText, request)
                }
                do throws(PasskeyDesk.Refusal) {
                    _ = try await passkeys.register(
                        registration,
                        name: Self.name(form["name"] ?? ""),
                        transports: form.transports,
                        of: user,
                        session: caller.session.id
                    )
                    return backToInbox
                } catch {
                    return refused(error, request)
                }
            },
            post("/inbox/passkeys/{id}/rename") { request, form, caller in
                await change(request, caller) { (id, user, author) throws(PasskeyDesk.Refusal) in
                    let name = Self.name(form["name"] ?? "")
                    try await passkeys.registered.rename(id, to: name, of: user, by: author)
                }
            },
            post("/inbox/passkeys/{id}/remove") { request, _, caller in
                await change(request, caller) { (id, user, author) throws(PasskeyDesk.Refusal) in
                    try await passkeys.registered.remove(id, of: user, by: author)
                }
            },
        ]
    }

    /// Changes the caller's passkey that the path names.
    private func change(
        _ request: Request,
        _ caller: SessionGuard.Caller,
        _ body: (CredentialID, UserID, AuditAuthor) async throws(PasskeyDesk.Refusal) -> Void
    ) async -> Response {
        guard let user = caller.session.user,
            let id = CredentialID(request.parameters["id"] ?? "")
        else { return missing(request) }
        do throws(PasskeyDesk.Refusal) {
            try await body(id, user, .user(caller.session, address: request.peer.address))
            return backToInbox
        } catch {
            return refused(error, request)
        }
    }

    /// As the user wrote it, without what does not show, and not too long.
    private static func name(_ text: String) -> String {
        var name = text.firstBytes(Device.longestName * 4)
        while name.unicodeScalars.count > Device.longestName { name.unicodeScalars.removeLast() }
        var isVisible = false
        VisibleText.scan(name) { _, treatment in
            if case .keep = treatment { isVisible = true }
        }
        return isVisible ? name : ""
    }

    private func refused(_ refusal: PasskeyDesk.Refusal, _ request: Request) -> Response {
        log(refusal)
        return switch refusal {
        case .unknown: missing(request)
        case .passkey, .stale:
            message(422, .passkeyNotAddedHeading, .passkeyNotAddedText, request)
        case .taken, .tooMany, .decision:
            message(409, .passkeyNotAddedHeading, .passkeyNotAddedText, request)
        case .store: message(503, .unavailableHeading, .unavailableText, request)
        }
    }

    private func problem(_ refusal: PasskeyDesk.Refusal) -> Response {
        log(refusal)
        return switch refusal {
        case .store: Problem(.unavailable, "Passkeys cannot be read now.").response
        case .tooMany, .taken, .stale, .unknown, .passkey, .decision:
            Problem(.conflict, "\(refusal.description).").response
        }
    }

    private func log(_ refusal: PasskeyDesk.Refusal) {
        if case .store(let error) = refusal {
            log.error("passkey.unavailable") { $0.member("cause", "\(error)") }
        } else {
            log.info("passkey.refused") { $0.member("cause", "\(refusal)") }
        }
    }
}
