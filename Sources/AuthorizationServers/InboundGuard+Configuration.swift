import Configuration

extension InboundGuard {
    private static let exampleHash =
        "sha256:AAECAwQFBgcICQoLDA0ODw:PT7NB1B2A4OlzWox1NgpSt0YKawNe-BkcIP3OEfdMl4"

    /// Reads how a server authenticates from the keys `basic`, `api_key`, `allow` and
    /// `require_client_certificate`.
    init(_ section: Section) {
        let basic = Self.basic(section)
        let key = section.group(
            "api_key",
            "The server sends a key in a header instead of Basic credentials."
        )
        // An empty configuration must not accept everybody [IN-6].
        if section.isPresent, !section.has("basic"), !key.isPresent {
            section.problem("basic", "is missing: the server authenticates by basic or api_key")
        }
        let certificate = RequiredCertificate(section)
        self.init(
            basic: basic,
            apiKey: Self.apiKey(key),
            allowed: section.addressRanges(
                "allow",
                example: ["10.20.0.0/16", "2001:db8:20::/48"],
                "Addresses that the server may call from; others are answered 403. By default all."
            ),
            requiresCertificate: certificate.isRequired,
            certificates: certificate.names
        )
    }

    private static func basic(_ section: Section) -> [BasicCredential] {
        let groups = section.groups(
            "basic",
            """
            Basic credentials of the server. Any of them is accepted, so that they can be rotated. \
            Either basic or api_key is required.
            """
        )
        if section.has("basic"), groups.isEmpty {
            section.problem("basic", "must not be empty")
        }
        return groups.compactMap { group in
            let user = group.requiredText("user", example: "acp", "The user name.")
            if user.contains(":") { group.problem("user", "must not contain a colon") }
            let hash = group.secretHash(
                "password_hash",
                example: "\"\(exampleHash)\"",
                required: true,
                "The password's hash, made by `beckon hash-secret`; or { file: … } or { env: … }."
            )
            group.end()
            return hash.map { BasicCredential(user: user, password: $0) }
        }
    }

    private static func apiKey(_ section: Section) -> APIKey? {
        let name = section.requiredText("name", example: "X-API-Key", "The header's name.")
        let hashes = section.secretHashes(
            "value_hashes",
            example: "[{ env: \"ACP_API_KEY_HASH\" }]",
            required: true,
            "Hashes of keys, made by `beckon hash-secret`. Any of them is accepted."
        )
        section.end()
        guard section.isPresent else { return nil }
        if section.isEmptyList("value_hashes") {
            section.problem("value_hashes", "must not be empty")
        }
        let isToken = name.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
        if !isToken { section.problem("name", "must be the name of a header field") }
        return APIKey(field: name, values: hashes)
    }
}
