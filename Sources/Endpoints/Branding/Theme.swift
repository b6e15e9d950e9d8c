/// The colors of an operator's pages, for browsers that prefer light and dark ones.
///
/// Each text has a contrast of at least 4.5 to 1 on what is behind it. Colors are all that a theme
/// changes: neither the order nor the size of anything, and not the warnings.
public struct Theme: Hashable, Sendable {
    /// What an operator chooses for one scheme.
    public struct Colors: Hashable, Sendable {
        /// Of the button that approves, and of marks.
        public var primary: ThemeColor
        /// Behind everything.
        public var background: ThemeColor
        public var text: ThemeColor

        public init(primary: ThemeColor, background: ThemeColor, text: ThemeColor) {
            self.primary = primary
            self.background = background
            self.text = text
        }

        /// What must be read on what, with its contrast.
        public var pairs: [(name: String, contrast: Double)] {
            [
                ("text on background", text.contrast(with: background)),
                ("primary on background", primary.contrast(with: background)),
                ("button text on primary", onPrimary.contrast(with: primary)),
            ]
        }

        /// White or black, whichever is read better. One of them always has a contrast of 4.58.
        var onPrimary: ThemeColor {
            let white = ThemeColor.white
            return white.contrast(with: primary) >= ThemeColor.black.contrast(with: primary)
                ? white : .black
        }
    }

    /// The least contrast of text (WCAG 2.2, 1.4.3).
    public static let leastContrast = 4.5

    public let light: Colors
    /// Nil for Beckon's own dark colors with a primary color made from `light`.
    public let dark: Colors?
    /// What the style sheet declares.
    let style: String

    /// - Throws: `ThemeProblem` with the pair that cannot be read.
    public init(light: Colors, dark: Colors? = nil) throws(ThemeProblem) {
        for (scheme, colors) in [("", light), (".dark", dark)] {
            for (name, contrast) in colors?.pairs ?? [] where contrast < Self.leastContrast {
                throw ThemeProblem(scheme: scheme, pair: name, contrast: contrast)
            }
        }
        self.light = light
        self.dark = dark
        let lightPalette = Palette(light)
        let darkPalette = dark.map { Palette($0) } ?? Palette.ownDark(light.primary)
        style = """
            :root { \(lightPalette.declarations) }
            @media (prefers-color-scheme: dark) { :root { \(darkPalette.declarations) } }

            """
    }

    /// Every pair with its contrast, for people: `text on background 15.3:1`.
    public var report: [String] {
        [("", Optional(light)), ("dark: ", dark)].flatMap { scheme, colors in
            (colors?.pairs ?? []).map { scheme + "\($0.name) \(ThemeProblem.ratio($0.contrast))" }
        }
    }
}

/// Two colors of a theme with too little contrast.
public struct ThemeProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Empty, or `.dark`.
    public let scheme: String
    let pair: String
    let contrast: Double

    /// The end of a sentence about the theme.
    public var description: String {
        "has a contrast of \(Self.ratio(contrast)) for \(pair); at least 4.5:1 is required"
    }

    /// One decimal, rounded down, so that a contrast which is refused never reads as one that is not.
    static func ratio(_ contrast: Double) -> String {
        let tenths = Int(contrast * 10)
        return "\(tenths / 10).\(tenths % 10):1"
    }
}

/// The colors of the style sheet's variables in one scheme.
private struct Palette {
    let declarations: String

    private static let reds: [ThemeColor] = [ThemeColor(0xA11F1B), ThemeColor(0xFFA59E)]
    private static let blues: [ThemeColor] = [ThemeColor(0x1257C9), ThemeColor(0x8FBCFF)]

    init(_ colors: Theme.Colors) {
        let (text, card) = (colors.text, colors.background)
        let most = [colors.text, colors.primary]
        let ground = Self.tint(card, with: text, from: 6, readableBy: most)
        let quote = Self.tint(card, with: text, from: 4, readableBy: most)
        let surfaces = [card, ground, quote]
        func readable(_ candidates: [ThemeColor]) -> ThemeColor {
            candidates.first { Self.isReadable($0, on: surfaces) } ?? text
        }
        let soft = readable(
            stride(from: 40, to: 0, by: -5).map { text.mixed(with: card, percent: $0) }
        )
        declarations = Self.declare([
            ("ground", ground), ("card", card), ("ink", text), ("soft", soft),
            ("line", card.mixed(with: text, percent: 16)), ("quote", quote),
            ("accent", colors.primary), ("on-accent", colors.onPrimary),
            ("plain", text), ("on-plain", card),
            ("alarm", readable(Self.reds)), ("focus", readable(Self.blues)),
        ])
    }

    /// Beckon's own dark colors, which the style sheet has, with a primary color as light as needed.
    static func ownDark(_ primary: ThemeColor) -> Palette {
        let surfaces = [ThemeColor(0x0D131A), ThemeColor(0x17202A), ThemeColor(0x1E2935)]
        let accent =
            stride(from: 0, through: 100, by: 5)
            .map { primary.mixed(with: .white, percent: $0) }
            .first { isReadable($0, on: surfaces) } ?? .white
        let colors = Theme.Colors(primary: accent, background: surfaces[1], text: .white)
        return Palette(
            declarations: declare([
                ("ground", surfaces[0]), ("card", surfaces[1]), ("ink", ThemeColor(0xEAF0F5)),
                ("soft", ThemeColor(0xA8B5C2)), ("line", ThemeColor(0x303D4A)),
                ("quote", surfaces[2]), ("accent", accent), ("on-accent", colors.onPrimary),
                ("plain", ThemeColor(0xCCD6E0)), ("on-plain", ThemeColor(0x131B23)),
                ("alarm", reds[1]), ("focus", blues[1]),
            ])
        )
    }

    private init(declarations: String) { self.declarations = declarations }

    private static func declare(_ colors: [(name: String, color: ThemeColor)]) -> String {
        colors.map { "--\($0.name): \($0.color);" }.joined(separator: " ")
    }

    /// A shade beside the background on which everything can still be read.
    private static func tint(
        _ background: ThemeColor,
        with text: ThemeColor,
        from percent: Int,
        readableBy colors: [ThemeColor]
    ) -> ThemeColor {
        stride(from: percent, to: 0, by: -1)
            .map { background.mixed(with: text, percent: $0) }
            .first { tint in colors.allSatisfy { isReadable($0, on: [tint]) } } ?? background
    }

    private static func isReadable(_ color: ThemeColor, on surfaces: [ThemeColor]) -> Bool {
        surfaces.allSatisfy { color.contrast(with: $0) >= Theme.leastContrast }
    }
}
