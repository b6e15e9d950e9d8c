import Devices
import Engine
import Localization
import Logins

extension InboxPage {
    /// A user's devices, each with a button that revokes it, and the button for another one.
    func list(_ devices: [DeviceRegistry.Entry]) -> HTML {
        HTML.element("section") {
            HTML.element("h2") { catalogue.html(.devicesHeading) }
            HTML.element("p") { catalogue.html(.devicesHelp) }
            if !devices.isEmpty {
                HTML.element("ul") {
                    for entry in devices { HTML.element("li") { self.entry(entry.device) } }
                }
            }
            form("/inbox/devices/code", .deviceAdd, "decline")
        }
    }

    @HTMLBuilder private func entry(_ device: Device) -> HTML {
        HTML.element("strong") { InertText.html(device.name) }
        HTML.element("span", ["class": "why"]) {
            catalogue.html(.passkeySince, ["time": page.moment(device.createdAt)])
        }
        HTML.element("span", ["class": "why"]) {
            catalogue.html(.passkeyUsed, ["time": page.moment(device.lastSeenAt)])
        }
        form("/inbox/devices/\(device.id.value)/revoke", .deviceRevoke, "not-me")
    }

    /// A code, as text and as a picture. It is on this page only.
    func code(_ code: EnrolmentCode, link address: String, until end: Timestamp) -> HTML {
        document(catalogue.html(.deviceAdd)) {
            HTML.element("p") { catalogue.html(.deviceCodeHelp, ["time": page.moment(end)]) }
            if let picture = QRCode(Array(address.utf8)) {
                picture.html(label: catalogue.text(.deviceCodePicture))
            }
            HTML.element("p", ["class": "message"]) {
                HTML.element("bdi", ["dir": "ltr"]) { HTML.text(code.text) }
            }
            HTML.element("p") { catalogue.html(.deviceCodeWarning) }
            link("/inbox", .inboxBack)
        }
    }
}

extension QRCode {
    /// As inline SVG, dark on light in every color scheme, with the margin that readers need.
    func html(label: String) -> HTML {
        let margin = 4
        let side = String(size + 2 * margin)
        var path = ""
        for row in 0..<size {
            var column = 0
            while column < size {
                guard self[row, column] else {
                    column += 1
                    continue
                }
                let start = column
                while column < size, self[row, column] { column += 1 }
                path += "M\(start + margin) \(row + margin)h\(column - start)v1h-\(column - start)z"
            }
        }
        return HTML.element(
            "svg",
            [
                "class": "code", "role": "img", "aria-label": label,
                "viewBox": "0 0 \(side) \(side)", "width": "232", "height": "232",
                "shape-rendering": "crispEdges",
            ]
        ) {
            HTML.element("rect", ["width": side, "height": side, "fill": "#fff"])
            HTML.element("path", ["d": path, "fill": "#000"])
        }
    }
}
