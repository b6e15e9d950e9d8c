import Testing

@testable import Endpoints

@Suite("The name of a browser")
struct AgentNameTests {
    @Test(
        "is what people call it and its system",
        arguments: [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                    + "HeadlessChrome/156.0.0.0 Safari/537.36", "Chrome \u{2013} Linux"
            ),
            (
                "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) "
                    + "SamsungBrowser/28.0 Chrome/150.0.0.0 Mobile Safari/537.36",
                "Samsung Internet \u{2013} Android"
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                    + "Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0", "Edge \u{2013} Windows"
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
                    + "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
                "Safari \u{2013} iPhone"
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:150.0) Gecko/20100101 "
                    + "Firefox/150.0", "Firefox \u{2013} macOS"
            ),
            ("Firefox/150.0", "Firefox"), ("curl/8.0 (Linux)", "curl/8.0 (Linux)"),
            ("Browser/1", "Browser/1"), ("", ""),
        ]
    )
    func names(_ agent: String, _ name: String) {
        #expect(AgentName.text(agent) == name)
    }
}
