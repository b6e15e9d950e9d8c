// A libFuzzer target for scope grants; `run.sh` builds it together with the sources.

/// Called with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let limits = JSONLimits(depth: ConsentLimits.depth)
    guard let answer = try? JSONValue(input, limits: limits) else { return 0 }
    let grant = ScopeGrant(answer)
    _ = grant.status
    guard let user = UserID("ann") else { return 0 }
    let told = PendingLogin.Details(user: user, clientName: "told")
    for partial in [false, true] {
        guard let consent = try? grant.consent(beside: told, partial: partial) else { continue }
        precondition((try? grant.consent(beside: told, partial: partial)) == consent)
        check(consent, answer)
    }
    return 0
}

/// What is granted stands in the answer, byte by byte, and nothing is granted twice.
private func check(_ consent: Consent, _ answer: JSONValue) {
    let named = (answer["requested_scopes"]?.array ?? []).flatMap {
        [$0["requested_name"]?.string, $0["name"]?.string].compactMap { $0?.exact }
    }
    let granted = consent.scopes.map(\.requestedName.exact)
    precondition(Set(granted).isSubset(of: named) && Set(granted).count == granted.count)
    precondition(consent.scopes.count <= ConsentLimits.codes)
    precondition(consent.source?.utf8.count == 64)
    if let details = answer["authorization_details"]?.array, !details.isEmpty {
        precondition(consent.authorizationDetails != nil, "details that are not granted")
    }
}
