import Configuration
import Foundation
import Testing

@testable import App

@Suite("A configuration of two servers")
struct NeighbouringServersTests {
    @Test("is refused when both have the same id or the same path and credential")
    func twins() {
        let server = """
            {
              id: "acp",
              inbound: { basic: [ { user: "a", password_hash: "\(ConfigurationFixtures.hash)" } ] },
              outbound: { acp: "https://a", tenant: "b", client_id: "c", client_secret: "d" },
            }
            """
        let text = """
            { development: true, public_url: "https://p", channels: { c: { kind: "console" } },
              authorization_servers: [ \(server), \(server) ] }
            """
        let paths = ConfigurationFixtures.problems(text).map(\.path)
        #expect(
            paths == ["authorization_servers[1].id", "authorization_servers[1].inbound.base_path"]
        )
    }

    /// What the second of two servers under one path has in place of the first's credentials and
    /// names, and what must be said of it.
    static let pairs: [(inbound: String, outbound: String, says: String?)] = [
        ("basic: [{ user: \"a\", password_hash: HASH }]", "tenant: \"t\"", "the user a"),
        (
            "basic: [{ user: \"a\", password_hash: HASH }], workspaces: [\"w\"]",
            "tenant: \"t\"", "the user a"
        ),
        (
            "basic: [{ user: \"a\", password_hash: HASH }], workspaces: [\"v\"]",
            "tenant: \"t\"", nil
        ),
        (
            "basic: [{ user: \"a\", password_hash: HASH }]",
            "tenant: \"u\", tenants: [\"u\", \"t\"]", "the user a"
        ),
        ("basic: [{ user: \"a\", password_hash: HASH }]", "tenant: \"u\"", nil),
        ("basic: [{ user: \"b\", password_hash: HASH }]", "tenant: \"t\"", nil),
        (
            "api_key: { name: \"x-key\", value_hashes: [HASH] }", "tenant: \"t\"", "a key in x-key"
        ),
        ("api_key: { name: \"X-Other\", value_hashes: [HASH] }", "tenant: \"t\"", nil),
    ]

    @Test("is refused when a call could be from either server", arguments: pairs.indices)
    func neighbours(_ index: Int) {
        let (inbound, outbound, says) = Self.pairs[index]
        let text = """
            { development: true, public_url: "https://p", channels: { c: { kind: "console" } },
              authorization_servers: [
                {
                  id: "one",
                  inbound: {
                    base_path: "/acp", workspaces: ["w"],
                    basic: [{ user: "z", password_hash: HASH }, { user: "a", password_hash: HASH }],
                    api_key: { name: "X-Key", value_hashes: [HASH] },
                  },
                  outbound: { acp: "https://a", client_id: "c", client_secret: "d", tenant: "t" },
                },
                {
                  id: "two",
                  inbound: { base_path: "/acp", \(inbound) },
                  outbound: { acp: "https://b", client_id: "c", client_secret: "d", \(outbound) },
                },
              ] }
            """
        let hashed = text.replacingOccurrences(
            of: "HASH",
            with: "\"\(ConfigurationFixtures.hash)\""
        )
        let problems = ConfigurationFixtures.problems(hashed)
        #expect(
            problems.map(\.path)
                == (says == nil ? [] : ["authorization_servers[1].inbound.base_path"])
        )
        guard let says, let reason = problems.first?.reason else { return }
        #expect(reason.contains(says))
        #expect(reason.contains("authorization_servers[0]"))
    }
}
