/// A request method (RFC 9110 §9). Case matters.
public enum Method: Hashable, Sendable {
    case get, head, post, put, patch, delete, options
    /// Well-formed, and nothing we serve.
    case other(String)

    public var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other(let name): name
        }
    }
}
