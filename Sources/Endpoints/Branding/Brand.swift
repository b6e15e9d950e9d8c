import Texts

/// What the operator's pages look like: name, logo and colors.
///
/// A brand changes nothing else. Order, size and wording of the buttons and the warnings are the same
/// on every page (RFC 10027 §6.1.14).
public struct Brand: Sendable, ExpressibleByStringLiteral {
    /// Characters of a name.
    public static let longestName = 80

    /// The name that users know the operator by; it satisfies `isName`.
    public let name: String
    public let logo: LogoImage?
    public let theme: Theme?
    /// The files that pages of this brand load, besides those of all pages.
    let stylesheet: Assets.Asset?
    let picture: Assets.Asset?

    public init(_ name: String = "Beckon", logo: LogoImage? = nil, theme: Theme? = nil) {
        self.name = name
        self.logo = logo
        self.theme = theme
        stylesheet = theme.map {
            Assets.Asset("theme", "css", "text/css; charset=utf-8", Array($0.style.utf8))
        }
        picture = logo.map {
            Assets.Asset("logo", $0.format.rawValue, $0.format.contentType, $0.bytes)
        }
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

    var assets: [Assets.Asset] { [stylesheet, picture].compactMap { $0 } }
}

extension HTML {
    /// The name of a brand.
    static func text(_ brand: Brand) -> HTML { .text(brand.name) }
}
