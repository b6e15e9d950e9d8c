/// A piece of a page whose text is already harmless.
///
/// The only ways in are `text`, which escapes, and `element`, whose names are literals of the
/// program: a `String` from elsewhere cannot become markup by accident. It knows nothing of
/// controls and invisible characters; those are `InertText`'s.
struct HTML: Hashable, Sendable {
    /// What goes on the wire.
    private(set) var markup: String

    private init(markup: String) { self.markup = markup }

    static let empty = HTML(markup: "")
    static let doctype = HTML(markup: "<!DOCTYPE html>\n")

    /// Text, escaped so that it means itself in content and in a quoted attribute.
    static func text(_ text: String) -> HTML { HTML(markup: escape(text)) }

    /// An element with its content between a start and an end tag.
    static func element(
        _ name: StaticString,
        _ attributes: KeyValuePairs<StaticString, String> = [:],
        @HTMLBuilder _ content: () -> HTML = { .empty }
    ) -> HTML {
        HTML(markup: "\(tag(name, attributes))\(content().markup)</\(name)>")
    }

    /// An element that has no content and no end tag (HTML §13.1.2, void elements).
    static func void(
        _ name: StaticString,
        _ attributes: KeyValuePairs<StaticString, String> = [:]
    ) -> HTML {
        HTML(markup: tag(name, attributes))
    }

    static func + (left: HTML, right: HTML) -> HTML { HTML(markup: left.markup + right.markup) }
    static func += (left: inout HTML, right: HTML) { left.markup += right.markup }

    var bytes: [UInt8] { Array(markup.utf8) }

    /// The text alone, as a title needs it. Safe because in our own markup every `<` and `>` that
    /// is not a tag's is escaped, in attributes too.
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
        _ attributes: KeyValuePairs<StaticString, String>
    ) -> String {
        var tag = "<\(name)"
        for (name, value) in attributes { tag += " \(name)=\"\(escape(value))\"" }
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

/// Puts pieces one after another. It takes `HTML` only, which is the point of it.
@resultBuilder
enum HTMLBuilder {
    static func buildExpression(_ piece: HTML) -> HTML { piece }
    static func buildBlock(_ pieces: HTML...) -> HTML { pieces.reduce(into: .empty, +=) }
    static func buildOptional(_ piece: HTML?) -> HTML { piece ?? .empty }
    static func buildEither(first piece: HTML) -> HTML { piece }
    static func buildEither(second piece: HTML) -> HTML { piece }
    static func buildArray(_ pieces: [HTML]) -> HTML { pieces.reduce(into: .empty, +=) }
}
