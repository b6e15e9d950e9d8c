// A libFuzzer target for the decoders of consents; `run.sh` builds it together with the sources.

/// Called with each input. The first byte selects the family of consents.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let addresses = ConsentStandard.all.flatMap(\.families).flatMap(\.addresses)
    let address = addresses[Int(choice) % addresses.count]
    guard let family = address.family else { return 0 }
    let limits = JSONLimits(depth: ConsentLimits.depth)
    guard let answer = try? JSONValue(Array(input[1...]), limits: limits) else { return 0 }
    guard let user = UserID("ann") else { return 0 }
    let login = PendingLogin.Details(user: user)
    let decoder = ConsentDecoder(
        address: address,
        family: family,
        allowsPartialScopes: choice > 127
    )
    guard let consent = try? decoder.consent(answer, of: login, arrived: arrival) else { return 0 }
    check(consent, decoder, answer, login)
    return 0
}

/// When the login arrived.
private let arrival = Timestamp(milliseconds: 1_795_176_000_000)

/// What holds for everything that is shown, whatever was sent.
private func check(
    _ consent: Consent,
    _ decoder: ConsentDecoder,
    _ answer: JSONValue,
    _ login: PendingLogin.Details
) {
    precondition(
        (try? decoder.consent(answer, of: login, arrived: arrival)) == consent,
        "it is read differently"
    )
    precondition(!consent.scopes.isEmpty && consent.scopes.count <= ConsentLimits.codes)
    precondition(consent.source?.utf8.count == 64)
    let labels = consent.facts.map(\.label)
    if consent.kind.isPayment, consent.kind.subject != .paymentFile {
        // The account names a payee without a name.
        precondition(labels.contains(.known(.payeeAccount)))
        precondition(
            labels.contains(.known(.amount)) || labels.contains(.known(.firstAmount)),
            "a payment without an amount"
        )
    }
    for fact in consent.facts { check(fact.value) }
}

private func check(_ value: Fact.Value) {
    switch value {
    case .text(let text): precondition(text.utf8.count <= ConsentLimits.text)
    case .number(let text): precondition(text.utf8.count <= ConsentLimits.number)
    case .codes(let codes, _, _):
        precondition(!codes.isEmpty && codes.count <= ConsentLimits.codes)
    case .money(let money):
        precondition(Money(amount: money.amount, currency: money.currency) == money)
    case .list(let values):
        precondition(!values.isEmpty)
        for value in values { check(value) }
    case .day, .moment, .days, .account, .rate: break
    }
}
