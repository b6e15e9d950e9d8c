import Access
import HTTP
import Localization
import JSON
import Logins

/// The audit in the console, the newest entries first.
struct AuditPages: Sendable {
    /// Entries of a page.
    static let pageLength = 50
    /// Entries that a search looks at for one page, and of a part of the export.
    static let longest = 1_000

    let front: ConsoleFront
    let access: any AccessStore

    var routes: [Route] {
        [
            front.page("/console/audit", .audit, list),
            front.page("/console/audit/export", .audit, export),
        ]
    }

    /// What one look at the audit gives.
    private struct Look {
        /// The newest first.
        var entries: [(number: Int64, event: AuditEvent)] = []
        /// The numbers that were looked at, and the first broken place among them.
        var range: ClosedRange<Int64>?
        var fault: AuditFault?
        /// Where the next look begins; nil at the end.
        var next: Int64?
    }

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let kind = call.text("event")
        let before = try call.number("before")
        let look = try await look(before: before, kind)
        let view = call.view
        return call.page(view.html(.consoleAudit)) {
            view.search("/console/audit") {
                view.input(.consoleEvent, "event", kind, maximum: 64)
            }
            state(look, view)
            HTML.element("p") {
                view.link("/console/audit/export", view.html(.consoleExport))
            }
            view.table(
                view.html(.consoleAudit),
                [
                    .init(.consoleNumber), .init(.consoleTime), .init(.consoleEvent),
                    .init(.consoleDetails),
                ],
                look.entries.map { entry in
                    [
                        .text(String(entry.number)), view.time(entry.event.at),
                        view.code(entry.event.kind) ?? view.none, details(entry.event, view),
                    ]
                },
                empty: look.next == nil ? .consoleNone : .consoleNoneYet
            )
            if let next = look.next {
                let kept = kind.map { [Field("event", $0)] } ?? []
                view.more("/console/audit", kept + [Field("before", String(next))])
            }
        }
    }

    /// Looks at the entries before a number. Without a kind a page is what there is; with one, the
    /// page is what matches among `longest` entries.
    private func look(before: Int64?, _ kind: String?) async throws(Problem) -> Look {
        let head: AuditPage
        do { head = try await access.auditPage(after: .max, limit: 0) } catch {
            throw Problem(error)
        }
        let end = min(before ?? .max, head.head.number + 1)
        let first = head.removed.number + 1
        guard end > first else { return Look() }
        let size = Int64(kind == nil ? Self.pageLength : Self.longest)
        let start = max(first, end - size)
        // One more before, whose hash the first one continues.
        let page: AuditPage
        do {
            page = try await access.auditPage(
                after: max(start - 2, head.removed.number),
                limit: Int(end - start) + 1
            )
        } catch {
            throw Problem(error)
        }
        var look = Look()
        look.fault = Self.fault(page)
        let records = page.records.filter { (start..<end).contains($0.number) }
        if let low = records.first?.number, let high = records.last?.number {
            look.range = low...high
        }
        for record in records.reversed() {
            guard let event = AuditChain.event(of: record.bytes)?.event else { continue }
            if kind.map({ event.kind.utf8.starts(with: $0.utf8) }) ?? true {
                look.entries.append((record.number, event))
            }
        }
        look.next = start > first ? start : nil
        return look
    }

    /// The first broken place between entries that were read together.
    private static func fault(_ page: AuditPage) -> AuditFault? {
        var last: AuditRecord?
        for record in page.records {
            defer { last = record }
            guard let before = last else { continue }
            guard record.number == before.number + 1 else {
                return AuditFault(before.number + 1, .missing)
            }
            guard AuditChain.hash(after: before.hash, record.bytes) == record.hash else {
                return AuditFault(record.number, .changed)
            }
        }
        return nil
    }

    private func state(_ look: Look, _ view: ConsoleView) -> HTML {
        if let fault = look.fault {
            return HTML.element("p", ["class": "error", "role": "alert"]) {
                view.html(.consoleChainBroken, ["number": .text(String(fault.number))])
            }
        }
        guard let range = look.range else { return .empty }
        return HTML.element("p", ["class": "soft"]) {
            view.html(
                .consoleChainIntact,
                [
                    "first": .text(String(range.lowerBound)),
                    "last": .text(String(range.upperBound)),
                ]
            )
        }
    }

    private func details(_ event: AuditEvent, _ view: ConsoleView) -> HTML {
        let members = event.members.members.map { member in
            let value = member.value.string ?? String(decoding: member.value.bytes, as: UTF8.self)
            return HTML.element("span", ["class": "line"]) {
                view.code(member.name) ?? .empty
                HTML.text(" ")
                InertText.html(value)
            }
        }
        return members.isEmpty ? view.none : members.reduce(into: .empty, +=)
    }

    // MARK: Exporting

    /// NDJSON as the admin API gives it, in parts: the next one follows the number of the last line.
    private func export(_ call: ConsoleCall) async throws(Problem) -> Response {
        let after = try call.number("after") ?? 0
        let page: AuditPage
        do { page = try await access.auditPage(after: after, limit: Self.longest) } catch {
            throw Problem(error)
        }
        var response = AuditResource.lines(page)
        response.fields.append(
            Field("Content-Disposition", "attachment; filename=\"audit-\(after).ndjson\"")
        )
        return response
    }
}
