import Access
import HTTP
import JSON
import Texts

/// `GET /admin/v1/audit`: the audit, one JSON object per line (NDJSON), in the order of its chain.
struct AuditResource: Sendable {
    /// Entries of an answer.
    private static let longest = 1000

    let api: APIRoutes
    let base: String

    var routes: [Route] { [api.route(.get, base + "/audit", [.adminAudit], export)] }

    /// The next page follows the last line's number.
    private func export(_ call: APICall) async throws(Problem) -> Response {
        let query = call.request
        guard let form = Form(query.bytes[query.queryRange]) else {
            throw Problem(
                .invalidQuery,
                "query: a parameter was given twice or is not escaped correctly."
            )
        }
        for field in form.fields where !["after", "limit"].contains(where: field.name.isExactly) {
            throw Problem(
                .invalidQuery,
                "\(field.name.firstBytes(64)): unknown parameter; known are after, limit."
            )
        }
        guard let after = ListQuery.number(form["after"] ?? "0") else {
            throw Problem(.invalidQuery, "after: must be the number of an entry.")
        }
        guard let limit = ListQuery.number(form["limit"] ?? "\(Self.longest)"),
            (1...Self.longest).contains(limit)
        else {
            throw Problem(
                .invalidQuery,
                "limit: must be a whole number from 1 to \(Self.longest)."
            )
        }
        let page: AuditPage
        do {
            page = try await api.access.auditPage(after: Int64(after), limit: limit)
        } catch {
            throw Problem(error)
        }
        return Self.lines(page)
    }

    /// NDJSON.
    static func lines(_ page: AuditPage) -> Response {
        var body: [UInt8] = []
        for record in page.records {
            body += record.line.utf8
            body.append(0x0A)
        }
        return Response(
            status: 200,
            contentType: "application/x-ndjson",
            fields: [.noStore, Field("X-Content-Type-Options", "nosniff")],
            body: body
        )
    }
}
