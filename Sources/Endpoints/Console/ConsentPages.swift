import Access
import HTTP
import Localization
import Logins

/// The consents of users that a delegated client may act for them, in the console.
struct ConsentPages: Sendable {
    /// Consents of a page.
    static let pageLength = 50

    let front: ConsoleFront
    let access: any AccessStore

    var routes: [Route] {
        [front.page("/console/delegation-consents", .consents, list)]
            + front.confirmed("/console/delegation-consents/{id}/withdraw", .consents) {
                call async throws(Problem) in
                let consent = try await consent(call)
                let view = call.view
                return Confirmation(
                    heading: .consoleWithdraw,
                    text: .consoleWithdrawText,
                    subject: view.page.untrusted(consent.user.value) + .text(" \u{2013} ")
                        + view.page.untrusted(consent.client.value),
                    back: "/console/delegation-consents"
                )
            } _: { call async throws(Problem) in
                let consent = try await consent(call)
                try await access.withdraw(consent, by: call.author, at: call.now)
                return "/console/delegation-consents"
            }
    }

    private func consent(_ call: ConsoleCall) async throws(Problem) -> DelegationConsent {
        let found: DelegationConsent?
        do { found = try await access.consent(call.request.parameters["id"] ?? "") } catch {
            throw Problem(error)
        }
        guard let found else { throw Problem(.notFound, "id: there is no such consent.") }
        return found
    }

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let filter = ConsentFilter(user: try call.id("user"), client: try call.id("client"))
        let found: [DelegationConsent]
        do {
            found = try await access.consents(
                filter,
                after: call.text("after"),
                limit: Self.pageLength + 1
            )
        } catch {
            throw Problem(error)
        }
        let view = call.view
        let shown = found.prefix(Self.pageLength)
        return call.page(view.html(.consoleConsents)) {
            view.search("/console/delegation-consents") {
                view.input(.consoleUser, "user", call.text("user"))
                view.input(.consoleClientID, "client", call.text("client"))
            }
            view.table(
                view.html(.consoleConsentsCaption),
                [
                    .init(.consoleUser), .init(.consoleClientID), .init(.consoleAccepted),
                    .init(.consoleAddress), .init(.consoleTextVersion), .init(.consoleLanguage),
                    .init(.consoleStatus), .init(.consoleActions),
                ],
                shown.map { row($0, call) }
            )
            if found.count > shown.count, let last = shown.last {
                let kept = call.form.fields.filter {
                    ["user", "client"].contains($0.name) && !$0.value.isEmpty
                }
                view.more("/console/delegation-consents", kept + [Field("after", last.id)])
            }
        }
    }

    private func row(_ consent: DelegationConsent, _ call: ConsoleCall) -> [HTML] {
        let view = call.view
        let path = "/console/delegation-consents/\(consent.id)/withdraw"
        return [
            view.page.untrusted(consent.user.value),
            view.link(ClientPages.path(consent.client), view.page.untrusted(consent.client.value)),
            view.time(consent.acceptedAt), view.code(consent.address) ?? view.none,
            view.page.untrusted(consent.textVersion), view.code(consent.language) ?? view.none,
            consent.withdrawnAt.map {
                view.html(.consoleWithdrawn, ["time": view.time($0)])
            } ?? view.html(.consoleInForce),
            consent.isInForce && call.isAdmin
                ? view.link(path, view.html(.consoleWithdraw)) : view.none,
        ]
    }
}
