import Configuration
import Endpoints

/// What users see of the operator on every page, as it is configured.
enum BrandingSettings {
    /// `title` is the name that `approval.title` has.
    static func read(_ section: Section, title: String) -> Brand {
        defer { section.end() }
        let name = section.text(
            "name",
            example: "Example Bank",
            """
            Your name on every page, at most \(Brand.longestName) characters. By default the value \
            of approval.title.
            """
        )
        if let name, !Brand.isName(name) { section.problem("name", nameRule) }
        let theme = theme(
            section.group("theme", "Colors of the pages. Without this group they are Beckon's.")
        )
        return Brand(name ?? title, logo: logo(section), theme: theme)
    }

    /// What a name must be.
    static let nameRule =
        "must have 1 to \(Brand.longestName) characters, none of them invisible or changing the order of others"

    private static func logo(_ section: Section) -> LogoImage? {
        let path = section.file(
            "logo",
            example: "logo.png",
            """
            A PNG or WebP image of at most \(LogoImage.longest >> 10) KiB and \(LogoImage.widest) \
            pixels a side. What does not draw the picture, such as metadata, is not served.
            """
        )
        guard let path, case .success(let bytes) = section.environment.read(path) else {
            return nil
        }
        do throws(LogoProblem) { return try LogoImage(bytes) } catch {
            section.problem("logo", "\(path) \(error)")
            return nil
        }
    }

    private static func theme(_ section: Section) -> Theme? {
        let light = colors(section, ("#0b5c4b", "#ffffff", "#15212d"))
        let dark = section.group(
            "dark",
            """
            The same for browsers that prefer dark pages. Without this group the colors are \
            Beckon's, with a primary color made from the other one.
            """
        )
        let darkColors = colors(dark, ("#86dcc5", "#17202a", "#eaf0f5"))
        dark.end()
        section.end()
        guard let light else { return nil }
        do throws(ThemeProblem) { return try Theme(light: light, dark: darkColors) } catch {
            (error.scheme.isEmpty ? section : dark).problem("", "\(error)")
            return nil
        }
    }

    private static func colors(
        _ section: Section,
        _ examples: (primary: String, background: String, text: String)
    ) -> Theme.Colors? {
        func color(_ key: String, _ example: String, _ about: String) -> ThemeColor? {
            let text = section.text(key, example: example, required: true, about)
            guard let text else { return nil }
            guard let color = ThemeColor(text) else {
                section.problem(key, "must be a color such as \"\(example)\"")
                return nil
            }
            return color
        }
        let primary = color(
            "primary",
            examples.primary,
            "The button that approves, and marks. Contrast to the background at least 4.5:1."
        )
        let background = color("background", examples.background, "Behind all texts.")
        let text = color(
            "text",
            examples.text,
            "All texts. Contrast to the background at least 4.5:1."
        )
        guard let primary, let background, let text else { return nil }
        return Theme.Colors(primary: primary, background: background, text: text)
    }
}
