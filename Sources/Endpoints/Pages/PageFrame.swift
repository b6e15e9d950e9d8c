import HTTP
import Localization

/// What is around every page: the head of the document, the operator's name above it and their
/// contact below.
struct PageFrame: Sendable {
    let catalogue: Catalogue
    /// The name in the header and footer, logo and colors.
    let brand: Brand
    /// Where users get help; nil if the operator does not say.
    var help: HelpContact?
    /// What the addresses of assets begin with.
    let assets: String
    /// A style sheet that follows that of all pages; nil for none.
    var sheet: Assets.Asset?
    /// The page's script; nil for none.
    var script: Assets.Asset?
    /// Whether the page has buttons that use a passkey.
    var usesPasskeys = false
    /// Whether the page has a button that subscribes the browser to notifications.
    var usesPush = false
    /// The address of a manifest, with which the page can be installed; nil for none.
    var manifest: String?
    /// Reloads the page in browsers without scripts, after so many seconds.
    var refreshWithoutScript: Int?
    /// Goes to another page after so many seconds, in every browser.
    var next: (seconds: Int, address: String)?

    func document(_ title: HTML, main: HTML) -> HTML {
        HTML.doctype
            + HTML.element(
                "html",
                [
                    "lang": catalogue.language.rawValue, "dir": catalogue.direction,
                    "data-digits": catalogue.digits == .latin ? nil : catalogue.digits.rawValue,
                ]
            ) {
                head(title)
                HTML.element("body") {
                    HTML.element("header") {
                        HTML.element("p", ["class": "brand"]) {
                            logo
                            HTML.text(brand)
                        }
                    }
                    main
                    HTML.element("footer") {
                        helpLine
                        HTML.element("p") { catalogue.html(.footer, ["brand": .text(brand)]) }
                    }
                }
            }
    }

    /// Decoration: the name is beside it.
    @HTMLBuilder private var logo: HTML {
        if let picture = brand.picture {
            HTML.void(
                "img",
                [
                    "src": assets + picture.asset.file, "alt": "",
                    "width": "\(picture.logo.width)",
                    "height": "\(picture.logo.height)",
                ]
            )
        }
    }

    /// How to reach the operator.
    @HTMLBuilder var helpLine: HTML {
        switch (help?.phone, help?.address) {
        case (nil, nil): HTML.empty
        case (let phone?, nil): contact(.helpPhone, ["phone": link(phone: phone)])
        case (nil, let address?): contact(.helpAddress, ["address": link(address: address)])
        case (let phone?, let address?):
            contact(
                .helpBoth,
                ["phone": link(phone: phone), "address": link(address: address)]
            )
        }
    }

    private func contact(_ phrase: Phrase, _ values: [String: HTML]) -> HTML {
        HTML.element("p", ["class": "help"]) { catalogue.html(phrase, values) }
    }

    private func link(phone: String) -> HTML {
        HTML.element("a", ["href": "tel:" + HelpContact.dialled(phone), "dir": "ltr"]) {
            .text(phone)
        }
    }

    /// Without the scheme, which people do not read.
    private func link(address: String) -> HTML {
        let scheme = "https://"
        let isWeb = address.hasPrefix(scheme)
        return HTML.element("a", ["href": isWeb ? address : "mailto:" + address, "dir": "ltr"]) {
            .text(isWeb ? String(address.dropFirst(scheme.count)) : address)
        }
    }

    private func head(_ title: HTML) -> HTML {
        HTML.element("head") {
            HTML.void("meta", ["charset": "utf-8"])
            HTML.element("title") { title.withoutElements }
            HTML.void(
                "meta",
                ["name": "viewport", "content": "width=device-width, initial-scale=1"]
            )
            HTML.void("meta", ["name": "color-scheme", "content": "light dark"])
            HTML.void("meta", ["name": "robots", "content": "noindex, nofollow"])
            HTML.void("meta", ["name": "format-detection", "content": "telephone=no"])
            HTML.void("link", ["rel": "stylesheet", "href": assets + Assets.stylesheet.file])
            if let sheet {
                HTML.void("link", ["rel": "stylesheet", "href": assets + sheet.file])
            }
            if let theme = brand.stylesheet {
                HTML.void("link", ["rel": "stylesheet", "href": assets + theme.file])
            }
            HTML.void("link", ["rel": "icon", "href": assets + Assets.icon.file])
            if let manifest { HTML.void("link", ["rel": "manifest", "href": manifest]) }
            if usesPush {
                HTML.element("script", ["src": assets + Assets.push.file, "defer": ""])
            }
            if usesPasskeys {
                HTML.element("script", ["src": assets + Assets.passkeys.file, "defer": ""])
            }
            if let script {
                HTML.element("script", ["src": assets + script.file, "defer": ""])
            }
            if let refreshWithoutScript {
                HTML.element("noscript") {
                    HTML.void(
                        "meta",
                        ["http-equiv": "refresh", "content": String(refreshWithoutScript)]
                    )
                }
            }
            if let next {
                HTML.void(
                    "meta",
                    [
                        "http-equiv": "refresh",
                        "content": "\(next.seconds); url=\(next.address)",
                    ]
                )
            }
        }
    }
}
