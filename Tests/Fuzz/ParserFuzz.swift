// A libFuzzer target for the request parser; `run.sh` builds it together with Sources/HTTP and the
// reader of the parser's tests.

/// Called with each input. The first two bytes say where the rest is cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count > 2 else { return 0 }
    let bytes = input[2...]
    let whole = RequestReader.read([bytes])

    // However the bytes arrive, they are read the same way.
    let cut = bytes.startIndex + Int(input[0]) * bytes.count / 256
    let step = 1 + Int(input[1]) % 7
    let small = stride(from: cut, to: bytes.endIndex, by: step).map {
        bytes[$0..<min($0 + step, bytes.endIndex)]
    }
    let pieces = [bytes[..<cut]] + small
    precondition(RequestReader.read(pieces) == whole, "pieces are read differently")
    precondition(
        RequestReader.read(pieces, compacts: true) == whole,
        "moved pieces are read differently"
    )

    for reading in whole {
        guard case .request(let request) = reading else { continue }
        check(request)
    }
    return 0
}

/// What holds for every request, whatever was sent. That ranges lie in their bytes was checked when
/// they were resolved.
private func check(_ request: RequestReader.Parsed) {
    let limits = HTTPLimits()
    precondition(request.path.count + (request.query?.count ?? 0) <= limits.target)
    precondition(request.body.count <= limits.body)
    precondition(request.names.count <= limits.fields)
    precondition(request.path.first == 0x2F || request.path == [0x2A])
    let lowered = request.names.map { String(decoding: $0, as: UTF8.self).lowercased() }
    for name in ["host", "content-length"] {
        precondition(lowered.filter { $0 == name }.count <= 1, "a second \(name)")
    }
    precondition(!(lowered.contains("content-length") && lowered.contains("transfer-encoding")))
    for value in request.values {
        precondition(value.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
    }
}
