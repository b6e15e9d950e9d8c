import HTTP
import Texts

/// The cookies of a request (RFC 6265 §5.4).
struct RequestCookies: Sendable {
    private let pairs: [(name: String, value: String)]

    init(_ request: Request) {
        pairs = request.fields("cookie").flatMap { field in
            field.split(byte: ";").compactMap { part in
                let halves = part.split(byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard halves.count == 2 else { return nil }
                let name = halves[0].drop { $0 == " " }
                return (String(name), String(halves[1].prefix { $0 != " " }))
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
