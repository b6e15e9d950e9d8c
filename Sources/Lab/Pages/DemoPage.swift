/// The HTML of the demo page. All text from outside goes through `escape`.
enum DemoPage {
    /// `service` is the origin of Beckon's pages, for links to those that people sign in to; nil for
    /// none.
    static func html(
        _ demo: DemoSite.Configuration,
        service: String? = nil,
        policies: DemoPolicies = DemoPolicies(),
        hasBackend: Bool = false,
        hasDevice: Bool = false
    ) -> String {
        #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Beckon: a login, live</title>
        <link rel="icon" type="image/svg+xml" href="/demo/icon.svg">
        <link rel="stylesheet" href="/demo/style.css">
        <script src="/demo/script.js" defer></script>
        </head>
        <body>
        <header class="top">
        <h1><a class="brand" href="/"><img src="/demo/icon.svg" alt="" width="28"
        height="28">Beckon demo</a></h1>
        <p class="lead">Start a login on the left, and approve it on the phone on the right.</p>
        \#(links(service))
        <p class="live" id="live" role="status"><span class="dot"></span>
        <span id="live-text">connecting</span></p>
        </header>
        <noscript><p class="noscript">This page needs JavaScript. The approval page on the phone
        does not.</p></noscript>
        <main>

        <section class="device" aria-labelledby="device-title">
        <div class="panel">
        <h2 id="device-title"><span class="glyph" aria-hidden="true">☕</span>
        \#(escape(demo.deviceName))</h2>
        <p class="hint">The consumption device: an OAuth client that wants a user to log in.</p>
        <form id="start">
        <div class="row">
        <label class="field" for="user">User
        <select id="user" name="user">
        \#(people(demo.people))
        </select></label>
        <label class="field" for="language">Language of the phone
        <select id="language" name="language"><option value="" selected>The browser’s</option>
        <option value="en">English</option><option value="pt-BR">Português</option>
        <option value="es">Español</option><option value="fr">Français</option>
        <option value="de">Deutsch</option><option value="ar">العربية</option></select></label>
        </div>
        <label class="field" for="example">Request
        <select id="example" name="example">
        <option value="" data-message="Kiosk 12 · order 84-20" selected>Sign in</option>
        \#(examples)
        </select></label>
        <fieldset class="scopes" id="scopes"><legend>Requested scopes</legend>
        <label class="chip"><input type="checkbox" checked disabled> <span>openid</span></label>
        \#(scopes(demo.scopes))
        </fieldset>
        \#(choices(policies))
        <label class="field" for="message">Binding message
        <input id="message" name="message" type="text" maxlength="64" autocomplete="off"
        value="Kiosk 12 · order 84-20" aria-describedby="message-hint"></label>
        <p class="muted small" id="message-hint">Shown on both screens, so that the user can tell that
        it is the same login.</p>
        <div class="row">
        <fieldset class="mode"><legend>Token delivery</legend>
        <label class="chip"><input type="radio" name="mode" value="poll" checked>
        <span>poll</span></label>
        <label class="chip"><input type="radio" name="mode" value="ping"> <span>ping</span></label>
        </fieldset>
        <label class="field" for="expiry">Expires after
        <select id="expiry" name="expiry"><option value="120" selected>2 minutes</option>
        <option value="30">30 seconds</option><option value="15">15 seconds</option></select></label>
        </div>
        <button class="go" id="go" type="submit">Start login</button>
        </form>
        </div>

        <div class="panel outcome" id="outcome" aria-live="polite" hidden></div>
        \#(hasDevice ? device : "")
        \#(hasBackend ? backend : "")

        <div class="panel log">
        <div class="loghead"><h2>Requests</h2>
        <label class="small muted"><input type="checkbox" id="open-all"> show headers and bodies</label></div>
        <p class="empty" id="empty">No requests yet. Start a login to see every request between
        the device, the authorization server and Beckon.</p>
        <ol id="timeline" class="timeline"></ol>
        </div>
        </section>

        <section class="side" aria-labelledby="phone-title">
        <h2 id="phone-title" class="phone-title">The user’s phone</h2>
        <div class="phone">
        <div class="screen">
        <div class="status" aria-hidden="true"><span id="clock">12:00</span>
        <span class="island"></span><span class="bars">▂▄▆</span></div>
        <div class="home" id="home">
        <p class="time" id="time" aria-hidden="true">12:00</p>
        <p class="date" id="date" aria-hidden="true"></p>
        <ul class="notifications" id="notifications" aria-label="Notifications"
        aria-live="polite"></ul>
        <p class="quiet" id="quiet">No notifications</p>
        </div>
        <div class="app" id="app" hidden>
        <iframe id="prompt" title="Approval page" referrerpolicy="no-referrer"
        allow="publickey-credentials-get"></iframe>
        </div>
        <div class="app native" id="native" hidden>
        <h3>The phone’s own app</h3>
        <pre id="native-lines" tabindex="0"></pre>
        <div class="proofs">
        <fieldset id="native-numbers" hidden><legend>The number on the other device</legend></fieldset>
        <label class="field" id="native-code-field" for="native-code" hidden>The number on the other
        device <input id="native-code" type="text" inputmode="numeric" autocomplete="off"
        maxlength="20"></label>
        <label class="field" id="native-pin-field" for="native-pin" hidden>PIN
        <input id="native-pin" type="password" inputmode="numeric" autocomplete="off"
        maxlength="64"></label>
        </div>
        <p id="native-status" role="status"></p>
        <div class="row"><button class="plain" id="native-deny" type="button">Decline</button>
        <button class="plain" id="native-approve" type="button">Approve with its key</button></div>
        </div>
        <button class="bar" id="bar" type="button" aria-label="Close and go to the home screen"
        disabled><span></span></button>
        </div>
        </div>
        <p class="muted small center"><a id="tab" hidden target="_blank" rel="noreferrer noopener"
        href="/">Open the approval page in its own tab</a></p>
        </section>

        </main>
        <footer class="muted small">A demo with a simulated authorization server. Raw data:
        <a href="/demo/events?after=0">events</a>, <a href="/demo/phone">prompts</a>.</footer>
        </body>
        </html>
        """#
    }

    /// Where people sign in.
    private static func links(_ service: String?) -> String {
        guard let service else { return "" }
        return #"""
            <nav aria-label="Pages of Beckon"><a target="_blank" rel="noopener"
            href="\#(escape(service))/sso/oidc/inbox">Inbox of a customer</a>
            <a target="_blank" rel="noopener"
            href="\#(escape(service))/sso/oidc/console">Console of the bank’s staff</a></nav>
            """#
    }

    private static let device = #"""
        <section class="panel" aria-labelledby="enrol-title">
        <h2 id="enrol-title"><span class="glyph" aria-hidden="true">📱</span>
        The phone as the user’s device</h2>
        <p class="hint">Enrolled with a code, which the user’s inbox shows after “Add a device”, the phone
        answers with a key of its own.</p>
        <form id="enrol">
        <div class="row">
        <label class="field" for="code">Code from the inbox
        <input id="code" name="code" type="text" autocomplete="off" placeholder="7K3M-Q9TX-4HWD"
        maxlength="64"></label>
        <label class="field" for="pin">PIN (optional, at least 4 characters)
        <input id="pin" name="pin" type="password" inputmode="numeric" autocomplete="off"
        maxlength="64"></label>
        </div>
        <button class="plain" id="enrol-go" type="submit">Enrol the phone</button>
        <p class="muted small" id="enrolled" role="status"></p>
        </form>
        </section>
        """#

    /// What counts as approval, and how the number is matched, with what Beckon demands then.
    private static func choices(_ policies: DemoPolicies) -> String {
        guard !policies.approvals.isEmpty else { return "" }
        return #"""
            <div class="row">
            <label class="field" for="policy">What counts as approval
            <select id="policy" name="policy">
            \#(options(policies.approvals.map(\.choice)))
            </select></label>
            <label class="field" for="matching">Number matching
            <select id="matching" name="matching">
            \#(options(policies.matchings.map(\.choice)))
            </select></label>
            </div>
            <div class="policy" role="status">
            <p><code>beckon check</code> explains: <span id="policy-demand"></span></p>
            <p class="muted small" id="policy-hint"></p>
            </div>
            """#
    }

    private static func options(_ choices: [DemoPolicies.Choice]) -> String {
        choices.map { choice in
            #"<option value="\#(escape(choice.id))" data-demand="\#(escape(choice.demand))" "#
                + #"data-hint="\#(escape(choice.hint))">\#(escape(choice.title))</option>"#
        }.joined(separator: "\n")
    }

    private static let backend = #"""
        <section class="panel" aria-labelledby="backend-title">
        <h2 id="backend-title"><span class="glyph" aria-hidden="true">🏦</span>
        The bank’s backend</h2>
        <p class="hint">Anna has agreed that the payout robot may answer sign-in requests for her. Start
        a sign-in for her, and let the robot approve it. Payments, and users without this consent, are
        refused. Anna can withdraw the consent in her inbox.</p>
        <div class="row actions">
        <button class="go" id="backend-approve" type="button">Let the bank’s backend approve</button>
        <button class="plain" id="backend-consent" type="button">Record the user’s consent</button>
        </div>
        <ol class="backend" id="backend-steps" aria-live="polite"></ol>
        </section>
        """#

    private static func scopes(_ scopes: [String]) -> String {
        scopes.map { scope in
            let name = escape(scope)
            let checked = scope == "profile" ? " checked" : ""
            return #"""
                <label class="chip"><input type="checkbox" name="scope" value="\#(name)"\#(checked)>
                <span>\#(name)</span></label>
                """#
        }.joined(separator: "\n")
    }

    private static var examples: String {
        DemoExample.all.map { example in
            #"<option value="\#(example.id)" data-message="\#(escape(example.message))">"#
                + escape(example.title) + "</option>"
        }.joined(separator: "\n")
    }

    private static func people(_ people: [DemoSite.Configuration.Person]) -> String {
        people.map { person in
            #"<option value="\#(escape(person.user))">\#(escape(person.name)), "#
                + escape(person.user) + "</option>"
        }.joined(separator: "\n")
    }

    /// Escapes text for content and for attributes in double quotes.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    static let icon = #"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><defs>
        <linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop stop-color="#6d5efc"/>
        <stop offset="1" stop-color="#0fa5a0"/></linearGradient></defs>
        <rect width="32" height="32" rx="9" fill="url(#g)"/>
        <circle cx="10" cy="22" r="3" fill="#fff"/><g fill="none" stroke="#fff" stroke-width="2.6"
        stroke-linecap="round"><path d="M10 14a8 8 0 0 1 8 8"/><path d="M10 8a14 14 0 0 1 14 14"/></g>
        </svg>
        """#
}
