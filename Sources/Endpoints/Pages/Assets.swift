import Cryptography
import HTTP
import Texts

/// The files that pages load. Each name contains a hash of the content, so that browsers can cache
/// them forever.
struct Assets: Sendable {
    struct Asset: Sendable {
        /// `name.hash.extension`, below `/assets/`.
        let file: String
        let contentType: StaticString
        let body: [UInt8]

        init(_ name: String, _ suffix: String, _ contentType: StaticString, _ text: String) {
            self.init(name, suffix, contentType, Array(text.utf8))
        }

        init(_ name: String, _ suffix: String, _ contentType: StaticString, _ body: [UInt8]) {
            self.body = body
            // 60 bits are enough to differ between releases.
            let hash = SHA256.digest(body).prefix(8).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            file = "\(name).\(hash.joined().prefix(15)).\(suffix)"
            self.contentType = contentType
        }
    }

    static let stylesheet = Asset("beckon", "css", "text/css; charset=utf-8", Stylesheet.text)
    static let script = Asset("beckon", "js", "text/javascript; charset=utf-8", Script.text)
    static let diagnosis = Asset(
        "sign-in",
        "js",
        "text/javascript; charset=utf-8",
        Script.diagnosis
    )
    static let live = Asset("live", "js", "text/javascript; charset=utf-8", Script.live)
    static let icon = Asset("icon", "svg", "image/svg+xml", Stylesheet.icon)
    static let all = [
        stylesheet, script, diagnosis, live, passkeys, push, icon, consoleSheet, consoleScript,
    ]

    /// `GET /assets/{file}`: the files of all pages and those of a brand.
    static func route(_ brand: Brand) -> Route {
        Route(.get, "/assets/{file}") { request in
            let file = request.parameters["file"] ?? ""
            guard let asset = (all + brand.assets).first(where: { $0.file.isExactly(file) }) else {
                return Problem(.notFound, "file: not in this release.").response
            }
            return Response(
                status: 200,
                contentType: asset.contentType,
                fields: [
                    Field("Cache-Control", "public, max-age=31536000, immutable"),
                    Field("X-Content-Type-Options", "nosniff"),
                    Field("Cross-Origin-Resource-Policy", "same-origin"),
                ],
                body: asset.body
            )
        }
    }
}
