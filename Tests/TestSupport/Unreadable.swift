/// Texts in which a reader sees nothing.
public enum Unreadable {
    public static let texts = [
        "", " ", "\u{A0}\u{3000}\u{2003}", "\u{200B}", "\u{200D}\u{200C}", "\u{2060}\u{FEFF}",
        "\u{AD}", "\u{202E}\u{2066}", "\u{301}", " \u{301}\u{489}", "\u{20E3}", "\u{93E}",
        "\u{E0067}\u{E0062}\u{E007F}", "\u{115F}\u{1160}", "\u{3164}\u{FFA0}", "\u{2800}",
        "\u{FE0F}\u{E0100}", "\u{180B}\u{180E}", "\u{61C}", "\u{34F}", "\u{17B4}", "\u{1D159}",
        "\u{E000}", "\u{FFFC}", "\u{E01F0}",
    ]
}
