import HTTP

/// The fields that every page is sent with: it may load our own files, send our own form, and
/// nothing else; nobody frames it, keeps it, or learns its address.
struct PageHeaders: Sendable {
    private let fields: [Field]

    init(frameAncestors: [String]) {
        precondition(
            frameAncestors.allSatisfy(ApprovalRoutes.Settings.isFrameAncestor),
            "a frame ancestor cannot end the policy it stands in"
        )
        let ancestors = frameAncestors.isEmpty ? "'none'" : frameAncestors.joined(separator: " ")
        let policy = [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
            "connect-src 'self'", "form-action 'self'", "base-uri 'none'",
            "frame-ancestors \(ancestors)",
        ]
        var fields = [
            Field.noStore,
            Field("Content-Security-Policy", policy.joined(separator: "; ")),
            // Not `no-referrer`: with that a browser sends the form with `Origin: null`, and we
            // could no longer tell our page from another. No other origin learns anything.
            Field("Referrer-Policy", "same-origin"),
            Field("X-Content-Type-Options", "nosniff"),
            Field("Cross-Origin-Opener-Policy", "same-origin"),
            Field("Cross-Origin-Resource-Policy", "same-origin"),
            Field(
                "Permissions-Policy",
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
            ),
        ]
        // For browsers older than the policy's directive; it knows no list.
        if frameAncestors.isEmpty { fields.append(Field("X-Frame-Options", "DENY")) }
        self.fields = fields
    }

    func response(_ status: Int, _ html: HTML, fields more: [Field] = []) -> Response {
        Response(
            status: status,
            contentType: "text/html; charset=utf-8",
            fields: fields + more,
            body: html.bytes
        )
    }
}
