// A libFuzzer target for what browsers and authenticators send; `run.sh` builds it with
// Sources/WebAuthn as the targets cbor, cose, authdata and clientdata, which begin with other seeds.

private let rules = PasskeyRules(id: "a.example", origins: ["https://a.example"])

/// Called with each input. The first byte says what the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch choice & 3 {
    case 0: cbor(rest)
    case 1: cose(rest)
    case 2: authenticatorData(rest)
    default: clientData(rest)
    }
    return 0
}

/// What is read is written in the same bytes: there is one form for each value.
private func cbor(_ bytes: [UInt8]) {
    if let value = try? CBOR(bytes) {
        precondition(written(value) == bytes, "two forms of one value")
        precondition((try? CBOR(bytes, order: .any)) == value)
        precondition((try? CBOR(bytes + [0])) == nil && (try? CBOR(bytes.dropLast())) == nil)
    } else if let value = try? CBOR(bytes, order: .any) {
        precondition(written(value) == bytes, "two forms of one value")
    }
    var decoder = CBORDecoder(bytes)
    while decoder.offset < bytes.count {
        let before = decoder.offset
        guard (try? decoder.value()) != nil else { return }
        precondition(decoder.offset > before && decoder.offset <= bytes.count)
    }
}

private func written(_ value: CBOR) -> [UInt8] {
    func head(_ major: UInt8, _ number: UInt64) -> [UInt8] {
        if number < 24 { return [major << 5 | UInt8(number)] }
        let power = number < 1 << 8 ? 0 : number < 1 << 16 ? 1 : number < 1 << 32 ? 2 : 3
        let bytes = (0..<(1 << power)).reversed()
            .map { UInt8(truncatingIfNeeded: number >> (UInt64($0) * 8)) }
        return [major << 5 | UInt8(24 + power)] + bytes
    }
    return switch value {
    case .unsigned(let number): head(0, number)
    case .negative(let number): head(1, number)
    case .bytes(let bytes): head(2, UInt64(bytes.count)) + bytes
    case .text(let text): head(3, UInt64(text.utf8.count)) + text.utf8
    case .array(let values): head(4, UInt64(values.count)) + values.flatMap(written)
    case .map(let entries):
        head(5, UInt64(entries.count)) + entries.flatMap { written($0.key) + written($0.value) }
    case .bool(let flag): [flag ? 0xF5 : 0xF4]
    case .null: [0xF6]
    }
}

/// What is taken is a key of a kind that may be trusted, and it verifies nothing of chance.
private func cose(_ bytes: [UInt8]) {
    guard let value = try? CBOR(bytes), let key = try? CredentialKey(value) else { return }
    precondition(CredentialKey(key.key).algorithm == key.algorithm)
    precondition(value.entries?.count == (key.algorithm == .es256 ? 5 : 4))
    precondition(!key.verify([], of: bytes) && !key.verify(bytes, of: bytes))
}

private func authenticatorData(_ bytes: [UInt8]) {
    guard let data = try? AuthenticatorData(bytes) else { return }
    precondition(data.isBackupEligible || !data.isBackedUp)
    precondition((try? AuthenticatorData(bytes + [0])) == nil, "trailing bytes")
    precondition((data.credential != nil) == (bytes[32] & 0x40 != 0))
    precondition((data.extensions != nil) == (bytes[32] & 0x80 != 0))
    if let credential = data.credential {
        precondition((1...1023).contains(credential.id.count) && credential.model.count == 16)
    }
}

/// A proof is read again as it was written; nothing is accepted that nobody signed.
private func clientData(_ bytes: [UInt8]) {
    _ = ClientData(bytes)
    let proof = PasskeyProof(clientData: bytes, authenticatorData: bytes, signature: bytes)
    precondition(PasskeyProof(text: proof.text) == proof)
    _ = PasskeyProof(text: String(decoding: bytes, as: UTF8.self))
    let registration = PasskeyRegistration(id: [1], clientData: bytes, attestation: bytes)
    precondition((try? rules.register(registration, challenge: [])) == nil)
}
