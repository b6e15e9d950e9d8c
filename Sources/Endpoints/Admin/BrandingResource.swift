import Access
import Cryptography
import HTTP
import JSON

/// `/admin/v1/branding/logo`: the logo on every page. An uploaded one takes the place of the configured
/// one until it is removed.
struct BrandingResource: Sendable {
    let api: APIRoutes
    let base: String
    let brand: Brand

    var routes: [Route] {
        let path = base + "/branding/logo"
        return [
            api.route(.get, path, [.adminRead], show),
            api.route(.put, path, [.adminBranding], oversizeLimit: LogoImage.longest, replace),
            api.route(.delete, path, [.adminBranding], remove),
        ]
    }

    private func show(_ call: APICall) async throws(Problem) -> Response {
        guard let logo = brand.logo else { throw Problem(.notFound, "There is no logo.") }
        return .document(Self.document(logo))
    }

    private func replace(_ call: APICall) async throws(Problem) -> Response {
        guard let type = call.request.contentType, ["image/png", "image/webp"].contains(type) else {
            throw Problem(
                .unsupportedMediaType,
                "Content-Type: must be image/png or image/webp."
            )
        }
        let logo: LogoImage
        do throws(LogoProblem) { logo = try LogoImage(Array(call.request.body)) } catch {
            throw Problem(.invalidBody, "body: \(error).")
        }
        try await commit(logo, "branding.logo_replaced", call)
        return .document(Self.document(logo))
    }

    private func remove(_ call: APICall) async throws(Problem) -> Response {
        try await commit(nil, "branding.logo_removed", call)
        return Response(status: 204, fields: [.noStore])
    }

    private func commit(
        _ logo: LogoImage?,
        _ kind: String,
        _ call: APICall
    ) async throws(Problem) {
        let event = call.author.event(
            kind,
            at: call.now,
            ["sha256": .text(logo.map { Base64URL.encode(SHA256.digest($0.bytes)) })]
        )
        do {
            _ = try await api.access.commit([.setLogo(logo?.bytes), .audit(event)])
        } catch {
            throw Problem(error)
        }
        brand.show(logo)
    }

    private static func document(_ logo: LogoImage) -> JSONValue {
        .members([
            "format": .string(logo.format.rawValue),
            "width": .integer(Int64(logo.width)),
            "height": .integer(Int64(logo.height)),
            "bytes": .integer(Int64(logo.bytes.count)),
            "sha256": .string(Base64URL.encode(SHA256.digest(logo.bytes))),
        ])
    }
}
