import Access
import Localization
import Logins

extension InboxPage {
    /// The browsers of a user, and the key that another one subscribes with.
    struct Browsers: Sendable {
        let all: [SubscribedBrowser]
        let key: String
    }

    /// The browsers that show notifications, each with a button that ends that, and the form for the
    /// browser of the page.
    func list(_ browsers: Browsers) -> HTML {
        HTML.element("section") {
            HTML.element("h2") { catalogue.html(.browsersHeading) }
            HTML.element("p") { catalogue.html(.browsersHelp) }
            if !browsers.all.isEmpty {
                HTML.element("ul") {
                    for browser in browsers.all {
                        HTML.element("li", ["data-browser": browser.id]) { entry(browser) }
                    }
                }
            }
            thisBrowser(browsers.key)
        }
    }

    @HTMLBuilder private func entry(_ browser: SubscribedBrowser) -> HTML {
        HTML.element("strong") {
            browser.name.isEmpty
                ? catalogue.html(.sessionUnnamed) : InertText.html(AgentName.text(browser.name))
        }
        HTML.element("span", ["class": "note", "hidden": ""]) { catalogue.html(.sessionThis) }
        if let since = browser.since {
            HTML.element("span", ["class": "why"]) {
                catalogue.html(.passkeySince, ["time": page.moment(since)])
            }
        }
        form("/inbox/browsers/\(browser.id)/remove", .browserRemove, "not-me")
    }

    /// The script shows it in browsers that can have notifications and do not have them yet.
    private func thisBrowser(_ key: String) -> HTML {
        HTML.element(
            "form",
            [
                "method": "post", "action": basePath + "/inbox/browsers", "hidden": "",
                "data-push-key": key, "data-worker": basePath + "/inbox/sw.js",
                "data-scope": basePath + "/inbox",
                "data-denied": catalogue.text(.browserDenied),
                "data-failed": catalogue.text(.browserAddFailed),
            ]
        ) {
            HTML.void(
                "input",
                ["type": "hidden", "name": "token", "value": caller.secret.formToken]
            )
            HTML.void("input", ["type": "hidden", "name": "subscription"])
            HTML.void("input", ["type": "hidden", "name": "replaces"])
            HTML.element("p", ["class": "error", "role": "alert"])
            HTML.element("button", ["type": "submit", "class": "decline"]) {
                catalogue.html(.browserAdd)
            }
        }
    }
}
