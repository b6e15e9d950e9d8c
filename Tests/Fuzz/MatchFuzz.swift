// A libFuzzer target for the number that a client shows: patterns, messages in which they find a
// number, and what a user enters; `run.sh` builds it with Sources/Logins.

/// Called with each input: a pattern, a line break, and a message, or what a user has entered.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let parts = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let message = String(decoding: parts.last ?? [], as: UTF8.self)
    entered(message)
    guard parts.count == 2,
        let pattern = try? NumberPattern(String(decoding: parts[0], as: UTF8.self))
    else { return 0 }
    precondition((try? NumberPattern(pattern.description)) == pattern, "another pattern")
    precondition(NumberPattern.lengths.contains(pattern.length))
    let number = pattern.number(in: message)
    for matching in NumberMatching.allCases {
        check(BindingMessage(message, NumberRule(matching, pattern)), message, number, pattern)
    }
    return 0
}

/// What is secret is nowhere in what the device gets, and nothing else is changed.
private func check(
    _ binding: BindingMessage,
    _ message: String,
    _ number: String?,
    _ pattern: NumberPattern
) {
    guard let shown = binding.shown else { preconditionFailure("no message") }
    guard let number, binding.matching != .off else {
        precondition(shown.isExactly(message) && binding.expectedNumber == nil)
        return
    }
    precondition(binding.expectedNumber?.isExactly(number) ?? false)
    precondition(number.utf8.count == pattern.length)
    precondition(number.utf8.allSatisfy { (0x30...0x39).contains($0) }, "no digits")
    precondition(BindingMessage.digits(of: number)?.isExactly(number) ?? false)
    guard binding.needsNumber else { return precondition(shown.isExactly(message)) }
    precondition(binding.shownNumber == nil)
    precondition(pattern.number(in: shown) != number, "the number is shown")
    precondition(shown.unicodeScalars.count == message.unicodeScalars.count)
    precondition(!"\(binding)".contains(number) || !message.contains(number), "it is logged")
}

/// What is read of an entry is digits, and reads the same again.
private func entered(_ text: String) {
    guard let digits = BindingMessage.digits(of: text) else { return }
    precondition(digits.utf8.count <= NumberPattern.longest)
    precondition(digits.utf8.allSatisfy { (0x30...0x39).contains($0) }, "no digits")
    precondition(BindingMessage.digits(of: digits)?.isExactly(digits) ?? false)
}
