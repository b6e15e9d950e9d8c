import Texts
import Threads

/// What the operator's pages look like: name, logo and colors.
///
/// A brand changes nothing else. Order, size and wording of the buttons and the warnings are the same
/// on every page (RFC 10027 §6.1.14).
public struct Brand: Sendable, ExpressibleByStringLiteral {
    /// Characters of a name.
    public static let longestName = 80

    /// The name that users know the operator by; it satisfies `isName`.
    public let name: String
    public let theme: Theme?
    /// The files that pages of this brand load, besides those of all pages.
    let stylesheet: Assets.Asset?
    private let configured: Picture?
    /// What an administrator has uploaded, shared by all copies of this brand.
    private let uploaded = Locked<Picture?>(nil)

    /// A logo with the file that pages load.
    struct Picture: Sendable {
        let logo: LogoImage
        let asset: Assets.Asset

        init(_ logo: LogoImage) {
            self.logo = logo
            asset = Assets.Asset(
                "logo",
                logo.format.rawValue,
                logo.format.contentType,
                logo.bytes
            )
        }
    }

    public init(_ name: String = "Beckon", logo: LogoImage? = nil, theme: Theme? = nil) {
        self.name = name
        self.theme = theme
        stylesheet = theme.map {
            Assets.Asset("theme", "css", "text/css; charset=utf-8", Array($0.style.utf8))
        }
        configured = logo.map(Picture.init)
    }

    /// The uploaded logo, or else the configured one.
    public var logo: LogoImage? { picture?.logo }

    var picture: Picture? { uploaded.withLock { $0 } ?? configured }

    /// Shows an uploaded logo from the next page on; nil shows the configured one again.
    public func show(_ logo: LogoImage?) {
        let picture = logo.map(Picture.init)
        uploaded.withLock { $0 = picture }
    }

    /// A brand with a name alone.
    public init(stringLiteral name: String) { self.init(name) }

    /// Whether a text can be a name: 1 to `longestName` characters, something to see, and nothing that
    /// is invisible or changes the order of other text.
    public static func isName(_ text: String) -> Bool {
        guard text.unicodeScalars.count <= longestName, text.unlessEmpty != nil else {
            return false
        }
        var isSafe = true
        VisibleText.scan(text) { scalar, treatment in
            switch treatment {
            case .mark: isSafe = false
            case .space: if scalar != " " { isSafe = false }
            case .keep, .combine: break
            }
        }
        return isSafe
    }

    var assets: [Assets.Asset] { [stylesheet, picture?.asset].compactMap { $0 } }
}

extension HTML {
    /// The name of a brand.
    static func text(_ brand: Brand) -> HTML { .text(brand.name) }
}
