import Configuration
import Testing
import WebAuthn

@testable import App

@Suite("The configuration of passkeys")
struct PasskeySettingsTests {
    private static let android = "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"

    private static func read(
        _ members: String,
        publicURL: String = "https://login.bank.example/beckon",
        isDevelopment: Bool = false
    ) throws -> PasskeyRules? {
        try ConfigurationFile.read(
            "{ development: \(isDevelopment), passkey: \(members) }",
            in: Environment(directory: "/", variables: [:]) { _ in .failure(.init("")) }
        ) { root in
            PasskeySettings.read(root.group("passkey", "Passkeys."), publicURL: publicURL)
        }.0
    }

    @Test("takes the relying party and the origin from public_url")
    func defaults() throws {
        #expect(
            try Self.read("{}")
                == PasskeyRules(id: "login.bank.example", origins: ["https://login.bank.example"])
        )
        #expect(
            try Self.read("{}", publicURL: "https://LOGIN.bank.example:443")
                == PasskeyRules(id: "login.bank.example", origins: ["https://login.bank.example"])
        )
        #expect(
            try Self.read("{}", publicURL: "http://localhost:8080", isDevelopment: true)
                == PasskeyRules(id: "localhost", origins: ["http://localhost:8080"])
        )
    }

    @Test("names a domain above, other origins, apps, frames and what is lenient")
    func everything() throws {
        let rules = try Self.read(
            """
            { rp_id: "bank.example", origins: ["https://app.bank.example:8443"],
              android_origins: ["\(Self.android)"], top_origins: ["https://shop.example"],
              attestation: "ignored", counter: "mark" }
            """
        )
        #expect(
            rules
                == PasskeyRules(
                    id: "bank.example",
                    origins: ["https://app.bank.example:8443", Self.android],
                    topOrigins: ["https://shop.example"],
                    attestation: .ignored,
                    counter: .mark
                )
        )
    }

    static let wrongs = [
        (#"{ rp_id: "example" }"#, "passkey.rp_id"),
        (#"{ rp_id: "ank.example" }"#, "passkey.rp_id"),
        (#"{ rp_id: "other.example" }"#, "passkey.rp_id"),
        (#"{ rp_id: "192.0.2.1" }"#, "passkey.rp_id"),
        (#"{ origins: ["https://evil.example"] }"#, "passkey.origins"),
        (#"{ origins: ["http://login.bank.example"] }"#, "passkey.origins"),
        (#"{ origins: ["https://login.bank.example/"] }"#, "passkey.origins"),
        (#"{ origins: ["https://login.bank.example:443"] }"#, "passkey.origins"),
        (#"{ origins: ["https://Login.bank.example"] }"#, "passkey.origins"),
        (#"{ android_origins: ["android:apk-key-hash:abc"] }"#, "passkey.android_origins"),
        (#"{ android_origins: ["https://bank.example"] }"#, "passkey.android_origins"),
        (#"{ top_origins: ["*"] }"#, "passkey.top_origins"),
        (#"{ attestation: "any" }"#, "passkey.attestation"),
        (#"{ counter: "ignore" }"#, "passkey.counter"),
    ]

    @Test("is refused where browsers would refuse it", arguments: wrongs)
    func refused(members: String, path: String) {
        let problems = #expect(throws: ConfigurationError.self) { try Self.read(members) }
        #expect(problems?.problems.map(\.path) == [path])
    }

    @Test("needs a domain name")
    func address() {
        let problems = #expect(throws: ConfigurationError.self) {
            try Self.read("{}", publicURL: "http://127.0.0.1:8080", isDevelopment: true)
        }
        #expect(problems?.problems.map(\.path) == ["passkey.rp_id"])
    }
}
