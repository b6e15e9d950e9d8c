/// A request method (RFC 9110 §9). Names are case-sensitive.
public enum Method: Hashable, Sendable {
    case get, head, post, put, patch, delete, options
    /// A valid name without a meaning here.
    case other(String)

    /// The name on the wire.
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
