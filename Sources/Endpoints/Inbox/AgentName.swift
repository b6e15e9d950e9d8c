/// What people call a browser and what it runs on, of its `User-Agent`.
enum AgentName {
    /// Browsers also name those that they are compatible with, so the more special ones come first.
    private static let browsers = [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi/", "Vivaldi"),
        ("SamsungBrowser/", "Samsung Internet"), ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"),
        ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ]
    private static let systems = [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
        ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
    ]

    /// The text itself if it names no known browser.
    static func text(_ agent: String) -> String {
        func name(_ known: [(mark: String, name: String)]) -> String? {
            known.first { agent.firstRange(of: $0.mark) != nil }?.name
        }
        guard let browser = name(browsers) else { return agent }
        return name(systems).map { browser + " \u{2013} " + $0 } ?? browser
    }
}
