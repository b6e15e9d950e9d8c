import HTTP

/// The version of a resource as an entity tag (RFC 9110 §8.8.3), and the condition of a change.
enum EntityTag {
    /// The field of an answer.
    static func field(_ version: Int64) -> Field { Field("ETag", "\"\(version)\"") }

    /// The version that `If-Match` names (RFC 9110 §13.1.1), which must be the current one; nil for `*`,
    /// which is any.
    ///
    /// - Throws: `preconditionRequired` without the field, `preconditionFailed` if it names another
    ///   version.
    static func required(_ call: APICall, current: Int64) throws(Problem) -> Int64? {
        let fields = call.request.fields("if-match")
        guard !fields.isEmpty else {
            throw Problem(
                .preconditionRequired,
                "If-Match: send the ETag that you have read, or * to change any version."
            )
        }
        return try matched(fields, current)
    }

    /// The same where the condition may be left out.
    static func optional(_ call: APICall, current: Int64) throws(Problem) -> Int64? {
        let fields = call.request.fields("if-match")
        return fields.isEmpty ? nil : try matched(fields, current)
    }

    private static func matched(_ fields: [String], _ current: Int64) throws(Problem) -> Int64? {
        let tags = fields.flatMap { field in
            field.split(separator: ",").map { tag in
                tag.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
            }
        }
        if tags == ["*"] { return nil }
        guard tags.contains("\"\(current)\"") else { throw failed }
        return current
    }

    static let failed = Problem(
        .preconditionFailed,
        "If-Match: does not name the current version; read it again."
    )
}
