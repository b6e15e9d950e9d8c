import HTTP
import JSON
import Logins

extension JSONValue {
    /// RFC 3339, or null.
    static func time(_ moment: Timestamp?) -> JSONValue {
        moment.map { .string(RFC3339.format(milliseconds: $0.milliseconds)) } ?? .null
    }
}
