import Access
import HTTP
import JSON
import Localization
import Logins
import Telemetry

extension InboxRoutes {
    /// Bytes of a form with a subscription.
    private static let subscriptionLimit = 16_384

    /// `GET /inbox/manifest.webmanifest` and `/inbox/sw.js`, which need no session; and `POST
    /// /inbox/browsers` and `/inbox/browsers/{id}/remove`, unless there is no Web Push.
    var browserRoutes: [Route] {
        let files = [
            Route(.get, "/inbox/manifest.webmanifest") { _ in manifest },
            Route(.get, "/inbox/sw.js") { _ in worker },
        ]
        guard let browsers else { return files }
        return files + [
            post("/inbox/browsers", limit: Self.subscriptionLimit) { request, form, caller in
                await change(request, caller) { (user, author) throws(BrowserRefusal) in
                    try await browsers.add(
                        form["subscription"] ?? "",
                        named: caller.session.agent,
                        replacing: form["replaces"],
                        of: user,
                        by: author
                    )
                }
            },
            post("/inbox/browsers/{id}/remove") { request, _, caller in
                await change(request, caller) { (user, author) throws(BrowserRefusal) in
                    let id = request.parameters["id"] ?? ""
                    try await browsers.remove(id, of: user, by: author)
                }
            },
        ]
    }

    /// The browsers of the user who looks; nil if there is nothing to show.
    func browsers(of visit: Visit) async throws(StoreError) -> InboxPage.Browsers? {
        guard let browsers else { return nil }
        do {
            return try await browsers.browsers(of: visit.user).map {
                InboxPage.Browsers(all: $0, key: browsers.key)
            }
        } catch {
            log.warning("browsers.unavailable") { $0.member("cause", "\(error)") }
            return nil
        }
    }

    private func change(
        _ request: Request,
        _ caller: SessionGuard.Caller,
        _ body: (UserID, AuditAuthor) async throws(BrowserRefusal) -> Void
    ) async -> Response {
        guard let user = caller.session.user else { return missing(request) }
        do throws(BrowserRefusal) {
            try await body(user, .user(caller.session, address: request.peer.address))
            return backToInbox
        } catch {
            log.info("browser.refused") { $0.member("cause", "\(error)") }
            return switch error {
            case .unusable: message(422, .browserNotAddedHeading, .browserNotAddedText, request)
            case .tooMany: message(409, .browserNotAddedHeading, .browserTooManyText, request)
            case .unknown: missing(request)
            case .unavailable: message(503, .unavailableHeading, .unavailableText, request)
            }
        }
    }

    /// How the inbox looks among the apps of a device (Web Application Manifest).
    private var manifest: Response {
        let (name, address) = (settings.brand.name, settings.basePath + "/inbox")
        let colors = settings.brand.theme?.light
        let icon = settings.basePath + "/assets/" + Assets.icon.file
        let text = JSONValue.members([
            "id": .string(address), "start_url": .string(address), "scope": .string(address),
            "name": .string(name), "short_name": .string(name), "dir": .string("auto"),
            "display": .string("standalone"),
            "background_color": .string(colors?.background.description ?? Stylesheet.ground),
            "theme_color": .string(colors?.primary.description ?? Stylesheet.accent),
            "icons": .array([
                .members([
                    "src": .string(icon), "sizes": .string("any"), "type": .string("image/svg+xml"),
                ])
            ]),
        ])
        return file("application/manifest+json", text.bytes)
    }

    /// The service worker. It may see the pages below `/inbox`, and loads nothing.
    private var worker: Response {
        file(
            "text/javascript; charset=utf-8",
            Array(Script.worker.utf8),
            [
                Field("Service-Worker-Allowed", settings.basePath + "/inbox"),
                Field("Content-Security-Policy", "default-src 'none'"),
            ]
        )
    }

    /// A file without a hash in its name, so that browsers ask for it again.
    private func file(
        _ contentType: StaticString,
        _ body: [UInt8],
        _ fields: [Field] = []
    ) -> Response {
        Response(
            status: 200,
            contentType: contentType,
            fields: [
                Field("Cache-Control", "no-cache"),
                Field("X-Content-Type-Options", "nosniff"),
                Field("Cross-Origin-Resource-Policy", "same-origin"),
            ] + fields,
            body: body
        )
    }
}
