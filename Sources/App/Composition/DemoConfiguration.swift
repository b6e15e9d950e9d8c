/// What `beckon demo` runs with.
public enum DemoConfiguration {
    /// The contents of `Config/demo.json5`: the program must be able to show itself without files.
    public static let text = #"""
        // What `beckon demo` runs Beckon with: everything on this machine, secrets that are none.
        // The program has its own copy of this file; a test keeps the two equal.
        {
          development: true,
          public_url: "http://127.0.0.1:8081",
          listen: { address: "127.0.0.1:8081" },
          management: { address: "127.0.0.1:9464" },
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
                acp: "http://127.0.0.1:8082",
                tenant: "bank",
                client_id: "beckon",
                client_secret: "beckon-system-client-secret",
                // Of this family only its workspace tells; the others are told by their scopes.
                workspaces: { cdr: { family: "cdr" } },
              },
            },
          ],

          // The demo's bank, where people's accounts are.
          accounts: { url: "http://127.0.0.1:8084/users/{user}/accounts", token: "demo-bank-token" },

          // A person playing with the demo starts logins faster than people do.
          limits_per_user: { live: 50, starts_per_minute: 1000 },

          // The phone on the demo's page.
          channels: {
            phone: {
              kind: "webhook",
              url: "http://127.0.0.1:8080/demo/phone",
              secrets: ["whsec_YmVja29uIGRlbW8gd2ViaG9vayBrZXkgMzIgYnl0ZXM="],
              allow_internal: true,
            },
          },

          approval: { title: "Demo Bank", frame_ancestors: ["http://127.0.0.1:8080", "http://localhost:8080"] },

          log: { format: "text", level: "info", requests: "off" },
        }

        """#

    /// The password whose hash stands in the text.
    public static let inboundPassword = "demo-password-between-acp-and-beckon"

    /// The key of the demo's webhook; the text has it too.
    static let webhookSecret = "whsec_YmVja29uIGRlbW8gd2ViaG9vayBrZXkgMzIgYnl0ZXM="

    /// What the demo's bank is asked with; it stands in the text too.
    public static let bankToken = "demo-bank-token"
}
