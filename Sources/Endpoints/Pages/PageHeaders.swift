import HTTP

/// The fields of every page. A page can load our own files and submit our own form; it cannot be
/// framed or cached, and its address is not sent to other origins.
struct PageHeaders: Sendable {
    private let fields: [Field]

    /// `formTargets` are origins that the answer to a form may redirect to. Pages that
    /// `canBeInstalled` have a manifest and a service worker.
    init(frameAncestors: [String], formTargets: [String] = [], canBeInstalled: Bool = false) {
        // allowed: the configuration has checked each ancestor.
        precondition(
            frameAncestors.allSatisfy(ApprovalRoutes.Settings.isFrameAncestor),
            "a frame ancestor must not end the policy"
        )
        let ancestors = frameAncestors.isEmpty ? "'none'" : frameAncestors.joined(separator: " ")
        let policy =
            [
                "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
                "connect-src 'self'",
            ] + (canBeInstalled ? ["worker-src 'self'", "manifest-src 'self'"] : [])
            + [
                (["form-action 'self'"] + formTargets).joined(separator: " "), "base-uri 'none'",
                "frame-ancestors \(ancestors)",
            ]
        var fields = [
            Field.noStore,
            Field("Content-Security-Policy", policy.joined(separator: "; ")),
            // Not `no-referrer`: browsers would then send the form with `Origin: null`, which other
            // pages can send too.
            Field("Referrer-Policy", "same-origin"),
            Field("X-Content-Type-Options", "nosniff"),
            Field("Cross-Origin-Opener-Policy", "same-origin"),
            Field("Cross-Origin-Resource-Policy", "same-origin"),
            Field(
                "Permissions-Policy",
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
            ),
        ]
        // For browsers that do not support `frame-ancestors`; it allows no list of origins.
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
