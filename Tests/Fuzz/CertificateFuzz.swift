// A libFuzzer target for certificates in header fields; `run.sh` builds it with Sources/Cryptography,
// Sources/HTTP and Sources/Trust/TokenFilter.

private let hop = Peer(address: "10.0.0.1")
private let now = Timestamp(milliseconds: 1_800_000_000_000)

/// Called with each input. The first byte says how the rest is read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    let formats = CertificateFormat.allCases
    switch Int(choice) % (formats.count + 2) {
    case let number where number < formats.count: header(formats[number], rest)
    case formats.count: check(try? Certificate(der: rest))
    default: check(try? Certificate(pem: rest))
    }
    return 0
}

/// One that is taken is what its encoding says, and nothing else.
private func check(_ certificate: Certificate?) {
    guard let certificate else { return }
    precondition((try? Certificate(der: certificate.encoded)) == certificate, "it changes")
    precondition(certificate.thumbprint == SHA256.digest(certificate.encoded))
    precondition((try? Certificate(der: certificate.encoded + [0])) == nil, "trailing bytes")
    precondition(!certificate.keyInfo.isEmpty)
}

private func header(_ format: CertificateFormat, _ value: [UInt8]) {
    let isNone = format.isNone(value[...])
    let certificate = try? format.certificate(in: value[...])
    check(certificate)
    precondition(certificate == nil || !isNone, "none and one at once")
    let trusted = TrustedHops(ranges: ["10.0.0.1"].compactMap { AddressRange($0) })
    let source = ForwardedCertificate(format, header: "x-cert", hops: trusted)
    let stranger = ForwardedCertificate(format, header: "x-cert", hops: TrustedHops())
    func cause(_ source: ForwardedCertificate, _ times: Int) -> CertificateRefusal.Cause? {
        do throws(CertificateRefusal) {
            let found = try source.certificate(of: request(value, times), at: now)
            precondition(isNone == (found == nil), "what cannot be read is taken for none")
            precondition(found?.thumbprint == certificate?.thumbprint)
            return nil
        } catch {
            return error.cause
        }
    }
    precondition(cause(stranger, 1) == .untrustedHop, "a stranger's field counts")
    precondition(cause(source, 2) == .repeated, "a repeated field counts")
    for _ in 1...2 {
        switch cause(source, 1) {
        case nil: break
        case .unreadable: precondition(certificate == nil && !isNone)
        case .outOfDate: precondition(certificate.map { !$0.isValid(at: 1_800_000_000) } ?? false)
        case .untrustedHop, .repeated: preconditionFailure("it is one field of a trusted hop")
        }
    }
}

/// A request with a field of this value, once or more.
private func request(_ value: [UInt8], _ times: Int) -> Request {
    let name = Array("X-Cert".utf8)
    let field = Request.FieldRange(
        name: 0..<Int32(name.count),
        value: Int32(name.count)..<Int32(name.count + value.count)
    )
    var request = Request(
        bytes: name + value,
        method: .get,
        pathRange: 0..<0,
        queryRange: 0..<0,
        bodyRange: 0..<0,
        fieldRanges: Array(repeating: field, count: times),
        keepsAlive: true
    )
    request.peer = hop
    return request
}
