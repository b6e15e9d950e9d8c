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
    public static func refusal(_ error: RequestError) -> Response {
        var response = problem(error.status, error.detail)
        response.closesConnection = true
        return response
    }

    /// No route has the request's path.
    public static var notFound: Response { problem(404, "There is nothing here.") }

    /// RFC 9110 §15.5.6 asks for the `Allow` field.
    public static func methodNotAllowed(_ allowed: [Method]) -> Response {
        var seen: Set<Method> = []
        let names = allowed.filter { seen.insert($0).inserted }.map(\.name)
        return problem(
            405,
            "The method is not allowed here.",
            fields: [Field("Allow", names.joined(separator: ", "))]
        )
    }

    /// The answer when a handler exceeds its time limit.
    public static var tooBusy: Response {
        var response = problem(
            503,
            "The answer took too long.",
            fields: [Field("Retry-After", "1")]
        )
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
