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
        guard let tags = tags(call, "if-match") else {
            throw Problem(
                .preconditionRequired,
                "If-Match: send the ETag that you have read, or * to change any version."
            )
        }
        return try matched(tags, current)
    }

    /// The same where the condition may be left out.
    static func optional(_ call: APICall, current: Int64) throws(Problem) -> Int64? {
        try tags(call, "if-match").map { (tags) throws(Problem) in try matched(tags, current) }
            ?? nil
    }

    /// The tags of a condition, or `*`; nil without the field.
    static func tags(_ call: APICall, _ field: StaticString) -> [String]? {
        let fields = call.request.fields(field)
        guard !fields.isEmpty else { return nil }
        return fields.flatMap { field in
            field.split(separator: ",").map { tag in
                String(tag.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" })
            }
        }
    }

    private static func matched(_ tags: [String], _ current: Int64) throws(Problem) -> Int64? {
        if tags == ["*"] { return nil }
        guard tags.contains("\"\(current)\"") else { throw failed }
        return current
    }

    static let failed = Problem(
        .preconditionFailed,
        "If-Match: does not name the current version; read it again."
    )
}
