/// Answers that the server gives by itself, as RFC 9457 problems.
extension Response {
    /// `detail` is fixed text without quotes, backslashes or control characters.
    public static func problem(
        _ status: Int,
        _ detail: StaticString,
        fields: [Field] = []
    ) -> Response {
        var body: [UInt8] = []
        body.append("{\"title\":\"")
        body.append(StatusCode.reason(status))
        body.append("\",\"status\":")
        body.append(decimal: status)
        body.append(",\"detail\":\"")
        body.append(detail)
        body.append("\"}")
        return Response(
            status: status,
            contentType: "application/problem+json",
            fields: [.noStore] + fields,
            body: body
        )
    }

    /// The answer to a request that cannot be read. The connection is closed after it.
    public static func refusal(_ error: RequestError, of route: Route? = nil) -> Response {
        var response =
            route?.failed(error.status, error.detail) ?? problem(error.status, error.detail)
        if error.status == 503 { response.retries() }
        response.closesConnection = true
        return response
    }

    /// Asks the peer to try again in a second, as soon as anything helps.
    private mutating func retries() {
        if fields.first("retry-after") == nil { fields.append(Field("Retry-After", "1")) }
    }

    /// No route has the request's path.
    public static var notFound: Response { problem(404, "There is nothing here.") }

    /// RFC 9110 §15.5.6 asks for the `Allow` field.
    public static func methodNotAllowed(_ allowed: [Method], of route: Route? = nil) -> Response {
        var seen: Set<Method> = []
        let names = allowed.filter { seen.insert($0).inserted }.map(\.name)
        let detail: StaticString = "The method is not allowed here."
        var response = route?.failed(405, detail) ?? problem(405, detail)
        response.fields.append(Field("Allow", names.joined(separator: ", ")))
        return response
    }

    /// The answer when a handler exceeds its time limit.
    public static func tooBusy(of route: Route? = nil) -> Response {
        let detail: StaticString = "The answer took too long."
        var response = route?.failed(503, detail) ?? problem(503, detail)
        response.retries()
        response.closesConnection = true
        return response
    }

    /// The answer over the limit on connections.
    public static var tooManyConnections: Response {
        var response = problem(
            503,
            "There are too many connections.",
            fields: [Field("Retry-After", "1")]
        )
        response.closesConnection = true
        return response
    }
}
