import AuthorizationServers
import Engine
import Logins
import Testing

@testable import App

@Suite("Number matching in a configuration")
struct NumberSettingsTests {
    private typealias Fixtures = ConfigurationFixtures

    private static func text(_ approval: String, server: String = "") -> String {
        var changes = [("development: true,", "development: true, approval: { \(approval) },")]
        if !server.isEmpty { changes.append(("id: \"acp\",", "id: \"acp\", \(server)")) }
        return Fixtures.minimal(changes)
    }

    // rule: N1
    // rule: N2
    // rule: N4, A4
    @Test(
        "is refused where it is unsafe or impossible",
        arguments: [
            (
                "profile: \"nist\", number_matching: \"off\"", "number_matching",
                "must be enter with profile nist"
            ),
            ("profile: \"nist\", number_matching: \"show\"", "number_matching", "must be enter"),
            ("profile: \"nist\", number_matching: \"choose\"", "number_matching", "must be enter"),
            (
                "profile: \"nist\", number_pattern: \"#####\"", "number_pattern",
                "at least six digits"
            ),
            (
                "profile: \"bank\", number_matching: \"enter\", number_pattern: \"#####\"",
                "number_pattern", "at least six digits"
            ),
            (
                "number_matching: \"enter\", number_pattern: \"###\"", "number_pattern",
                "at least four"
            ),
            (
                "number_matching: \"enter\", number_pattern: \"code\"", "number_pattern",
                "2 to 10 digits"
            ),
            ("number_matching: \"compare\"", "number_matching", "off, show, choose or enter"),
        ].map { ($0.0, $0.1, $0.2) }
    )
    func refused(approval: String, key: String, says: String) throws {
        let error = #expect(throws: (any Error).self) { try Fixtures.parse(Self.text(approval)) }
        let problems = "\(try #require(error))".split(separator: "\n")
        #expect(
            problems.contains { $0.contains("approval." + key) && $0.contains(says) },
            "\(problems)"
        )
    }

    @Test("is off by default, and demands a number and entering it with the profile nist")
    func defaults() throws {
        #expect(try Fixtures.parse(Self.text("")).approval.numbers == nil)
        let nist = try Fixtures.parse(Self.text("profile: \"nist\"")).approval.numbers
        #expect(nist == NumberRule(.enter, try NumberPattern("######"), isRequired: true))
        let chosen = try Fixtures.parse(
            Self.text(
                "number_matching: \"choose\", number_pattern: \"code ##\", number_required: false"
            )
        ).approval.numbers
        #expect(chosen == NumberRule(.choose, try NumberPattern("code ##"), isRequired: false))
    }

    @Test("has a pattern of its own for a server, which the profile judges too")
    func ofServer() throws {
        let configuration = try Fixtures.parse(
            Self.text("number_matching: \"enter\"", server: "number_pattern: \"code ####\",")
        )
        let own = configuration.authorizationServers.flatMap(\.ownNumbers)
        #expect(own.map { $0.pattern?.description } == ["code ####"])
        #expect(own.map(\.patternPath) == ["authorization_servers[0].number_pattern"])
        let words = NumberSettings.explanation(of: configuration).joined(separator: "\n")
        #expect(words.contains("code ####, 4 digits"))
        let error = #expect(throws: (any Error).self) {
            try Fixtures.parse(Self.text("profile: \"nist\"", server: "number_pattern: \"####\","))
        }
        #expect("\(try #require(error))".contains("authorization_servers[0].number_pattern"))
    }

    @Test("has a way of its own for a server, which the profile judges too")
    func wayOfServer() throws {
        let configuration = try Fixtures.parse(
            Self.text("number_matching: \"show\"", server: "number_matching: \"choose\",")
        )
        let own = try #require(configuration.authorizationServers.flatMap(\.ownNumbers).first)
        #expect(own.matching == .choose && own.pattern == nil)
        let words = NumberSettings.explanation(of: configuration)
        #expect(
            words.contains {
                $0.hasPrefix("  authorization_servers[0].number_matching: an approval")
            }
        )
        // The server's logins need the number, although those of others do not.
        #expect(words.contains { $0.contains("5 wrong numbers end a login") })
        let error = #expect(throws: (any Error).self) {
            try Fixtures.parse(
                Self.text("profile: \"nist\"", server: "number_matching: \"show\",")
            )
        }
        #expect("\(try #require(error))".contains("authorization_servers[0].number_matching"))
        let short = #expect(throws: (any Error).self) {
            try Fixtures.parse(
                Self.text(
                    "number_matching: \"show\", number_pattern: \"###\"",
                    server: "number_matching: \"enter\","
                )
            )
        }
        #expect("\(try #require(short))".contains("at least four digits"))
        let unused = try Fixtures.parse(Self.text("", server: "number_matching: \"enter\","))
        #expect(unused.warnings.contains { "\($0)".contains("[0].number_matching") })
    }

    @Test("is explained by check", arguments: NumberMatching.allCases)
    func explained(matching: NumberMatching) throws {
        let configuration = try Fixtures.parse(
            Self.text("number_matching: \"\(matching.rawValue)\"")
        )
        let words = NumberSettings.explanation(of: configuration).joined(separator: "\n")
        #expect(words.contains("5 wrong numbers end a login") == matching.isSecret)
        #expect(words.isEmpty == (matching == .off))
    }
}
