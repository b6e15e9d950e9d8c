import Lab

/// What the demo runs Beckon with: everything on this machine, with secrets that are public.
enum DemoConfiguration {
    /// The ports that the demo's programs listen on: page, service, clients and provider on `host`, the
    /// others on 127.0.0.1.
    struct Ports {
        /// An address of this machine, or `0.0.0.0` in a container.
        var host = "127.0.0.1"
        /// Where browsers reach the page and the service.
        var browserHost: String { host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host }
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

          authorization_servers: [
            {
              id: "acp",
              inbound: {
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
                workspaces: { cdr: { family: "cdr" } },
              },
            },
          ],

          // The demo's bank, which lists users' accounts.
          accounts: { url: "http://127.0.0.1:\(ports.bank)/users/{user}/accounts", token: "\(bankToken)" },

          // Somebody who tries the demo starts more logins than a real user.
          limits_per_user: { live: 50, starts_per_minute: 1000 },

          // The phone on the demo's page.
          channels: {
            phone: {
              kind: "webhook",
              url: "http://\(ports.browserHost):\(ports.page)/demo/phone",
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

          // The phone on the demo's page can be enrolled, and then approves with its key.
          approval: { tap: true, device_key: true, title: "Demo Bank", frame_ancestors: ["http://\(ports.browserHost):\(ports.page)", "http://localhost:\(ports.page)"], help: { phone: "+44 20 7946 0000" } },

          log: { format: "text", level: "info", requests: "off" },
        }
        """
    }

    /// Where clients call.
    static func clientsURL(_ ports: Ports) -> String { "https://127.0.0.1:\(ports.clients)" }

    /// The issuer.
    static func providerURL(_ ports: Ports) -> String {
        "http://\(ports.browserHost):\(ports.provider)"
    }

    private static func provider(_ ports: Ports, _ client: String) -> String {
        let issuer = providerURL(ports)
        return """
            issuer: "\(issuer)", client_id: "\(client)", client_secret: "\(providerSecret)", \
            domain: "bank.example", logout_url: "\(issuer)/logout"
            """
    }
}
