/// The answer of a handler. The encoder adds the fields for length, connection and date.
public struct Response: Sendable {
    /// 100 to 599.
    public var status: Int
    /// The media type of the content.
    public var contentType: StaticString?
    /// Further header fields.
    public var fields: [Field]
    /// The content.
    public var body: [UInt8]
    /// Whether the connection is closed after this answer.
    public var closesConnection = false
    /// Content of unknown length that follows the head, in place of `body`. The connection is closed
    /// after it. Only for handlers that may await, not for `Route.atOnce`.
    public var stream: (any ResponseStream)?

    public init(
        status: Int,
        contentType: StaticString? = nil,
        fields: [Field] = [],
        body: [UInt8] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.fields = fields
        self.body = body
    }

    /// A JSON answer that must not be cached.
    public static func json(
        _ status: Int = 200,
        _ body: [UInt8],
        fields: [Field] = []
    ) -> Response {
        Response(
            status: status,
            contentType: "application/json",
            fields: [.noStore] + fields,
            body: body
        )
    }
}

extension Field {
    public static let noStore = Field("Cache-Control", "no-store")
}
