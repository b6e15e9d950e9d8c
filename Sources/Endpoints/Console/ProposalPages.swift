import Access
import HTTP
import Localization
import Logins

/// The changes of clients that wait for a second administrator, in the console.
struct ProposalPages: Sendable {
    private static let path = "/console/client-changes"
    /// Changes of a page.
    private static let pageLength = 50

    let front: ConsoleFront
    let access: any AccessStore
    let desk: ClientDesk

    var routes: [Route] {
        [
            front.page(Self.path, .clients, list),
            front.page(Self.path + "/{id}", .clients, show),
        ]
            + front.confirmed(Self.path + "/{id}/confirm", .clients) {
                call async throws(Problem) in
                try await confirmation(call, .consoleConfirmChange, .consoleConfirmChangeText)
            } _: { call async throws(Problem) in
                do throws(ClientDesk.Refusal) {
                    let id = call.request.parameters["id"] ?? ""
                    return ClientPages.path(
                        try await desk.confirm(id, by: call.author, at: call.now).client.id
                    )
                } catch {
                    throw ClientPages.problem(error)
                }
            }
            + front.confirmed(Self.path + "/{id}/refuse", .clients) {
                call async throws(Problem) in
                try await confirmation(call, .consoleRefuseChange, .consoleRefuseChangeText)
            } _: { call async throws(Problem) in
                do throws(ClientDesk.Refusal) {
                    let id = call.request.parameters["id"] ?? ""
                    _ = try await desk.refuse(id, by: call.author, at: call.now)
                    return Self.path
                } catch {
                    throw ClientPages.problem(error)
                }
            }
    }

    static func path(_ proposal: ClientProposal) -> String { path + "/" + proposal.id }

    private func proposal(_ call: ConsoleCall) async throws(Problem) -> ClientProposal {
        let found: ClientProposal?
        do { found = try await access.proposal(call.request.parameters["id"] ?? "") } catch {
            throw Problem(error)
        }
        guard let found else { throw Problem(.notFound, "id: no such change waits.") }
        return found
    }

    // MARK: Looking

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let found: [ClientProposal]
        do {
            found = try await access.proposals(
                after: call.text("after"),
                limit: Self.pageLength + 1
            )
        } catch {
            throw Problem(error)
        }
        let view = call.view
        let shown = found.prefix(Self.pageLength)
        return call.page(view.html(.consoleChanges)) {
            view.table(
                view.html(.consoleChanges),
                [
                    .init(.consoleClientName), .init(.consoleClientID), .init(.consoleRequestedBy),
                    .init(.consoleRequestedAt), .init(.consoleValidUntil),
                ],
                shown.map { row($0, view) }
            )
            if found.count > shown.count, let last = shown.last {
                view.more(Self.path, [Field("after", last.id)])
            }
        }
    }

    private func row(_ proposal: ClientProposal, _ view: ConsoleView) -> [HTML] {
        [
            view.link(Self.path(proposal), view.page.untrusted(proposal.client.name)),
            view.code(proposal.client.id.value) ?? view.none,
            view.page.untrusted(proposal.author), view.time(proposal.requestedAt),
            view.time(proposal.expiresAt),
        ]
    }

    /// The client as it will be, beside what it is. Both mark what differs.
    private func show(_ call: ConsoleCall) async throws(Problem) -> Response {
        let proposal = try await proposal(call)
        let now: StoredClient
        do { now = try await desk.client(proposal.client.id) } catch {
            throw ClientPages.problem(error)
        }
        let view = call.view
        let path = Self.path(proposal)
        let isChange = proposal.kind == .change
        return call.page(view.page.untrusted(proposal.client.name)) {
            view.facts([
                (.consoleRequestedBy, view.page.untrusted(proposal.author)),
                (.consoleRequestedAt, view.time(proposal.requestedAt)),
                (.consoleValidUntil, view.time(proposal.expiresAt)),
            ])
            view.part(.consoleAsItWillBe) {
                let other = isChange ? now.client : nil
                ClientPages.facts(proposal.client, view, beside: other)
                ClientPages.keyTable(proposal.client, view, beside: other)
            }
            if isChange {
                view.part(.consoleAsItIs) {
                    ClientPages.facts(now.client, view, beside: proposal.client)
                    ClientPages.keyTable(now.client, view, beside: proposal.client)
                }
            }
            if call.isAdmin {
                HTML.element("p", ["class": "actions"]) {
                    view.link(path + "/confirm", view.html(.consoleConfirmChange))
                    view.link(path + "/refuse", view.html(.consoleRefuseChange))
                }
            }
        }
    }

    private func confirmation(
        _ call: ConsoleCall,
        _ heading: Phrase,
        _ text: Phrase
    ) async throws(Problem) -> Confirmation {
        let proposal = try await proposal(call)
        return Confirmation(
            heading: heading,
            text: text,
            subject: call.view.page.untrusted(proposal.client.name),
            back: Self.path(proposal)
        )
    }
}
