// A libFuzzer target for distinguished names and other names of certificates; `run.sh` builds it with
// Sources/Access/CertificateName.swift and DistinguishedName.swift.

/// Called with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    if let name = DistinguishedName(text) {
        guard let again = DistinguishedName(name.text) else {
            preconditionFailure("what is written cannot be read")
        }
        precondition(again == name && again.text.isExactly(name.text), "a name changes")
    }
    for key in CertificateName.keys {
        guard let name = CertificateName(key: key, text) else { continue }
        precondition(CertificateName(key: name.key, name.text) == name, "a name changes")
        let certificate = PeerCertificate(thumbprint: [], subject: text, isVerified: false)
        precondition(!name.identifies(certificate), "whoever made it could write anything into it")
        if case .subject = name { precondition(name.names(certificate), "it is its own name") }
    }
    return 0
}
