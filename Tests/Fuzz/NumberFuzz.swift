// A libFuzzer target for numbers, with exponents of any size; `run.sh` builds it with Sources/JSON.

/// Called with each input: a number, in strict and in lenient JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    if var lenient = try? JSONScanner(json5: input), let value = try? lenient.value() {
        check(value)
    }
    guard let value = try? JSONValue(input) else { return 0 }
    check(value)
    return 0
}

private func check(_ value: JSONValue) {
    _ = value.integer
    guard case .number(let text) = value else { return }
    precondition((try? JSONValue(Array(text.utf8))) == value, "a number that is none")
    let exact = try? CanonicalJSON.bytes(of: value, numbers: .exact)
    guard let form = try? CanonicalJSON.bytes(of: value) else { return precondition(exact == nil) }
    precondition(exact ?? form == form, "the exact form is another")
    let again = Double(String(decoding: form, as: UTF8.self))
    precondition(again == Double(text), "another number")
    precondition(form.count <= 25, "longer than any double")
}
