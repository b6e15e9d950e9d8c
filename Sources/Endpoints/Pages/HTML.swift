import JSON
import Localization

/// Markup that is safe to send.
///
/// It is made by `text`, which escapes, and by `element`, whose names are literals of the program:
/// a `String` from elsewhere cannot become markup by accident. Control and invisible characters are
/// handled by `InertText`.
struct HTML: Hashable, Sendable {
    /// What goes on the wire.
    private(set) var markup: String

    private init(markup: String) { self.markup = markup }

    static let empty = HTML(markup: "")
    static let doctype = HTML(markup: "<!DOCTYPE html>\n")

    /// Text, escaped for content and quoted attributes.
    static func text(_ text: String) -> HTML { HTML(markup: escape(text)) }

    /// An element with its content between a start and an end tag. An attribute without a value is
    /// omitted.
    static func element(
        _ name: StaticString,
        _ attributes: KeyValuePairs<StaticString, String?> = [:],
        @HTMLBuilder _ content: () -> HTML = { .empty }
    ) -> HTML {
        HTML(markup: "\(tag(name, attributes))\(content().markup)</\(name)>")
    }

    /// An element without content and end tag (HTML §13.1.2, void elements).
    static func void(
        _ name: StaticString,
        _ attributes: KeyValuePairs<StaticString, String?> = [:]
    ) -> HTML {
        HTML(markup: tag(name, attributes))
    }

    /// Data for a script of ours, in an element that no browser runs (HTML §4.12.1, data blocks).
    static func data(_ id: StaticString, _ value: JSONValue) -> HTML {
        var text = ""
        for scalar in String(decoding: value.bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            // In JSON these are only in strings. `</script>` would end the element.
            case "<": text += "\\u003c"
            case ">": text += "\\u003e"
            case "&": text += "\\u0026"
            default: text.unicodeScalars.append(scalar)
            }
        }
        let start = tag("script", ["type": "application/json", "id": id.description])
        return HTML(markup: start + text + "</script>")
    }

    static func + (left: HTML, right: HTML) -> HTML { HTML(markup: left.markup + right.markup) }
    static func += (left: inout HTML, right: HTML) { left.markup += right.markup }

    var bytes: [UInt8] { Array(markup.utf8) }

    /// The text without tags, for a title. In our own markup every `<` and `>` outside a tag is
    /// escaped, in attributes too.
    var withoutElements: HTML {
        var text = ""
        var isInTag = false
        for scalar in markup.unicodeScalars {
            switch scalar {
            case "<": isInTag = true
            case ">": isInTag = false
            default: if !isInTag { text.unicodeScalars.append(scalar) }
            }
        }
        return HTML(markup: text)
    }

    private static func tag(
        _ name: StaticString,
        _ attributes: KeyValuePairs<StaticString, String?>
    ) -> String {
        var tag = "<\(name)"
        for (name, value) in attributes {
            if let value { tag += " \(name)=\"\(escape(value))\"" }
        }
        return tag + ">"
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension Catalogue {
    /// A text with its placeholders filled in; the text itself is escaped.
    func html(_ phrase: Phrase, _ values: [String: HTML] = [:]) -> HTML {
        parts(phrase).reduce(into: .empty) { html, part in
            switch part {
            case .literal(let text): html += .text(text)
            case .placeholder(let name): html += values[name] ?? .empty
            }
        }
    }
}

/// Concatenates pieces of markup. It takes no `String`.
@resultBuilder
enum HTMLBuilder {
    static func buildExpression(_ piece: HTML) -> HTML { piece }
    static func buildBlock(_ pieces: HTML...) -> HTML { pieces.reduce(into: .empty, +=) }
    static func buildOptional(_ piece: HTML?) -> HTML { piece ?? .empty }
    static func buildEither(first piece: HTML) -> HTML { piece }
    static func buildEither(second piece: HTML) -> HTML { piece }
    static func buildArray(_ pieces: [HTML]) -> HTML { pieces.reduce(into: .empty, +=) }
}
