// A libFuzzer target for the bodies of the device API: decisions, enrolments and changes; `run.sh`
// builds it with what reads them in Sources/Endpoints.

private let channels: Set<ChannelID> = Set(["push", "mail"].compactMap { ChannelID($0) })
private let decisionMembers = [
    "decision", "accounts", "scopes", "signature", "pin", "code", "digest",
]
private let deviceMembers = [
    "code", "name", "platform", "languages", "protection", "pin", "channels",
]

/// Called with each input. The first byte says what the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let type = Field("Content-Type", "application/json")
    let body = Array(input.dropFirst())
    let request = Request.example(.post, "/device/v1/logins/a", fields: [type], body: body)
    do throws(Problem) {
        if choice & 1 == 0 { try decision(request) } else { try device(request) }
    } catch {
        refused(error)
    }
    return 0
}

/// A decision: what is known is read, what is not is refused, and declining selects nothing.
private func decision(_ request: Request) throws(Problem) {
    let (object, choice, selection) = try DecisionBody.answer(
        request,
        further: ["signature", "pin"]
    )
    precondition(
        object.members.allSatisfy { member in
            decisionMembers.contains { member.name.isExactly($0) }
        }
    )
    precondition(object["decision"]?.string?.isExactly(choice.name) ?? false)
    if choice != .approve {
        precondition(selection.accounts == nil && selection.scopes == nil)
        precondition(selection.shown == nil && selection.code == nil)
    }
    precondition((selection.accounts?.count ?? 0) <= 1000)
    precondition(
        selection.accounts?.count == object["accounts"]?.array?.count || choice != .approve
    )
    precondition((selection.code?.utf8.count ?? 0) <= 64)
    precondition((selection.shown?.bytes.count ?? 32) == 32)
    let members = DeviceMembers(members: BodyMembers(object), channels: [])
    _ = try members.members.text("signature")
    if let pin = try members.pin() { precondition((4...64).contains(pin.unicodeScalars.count)) }
    // Without the device's members it is the body of an app, which has fewer.
    if object["signature"] == nil, object["pin"] == nil {
        precondition((try? DecisionBody.decision(request)) != nil)
    } else {
        precondition((try? DecisionBody.decision(request)) == nil)
    }
}

/// What a device says of itself.
private func device(_ request: Request) throws(Problem) {
    let body = try BodyMembers(request, deviceMembers)
    let members = DeviceMembers(members: body, channels: channels)
    if let name = try members.name() {
        precondition((1...Device.longestName).contains(name.unicodeScalars.count))
        precondition(!name.unicodeScalars.contains { $0.value < 0x20 })
    }
    let reached = try members.reachedBy() ?? []
    precondition(Set(reached.map(\.channel)).count == reached.count)
    precondition(reached.allSatisfy { channels.contains($0.channel) })
    let languages = try members.languages() ?? []
    precondition(languages.allSatisfy(User.isLanguageTag))
    _ = try body.choice("platform", Device.Platform.self)
    _ = try body.choice("protection", Device.Protection.self)
    if let code = try body.text("code").flatMap(EnrolmentCode.init) {
        precondition(EnrolmentCode(code.text) == code, "another code")
    }
    if let pin = try members.pin() { precondition((4...64).contains(pin.unicodeScalars.count)) }
}

/// A refusal is a problem document that can be read, and is short.
private func refused(_ problem: Problem) {
    let response = problem.response
    precondition((400...415).contains(response.status))
    guard let document = try? JSONValue(response.body) else {
        preconditionFailure("the problem is not JSON")
    }
    precondition(document["status"]?.integer == response.status)
    precondition(problem.detail.utf8.count < 1024)
}
