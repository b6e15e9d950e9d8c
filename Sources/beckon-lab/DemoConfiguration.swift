import Lab

/// What the demo runs Beckon with: everything on this machine, with secrets that are public.
enum DemoConfiguration {
    /// The ports that the demo's programs listen on: page, service, clients and provider on `host`, the
    /// others on 127.0.0.1.
    struct Ports {
        /// An address of this machine, or `0.0.0.0` in a container.
        var host = "127.0.0.1"
        /// Where the demo's own programs reach each other, and browsers the identity provider.
        var machineHost: String { host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host }
        /// Where browsers reach the page and the service: they have passkeys for names only.
        var browserHost: String { machineHost == "127.0.0.1" ? "localhost" : machineHost }
        /// Whether browsers have passkeys for the pages.
        var hasPasskeys: Bool { browserHost == "localhost" }
        let page: UInt16
        /// Where browsers and the authorization server reach Beckon, without TLS.
        let service: UInt16
        /// Where Beckon itself listens, with TLS: for clients, which show a certificate.
        let clients: UInt16
        let provider: UInt16
        let acp: UInt16
        let bank: UInt16
        let management: UInt16
    }

    /// The password whose hash is in the configuration.
    static let inboundPassword = "demo-password-between-acp-and-beckon"
    /// The bearer token of the demo's bank.
    static let bankToken = "demo-bank-token"
    /// The key of the webhook that rings the demo's phone.
    static let webhookSecret = "whsec_YmVja29uIGRlbW8gd2ViaG9vayBrZXkgMzIgYnl0ZXM="

    /// The secret of Beckon at the demo's identity provider.
    static let providerSecret = "a-secret-between-the-demo-idp-and-beckon"

    /// Its file in the folder of the demo.
    static let fileName = "beckon.json5"

    /// The configuration of Beckon.
    ///
    /// Beckon listens with TLS, because clients have to show a certificate. Browsers would refuse its
    /// own, so the demo also answers at `public_url`, without TLS.
    static func text(_ ports: Ports) -> String {
        """
        {
          development: true,
          public_url: "http://\(ports.browserHost):\(ports.service)",
          listen: {
            address: "\(ports.host):\(ports.clients)",
            tls: { certificate: "tls.pem", key: "tls.key", client_certificates: "any", hsts: "0s" },
          },
          management: { address: "127.0.0.1:\(ports.management)" },
          store: { sqlite: { path: "beckon-demo.db" } },

          // One for each way of matching numbers that the page offers.
          authorization_servers: [
        \(DemoPolicy.Matching.all.map { server($0, ports) }.joined(separator: "\n"))
          ],

          // The demo's bank, which lists users' accounts.
          accounts: { url: "http://127.0.0.1:\(ports.bank)/users/{user}/accounts", token: "\(bankToken)" },

          // Somebody who tries the demo starts more logins than a real user.
          limits_per_user: { live: 50, starts_per_minute: 1000 },

          // The phone on the demo's page.
          channels: {
            phone: {
              kind: "webhook",
              url: "http://\(ports.machineHost):\(ports.page)/demo/phone",
              secrets: ["\(webhookSecret)"],
              allow_internal: true,
            },
          },

          // Sign-in requests may be approved by the bank's backend, where the user has agreed to that.
          trust: {
            issuer: "\(clientsURL(ports))",
            delegation: { decisions: "all", families: ["scopes"] },
          },

          sign_in: {
            inbox: { \(provider(ports, "beckon-inbox")) },
            console: {
              \(provider(ports, "beckon-console")),
              controller_email: "\(IdentityProviderSimulator.Person.controllerEmail)",
            },
          },

          // The phone on the demo's page can be enrolled, and then approves with its key. The rules are
          // for the policies that the page offers.
          approval: {
            tap: true,
            device_key: true,
            device_key_pin: true,
            \(ports.hasPasskeys ? "passkey: { top_origins: [\"\(pageURL(ports))\"] }," : "")
            rules: [
              \(rules(ports).joined(separator: ",\n      "))
            ],
            number_matching: "enter",
            title: "Demo Bank",
            frame_ancestors: ["\(pageURL(ports))"],
            help: { phone: "+44 20 7946 0000" },
          },

          log: { format: "text", level: "info", requests: "off" },
        }
        """
    }

    /// Where browsers reach the page.
    static func pageURL(_ ports: Ports) -> String { "http://\(ports.browserHost):\(ports.page)" }

    private static func rules(_ ports: Ports) -> [String] {
        DemoPolicy.all(hasPasskeys: ports.hasPasskeys).flatMap(\.rules)
    }

    private static func server(_ matching: DemoPolicy.Matching, _ ports: Ports) -> String {
        """
            {
              id: "\(matching.server)",
              number_matching: "\(matching.id)",
              inbound: {
                workspaces: ["retail\(matching.suffix)", "cdr\(matching.suffix)"],
                basic: [
                  {
                    user: "acp",
                    password_hash: "sha256:AAECAwQFBgcICQoLDA0ODw:0vsQUungnUVX7ySYRQc5ezWxUIbmh2ZVlzeu0txdWp0",
                  },
                ],
              },
              outbound: {
                acp: "http://127.0.0.1:\(ports.acp)",
                tenant: "bank",
                client_id: "beckon",
                client_secret: "beckon-system-client-secret",
                // Only the workspace tells this family; the scopes tell the others.
                workspaces: { "cdr\(matching.suffix)": { family: "cdr" } },
              },
            },
        """
    }

    /// Where clients call.
    static func clientsURL(_ ports: Ports) -> String { "https://127.0.0.1:\(ports.clients)" }

    /// The issuer.
    static func providerURL(_ ports: Ports) -> String {
        "http://\(ports.machineHost):\(ports.provider)"
    }

    private static func provider(_ ports: Ports, _ client: String) -> String {
        let issuer = providerURL(ports)
        return """
            issuer: "\(issuer)", client_id: "\(client)", client_secret: "\(providerSecret)", \
            domain: "bank.example", logout_url: "\(issuer)/logout"
            """
    }
}
