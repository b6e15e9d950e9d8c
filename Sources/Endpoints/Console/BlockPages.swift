import Access
import HTTP
import JSON
import Localization
import Logins

/// The clients that are blocked for users who said "this wasn't me", in the console.
struct BlockPages: Sendable {
    /// Blocks of the page.
    private static let longestList = 200
    private static let path = "/console/blocks"

    let front: ConsoleFront
    /// Nil if nothing is ever blocked.
    let conduct: (any ConductStore)?

    var routes: [Route] {
        [front.page(Self.path, .blocks, list)]
            + front.confirmed(Self.path + "/{id}/lift", .blocks) { call async throws(Problem) in
                let block = try await block(call)
                let view = call.view
                return Confirmation(
                    heading: .consoleLiftBlock,
                    text: .consoleLiftBlockText,
                    subject: view.page.untrusted(block.user.value) + .text(" \u{2013} ")
                        + view.page.untrusted(block.client.value),
                    back: Self.path
                )
            } _: { call async throws(Problem) in
                try await lift(try await block(call), call)
                return Self.path
            }
    }

    private func found(_ call: ConsoleCall) async throws(Problem) -> [ClientBlock] {
        guard let conduct else { return [] }
        do { return try await conduct.clientBlocks(at: call.now, limit: Self.longestList) } catch {
            throw Problem(error)
        }
    }

    private func block(_ call: ConsoleCall) async throws(Problem) -> ClientBlock {
        let id = call.request.parameters["id"] ?? ""
        guard let block = try await found(call).first(where: { String($0.id) == id }) else {
            throw Problem(.notFound, "id: there is no such block.")
        }
        return block
    }

    private func lift(_ block: ClientBlock, _ call: ConsoleCall) async throws(Problem) {
        let event = call.author.event(
            "client.unblocked",
            at: call.now,
            ["block": .integer(block.id)]
        )
        let isLifted: Bool
        do { isLifted = try await conduct?.liftClientBlock(block.id, event) ?? false } catch {
            throw Problem(error)
        }
        guard isLifted else { throw Problem(.notFound, "id: there is no such block.") }
    }

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let found = try await found(call)
        let view = call.view
        return call.page(view.html(.consoleBlocks)) {
            view.table(
                view.html(.consoleBlocksCaption),
                [
                    .init(.consoleUser), .init(.consoleServer), .init(.consoleClientID),
                    .init(.consoleReported), .init(.consoleBlockedUntil), .init(.consoleActions),
                ],
                found.map { row($0, call) }
            )
        }
    }

    private func row(_ block: ClientBlock, _ call: ConsoleCall) -> [HTML] {
        let view = call.view
        let path = Self.path + "/\(block.id)/lift"
        return [
            view.page.untrusted(block.user.value), view.page.untrusted(block.server.value),
            view.page.untrusted(block.client.value), view.time(block.since), view.time(block.until),
            call.isAdmin ? view.link(path, view.html(.consoleLiftBlock)) : view.none,
        ]
    }
}
