// A libFuzzer target for the canonical form of JSON; `run.sh` builds it together with Sources/JSON.

/// Called with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let value = try? JSONValue(input) else { return 0 }
    precondition((try? JSONValue(value.bytes)) == value, "the writer's text means something else")
    let exact = try? CanonicalJSON.bytes(of: value, numbers: .exact)
    guard let form = try? CanonicalJSON.bytes(of: value) else {
        precondition(exact == nil, "the exact form is a canonical one")
        return 0
    }
    precondition(exact ?? form == form, "the exact form is another")
    // Its own canonical form, whatever the order of members was.
    guard let again = try? JSONValue(form) else { preconditionFailure("no JSON") }
    precondition((try? CanonicalJSON.bytes(of: again)) == form, "not its own form")
    precondition((try? CanonicalJSON.bytes(of: reversed(value))) == form, "the order shows")
    precondition(isSame(value, again), "another value")
    return 0
}

private func reversed(_ value: JSONValue) -> JSONValue {
    switch value {
    case .null, .bool, .number, .string: value
    case .array(let values): .array(values.map(reversed))
    case .object(let object):
        .object(
            JSONObject(
                object.members.reversed().map { .init(name: $0.name, value: reversed($0.value)) }
            )
        )
    }
}

/// Whether two values are one, numbers as doubles and members in any order.
private func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
    switch (left, right) {
    case (.number(let left), .number(let right)): return Double(left) == Double(right)
    case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
    case (.array(let left), .array(let right)):
        return left.count == right.count && zip(left, right).allSatisfy(isSame)
    case (.object(let left), .object(let right)):
        return left.members.count == right.members.count
            && left.members.allSatisfy { member in
                right[member.name].map { isSame(member.value, $0) } ?? false
            }
    default: return left == right
    }
}
