// A libFuzzer target for forms and percent-encoding; `run.sh` builds it with Sources/HTTP.

/// Called with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    segment(input)
    let repeated: Set<String> = ["account", "scope"]
    guard let form = Form(input, repeating: repeated) else {
        precondition(Form(input) == nil, "a form that repeats nothing is one that may repeat")
        return 0
    }
    guard let again = Form(form.bytes, repeating: repeated) else {
        preconditionFailure("what is written cannot be read")
    }
    precondition(isSame(again, form), "a form changes when it is written")
    var seen: Set<[UInt8]> = []
    for field in form.fields {
        let isNew = seen.insert(Array(field.name.utf8)).inserted
        precondition(isNew || repeated.contains { $0.isExactly(field.name) }, "a name twice")
        precondition(form.values(field.name).contains { $0.isExactly(field.value) })
        if isNew { precondition(form[field.name]?.isExactly(field.value) ?? false) }
    }
    return 0
}

private func isSame(_ left: Form, _ right: Form) -> Bool {
    left.fields.count == right.fields.count
        && zip(left.fields, right.fields).allSatisfy {
            $0.name.isExactly($1.name) && $0.value.isExactly($1.value)
        }
}

/// A text as a path segment: nothing in it can lead elsewhere, and it is read back.
private func segment(_ bytes: [UInt8]) {
    guard bytes.count < 4096 else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let segment = PercentEncoding.encodeSegment(text) else {
        precondition(["", ".", ".."].contains { text.isExactly($0) })
        return
    }
    precondition(segment.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x3F })
    precondition(PercentEncoding.decode(Array(segment.utf8)[...])?.isExactly(text) ?? false)
}
