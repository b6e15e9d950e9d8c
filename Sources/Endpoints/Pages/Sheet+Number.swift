import Localization
import Logins

/// The number of the binding message: shown, to be chosen, or to be entered. Nothing is preselected.
extension Sheet {
    private var bindingMessage: BindingMessage { login.details.bindingMessage }

    /// Whether an approval needs the number. Then the Enter key does nothing: in a field it would
    /// submit the form.
    var asksNumber: Bool { bindingMessage.needsNumber }

    /// The number for comparison, where the prompt shows it.
    @HTMLBuilder var shownNumber: HTML {
        if let number = bindingMessage.shownNumber {
            HTML.element("section", ["aria-labelledby": "number"]) {
                HTML.element("h2", ["id": "number"]) { catalogue.html(.numberHeading) }
                HTML.element("p", ["class": "big-number"]) { digits(number) }
                HTML.element("p", ["class": "soft"]) { catalogue.html(.numberHelp) }
            }
        }
    }

    @HTMLBuilder var numberChoice: HTML {
        switch bindingMessage.matching {
        case .choose where asksNumber:
            options(
                "code",
                catalogue.html(.numberChooseHeading),
                .numberChooseHelp,
                missing: nil,
                error: error
            ) {
                for number in page.numbers {
                    option("radio", "code", number, false) {
                        HTML.element("strong", ["class": "big-number"]) { digits(number) }
                    }
                }
            }
        case .enter where asksNumber:
            HTML.element("section", ["class": "options", "id": "code", "tabindex": "-1"]) {
                HTML.element("label", ["for": "code-field"]) {
                    catalogue.html(.numberEnterHeading)
                }
                HTML.element("p", ["class": "soft", "id": "code-help"]) {
                    catalogue.html(.numberEnterHelp)
                }
                if let error {
                    HTML.element("p", ["class": "error", "id": "code-error"]) {
                        catalogue.html(error)
                    }
                }
                HTML.void(
                    "input",
                    [
                        "id": "code-field", "class": "big-number", "type": "text", "name": "code",
                        "inputmode": "numeric", "autocomplete": "off", "required": "",
                        "maxlength": "32", "dir": "ltr",
                        "size": String((bindingMessage.numberLength ?? 0) + 2),
                        "aria-invalid": error == nil ? nil : "true",
                        "aria-describedby": error == nil ? "code-help" : "code-error code-help",
                    ]
                )
            }
        case .off, .show, .choose, .enter: HTML.empty
        }
    }

    /// A button that cannot be used is the form's first one: the Enter key in a field then submits
    /// nothing (HTML §4.10.21.2, implicit submission).
    @HTMLBuilder var nothingOnEnter: HTML {
        if asksNumber {
            HTML.element(
                "button",
                ["type": "submit", "disabled": "", "hidden": "", "class": "no-enter"]
            ) { .empty }
        }
    }

    /// How many attempts are left, after a wrong one.
    @HTMLBuilder var codesLeft: HTML {
        if attempt?.problem == .codeWrong {
            HTML.element("p") { .text(catalogue.text(.codesLeft, login.codesLeft)) }
        }
    }

    private var error: Phrase? {
        attempt.flatMap { $0.problem.place == .code ? $0.problem.phrase : nil }
    }

    private func digits(_ number: String) -> HTML {
        HTML.element("bdi", ["dir": "ltr"]) { .text(number) }
    }
}
