/// What a handler answers. Length, connection and date fields are the encoder's.
public struct Response: Sendable {
    /// 100 to 599.
    public var status: Int
    public var contentType: StaticString?
    public var fields: [Field]
    public var body: [UInt8]
    /// The connection ends after this answer whatever the peer asked for.
    public var closesConnection = false

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

    /// A JSON answer that nobody keeps a copy of.
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
