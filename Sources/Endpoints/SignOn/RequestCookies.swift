import HTTP
import Texts

/// The cookies of a request (RFC 6265 §5.4).
struct RequestCookies: Sendable {
    private let pairs: [(name: String, value: String)]

    init(_ request: Request) {
        // By bytes: a row of combining marks is one character that takes long to find the end of.
        let (equals, space) = (UInt8(ascii: "="), UInt8(ascii: " "))
        pairs = request.fields("cookie").flatMap { field in
            field.utf8.split(separator: UInt8(ascii: ";")).compactMap { part in
                guard let end = part.firstIndex(of: equals) else { return nil }
                let name = part[..<end].drop { $0 == space }
                let value = part[part.index(after: end)...].prefix { $0 != space }
                return (String(Substring(name)), String(Substring(value)))
            }
        }
    }

    /// Nil if there is none, or several: nobody could say which one is ours.
    subscript(name: String) -> String? {
        let found = pairs.filter { $0.name.isExactly(name) }
        return found.count == 1 ? found[0].value : nil
    }

    var names: [String] { pairs.map(\.name) }
}
