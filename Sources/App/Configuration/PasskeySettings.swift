import Configuration
import Cryptography
import HTTP
import Texts
import WebAuthn

/// The section of the configuration about passkeys.
enum PasskeySettings {
    private static let android = "android:apk-key-hash:"

    /// The rules; nil unless the group is there.
    static func read(_ section: Section, publicURL: String) -> PasskeyRules? {
        let address = HTTPAddress(publicURL)
        let host = address?.host.lowercased() ?? ""
        let id = section.text(
            "rp_id",
            example: "bank.example",
            """
            The relying party: the host of public_url, which is the default, or a domain above it. \
            Passkeys of another one stop working.
            """
        )
        let own = origin(publicURL, in: section)
        let origins = section.texts(
            "origins",
            example: ["https://login.bank.example"],
            "The origins whose pages may use passkeys; by default that of public_url."
        )
        let apps = section.texts(
            "android_origins",
            example: [android + "pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck"],
            """
            Android apps that may use passkeys: android:apk-key-hash: and the SHA-256 of the \
            signing certificate in base64url.
            """
        )
        let tops = section.texts(
            "top_origins",
            example: ["https://bank.example"],
            """
            The origins in whose frames passkeys may be used, where approval.frame_ancestors \
            allows the frame; none by default.
            """
        )
        let attestation = section.choice(
            "attestation",
            among: ["none_or_self": .noneOrSelf, "ignored": .ignored],
            default: PasskeyRules.Attestation.noneOrSelf,
            """
            What is done with a new passkey that brings an attestation by others, although none is \
            asked for: it is refused, or the attestation is ignored.
            """
        )
        let counter = section.choice(
            "counter",
            among: ["refuse": .refuse, "mark": .mark],
            default: PasskeyRules.Counter.refuse,
            """
            What is done when a passkey's counter does not grow, as with a copied key: its use is \
            refused, or accepted with an entry passkey.suspect in the audit.
            """
        )
        section.end()
        guard section.isPresent else { return nil }
        let party = id ?? host
        check(party, under: host, id == nil ? nil : "rp_id", section)
        check(origins, "origins", section) { origin($0, in: section) == $0 && isOf(party, $0) }
        check(tops, "top_origins", section) { origin($0, in: section) == $0 }
        check(apps, "android_origins", section) { isApp($0) }
        if own == nil, origins.isEmpty, InternetAddress(urlHost: party) == nil {
            section.problem("origins", "must be set: browsers have passkeys for https only")
        }
        return PasskeyRules(
            id: party,
            origins: (origins.isEmpty ? [own].compactMap(\.self) : origins) + apps,
            topOrigins: tops,
            attestation: attestation,
            counter: counter
        )
    }

    /// Browsers take a domain that is the page's host or above it, and no IP address (WebAuthn §5.1.2).
    private static func check(
        _ party: String,
        under host: String,
        _ key: String?,
        _ section: Section
    ) {
        let isHost = party.isExactly(host)
        if InternetAddress(urlHost: party) != nil || !isHost && !party.utf8.contains(0x2E) {
            section.problem(
                key ?? "rp_id",
                "must be a domain: browsers have no passkeys for \"\(party.firstBytes(100))\""
            )
        } else if !isHost, !host.hasSuffix("." + party) {
            section.problem(key ?? "rp_id", "must be the host of public_url or a domain above it")
        }
    }

    private static func check(
        _ texts: [String],
        _ key: String,
        _ section: Section,
        _ isRight: (String) -> Bool
    ) {
        guard let wrong = texts.first(where: { !isRight($0) }) else { return }
        let rule =
            switch key {
            case "android_origins": "must be \(android) and 32 bytes in base64url"
            case "origins":
                "must be origins of rp_id, such as \"https://login.bank.example\", as browsers "
                    + "write them"
            default: "must be origins such as \"https://bank.example\", as browsers write them"
            }
        section.problem(key, rule + ", not \"\(wrong.firstBytes(100))\"")
    }

    private static func isApp(_ text: String) -> Bool {
        text.startsExactly(with: android)
            && Base64URL.decode(String(text.dropFirst(android.count)))?.count == 32
    }

    /// Whether an origin is of the relying party.
    private static func isOf(_ party: String, _ origin: String) -> Bool {
        guard let host = HTTPAddress(origin)?.host else { return false }
        return host.isExactly(party) || host.hasSuffix("." + party)
    }

    /// The origin of a URL as browsers write it (HTML §7.1.1); nil for one that has no passkeys: only
    /// `https`, and `http` on this machine in development.
    private static func origin(_ url: String, in section: Section) -> String? {
        guard let address = HTTPAddress(url), address.userInformation == nil else { return nil }
        let host = address.host.lowercased()
        guard address.isSecure || section.isDevelopment && host == "localhost" else { return nil }
        let scheme = address.isSecure ? "https" : "http"
        let isDefault = address.port == (address.isSecure ? 443 : 80)
        let port = isDefault ? "" : address.port.map { ":\($0)" } ?? ""
        return "\(scheme)://\(host)\(port)"
    }
}
