import HTTP

/// The pages of the simulated identity provider. All text from outside goes through
/// `DemoPage.escape`.
enum ProviderPages {
    static func signIn(
        _ people: [IdentityProviderSimulator.Person],
        query: String,
        client: String
    ) -> Response {
        let buttons = people.map { person in
            #"""
            <li><button name="person" value="\#(escape(person.id))">
            <strong>\#(escape(person.givenName + " " + person.familyName))</strong>
            <span>\#(escape(person.email))</span></button></li>
            """#
        }.joined(separator: "\n")
        return page(
            "Sign in to the demo bank",
            #"""
            <p>A simulated identity provider: choose who you are. There are no passwords.</p>
            <form method="post" action="/authorize">
            <input type="hidden" name="request" value="\#(escape(query))">
            <ul>
            \#(buttons)
            </ul>
            <button class="cancel" name="cancel" value="yes">Cancel</button>
            </form>
            <p class="client">For the application \#(escape(client))</p>
            """#
        )
    }

    static let signedOut = page("You are signed out", "<p>You can close this page.</p>")

    static func problem(_ text: String) -> Response {
        var response = page("This does not work", "<p>\(escape(text))</p>")
        response.status = 400
        return response
    }

    private static func escape(_ text: String) -> String { DemoPage.escape(text) }

    private static func page(_ heading: String, _ content: String) -> Response {
        let html = #"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\#(heading)</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="/style.css">
            </head>
            <body>
            <main>
            <h1>\#(heading)</h1>
            \#(content)
            </main>
            </body>
            </html>
            """#
        return Response(
            status: 200,
            contentType: "text/html; charset=utf-8",
            fields: [
                .noStore,
                Field(
                    "Content-Security-Policy",
                    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
                        + "frame-ancestors 'none'"
                ),
                Field("Referrer-Policy", "no-referrer"),
                Field("X-Content-Type-Options", "nosniff"),
            ],
            body: Array(html.utf8)
        )
    }

    static let stylesheet = Response(
        status: 200,
        contentType: "text/css; charset=utf-8",
        fields: [Field("Cache-Control", "no-cache"), Field("X-Content-Type-Options", "nosniff")],
        body: Array(
            #"""
            :root { color-scheme: light dark; --page: #f3f5f4; --card: #fff; --ink: #16201c;
              --muted: #55625c; --line: #d5ddd9; --accent: #0b6b4f; }
            @media (prefers-color-scheme: dark) { :root { --page: #0e1412; --card: #17201c;
              --ink: #e9f1ed; --muted: #a0b0a8; --line: #2d3a34; --accent: #6fd3ae; } }
            * { box-sizing: border-box; }
            body { margin: 0; background: var(--page); color: var(--ink);
              font: 16px/1.5 system-ui, sans-serif; }
            main { max-width: 440px; margin: 8vh auto; padding: 28px; background: var(--card);
              border: 1px solid var(--line); border-top: 6px solid var(--accent);
              border-radius: 14px; }
            h1 { font-size: 1.35rem; margin: 0 0 8px; }
            p { margin: 0 0 16px; color: var(--muted); }
            ul { list-style: none; margin: 0 0 16px; padding: 0; display: grid; gap: 10px; }
            button { font: inherit; width: 100%; min-height: 48px; text-align: start;
              padding: 10px 14px; border: 1px solid var(--line); border-radius: 10px;
              background: transparent; color: inherit; cursor: pointer; display: grid; }
            button span { color: var(--muted); font-size: .9rem; overflow-wrap: anywhere; }
            .cancel { text-align: center; display: block; }
            .client { margin: 16px 0 0; font-size: .85rem; overflow-wrap: anywhere; }
            :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
            @media (max-width: 480px) { main { margin: 0; min-height: 100vh; border-radius: 0; } }
            """#.utf8
        )
    )
}
