import Access
import HTTP
import JSON
import TestSupport
import Testing

@testable import Endpoints

@Suite("The logo in the admin API")
struct BrandingResourceTests {
    private func put(
        _ stage: APIStage,
        _ body: [UInt8],
        type: String = "image/png"
    ) async throws
        -> Response
    {
        await stage.send(
            .put,
            "/admin/v1/branding/logo",
            token: try await stage.token("ops"),
            [Field("Content-Type", type)],
            bytes: body
        )
    }

    // trust: C-13
    @Test("is replaced by what draws the uploaded picture, and shown on the next page")
    func replace() async throws {
        let brand = Brand("Bank", logo: try LogoImage(SampleImage.webp([SampleImage.lossless()])))
        let stage = try await APIStage(brand: brand)
        let noisy = SampleImage.png([SampleImage.pngChunk("tEXt", [65, 0, 66])]) + [1, 2, 3]
        let answer = try await put(stage, noisy)
        #expect(answer.status == 200)
        #expect(answer.json["format"]?.string == "png" && answer.json["width"]?.integer == 1)
        #expect(try await stage.access.logo() == SampleImage.png())
        #expect(brand.assets.map(\.body) == [SampleImage.png()])
        #expect(stage.events.last?.kind == "branding.logo_replaced")
        #expect(stage.events.last?.members["by"]?.string == "ops")
        let shown = try await stage.send(.get, "/admin/v1/branding/logo", as: "reader")
        #expect(shown.json == answer.json)
        let removed = try await stage.send(.delete, "/admin/v1/branding/logo")
        #expect(removed.status == 204)
        #expect(try await stage.access.logo() == nil)
        #expect(brand.logo?.format == .webp)
    }

    // trust: C-13
    @Test("is refused unless it is an image, and leaves the one before")
    func refuse() async throws {
        let stage = try await APIStage()
        #expect(try await put(stage, SampleImage.png()).status == 200)
        let svg = Array("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".utf8)
        let cases: [([UInt8], String, Int, String)] = [
            (svg, "image/png", 400, "body: is neither PNG nor WebP."),
            (svg, "image/svg+xml", 415, "image/png or image/webp"),
            ([], "image/webp", 400, "body: is neither PNG nor WebP."),
            (Array(SampleImage.png().dropLast()), "image/png", 400, "body: is cut off."),
        ]
        for (body, type, status, says) in cases {
            let answer = try await put(stage, body, type: type)
            #expect(answer.status == status && answer.detail.contains(says), "\(answer.detail)")
        }
        let reader = try await stage.token("reader")
        let denied = await stage.send(.delete, "/admin/v1/branding/logo", token: reader)
        #expect(denied.status == 403)
        #expect(try await stage.access.logo() == SampleImage.png())
        #expect(stage.events.filter { $0.kind.hasPrefix("branding.") }.count == 1)
    }

    @Test("is found where there is one")
    func none() async throws {
        let stage = try await APIStage()
        #expect(try await stage.send(.get, "/admin/v1/branding/logo").status == 404)
    }
}
