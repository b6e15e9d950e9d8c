import Cryptography
import HTTP
import JSON
import Logins
import Texts

/// The query of a list: filters, and which page of it.
///
/// A list is ordered by what never changes of its elements, and a cursor is the last one that the
/// caller has seen, so that pages neither repeat nor skip what was there all the time.
struct ListQuery: Sendable {
    /// Elements of a page.
    static let longest = 500
    static let usual = 100

    private let form: Form
    /// The most elements that the caller wants.
    let limit: Int
    /// The last element that the caller has seen, as `next` had it; nil for the first page.
    let after: String?

    /// `filters` are the names of further parameters.
    init(_ call: APICall, _ filters: [String]) throws(Problem) {
        let request = call.request
        guard let form = Form(request.bytes[request.queryRange]) else {
            throw Problem(
                .invalidQuery,
                "query: a parameter was given twice or is not escaped correctly."
            )
        }
        let known = filters + ["cursor", "limit"]
        for field in form.fields where !known.contains(where: field.name.isExactly) {
            throw Problem(
                .invalidQuery,
                "\(field.name.firstBytes(64)): unknown parameter; known are \(known.joined(separator: ", "))."
            )
        }
        self.form = form
        limit = try Self.limit(form["limit"])
        guard let cursor = form["cursor"] else {
            after = nil
            return
        }
        guard let bytes = Base64URL.decode(cursor),
            let text = String(validating: bytes, as: UTF8.self)
        else { throw Self.wrongCursor }
        after = text
    }

    static let wrongCursor = Problem(
        .invalidQuery,
        "cursor: must be the \"next\" of an earlier answer."
    )

    private static func limit(_ text: String?) throws(Problem) -> Int {
        guard let text else { return usual }
        guard let limit = number(text), (1...longest).contains(limit) else {
            throw Problem(.invalidQuery, "limit: must be a whole number from 1 to \(longest).")
        }
        return limit
    }

    /// Digits only, and not many.
    static func number(_ text: String) -> Int? {
        guard text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    /// A parameter in its own type; nil if it was not sent.
    func parsed<Value>(
        _ name: String,
        _ rule: String,
        _ parse: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = form[name] else { return nil }
        guard let value = parse(text) else { throw Problem(.invalidQuery, "\(name): \(rule).") }
        return value
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _ type: Value.Type
    ) throws(Problem) -> Value? {
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return try parsed(name, "must be one of \(words)") { text in
            Value.allCases.first { text.isExactly($0.rawValue) }
        }
    }

    func id<Kind>(_ name: String) throws(Problem) -> Identifier<Kind>? {
        try parsed(name, "must have 1 to 512 characters and no control characters") {
            Identifier<Kind>($0)
        }
    }

    /// The last element that the caller has seen, as an identifier.
    func afterID<Kind>() throws(Problem) -> Identifier<Kind>? {
        guard let after else { return nil }
        guard let id = Identifier<Kind>(after) else { throw Self.wrongCursor }
        return id
    }

    /// A page: the elements under their name, and the cursor of the next page or null. `found` has at
    /// most one more than the limit; `key` is what a cursor names an element by.
    func page<Element>(
        _ name: String,
        _ found: [Element],
        key: (Element) -> String,
        _ document: (Element) -> JSONValue
    ) -> Response {
        let shown = found.prefix(limit)
        let last = found.count > limit ? shown.last : nil
        return page(name, shown.map(document), next: last.map(key))
    }

    /// The same with a cursor that the caller has chosen.
    func page(_ name: String, _ elements: [JSONValue], next: String?) -> Response {
        .document(
            .object(
                JSONObject([
                    .init(name: name, value: .array(elements)),
                    .init(
                        name: "next",
                        value: next.map { .string(Base64URL.encode(Array($0.utf8))) } ?? .null
                    ),
                ])
            )
        )
    }
}
