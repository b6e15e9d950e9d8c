// A libFuzzer target for the cookies of a request; `run.sh` builds it with Sources/HTTP and
// Sources/Endpoints/SignOn/RequestCookies.swift.

/// Called with each input: the values of `Cookie` fields, one a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let values = input.split(separator: 0x0A, omittingEmptySubsequences: false).prefix(16)
        .map { String(decoding: $0, as: UTF8.self) }
    let cookies = RequestCookies(request(values))
    var counts: [ExactText: Int] = [:]
    for name in cookies.names { counts[name.exact, default: 0] += 1 }
    for name in cookies.names {
        let value = cookies[name]
        precondition((value != nil) == (counts[name.exact] == 1), "one of several")
        precondition(!name.utf8.contains(0x3B) && !name.utf8.contains(0x3D))
        precondition(!(value?.utf8.contains(0x3B) ?? false), "two cookies in one")
    }
    // A cookie that a browser adds is found, whatever else there is, unless it is there already.
    let name = "__Host-beckon-inbox"
    let more = RequestCookies(request([name + "=abc"] + values))
    precondition(counts[name.exact] == nil ? more[name] == "abc" : more[name] == nil)
    precondition(RequestCookies(request([name + "=a; " + name + "=b"]))[name] == nil)
    return 0
}

private func request(_ values: [String]) -> Request {
    .example(.get, "/inbox", fields: values.map { Field("cookie", $0) })
}
