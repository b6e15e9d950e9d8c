import Cryptography
import Devices
import Engine
import HTTP
import JSON
import Logins
import Texts
import Threads

/// The logins of an enrolled device's user: list, read, wait for changes, and decide with the device's
/// key.
struct DeviceLoginRoutes: Sendable {
    /// The longest wait, in seconds.
    private static let longestWait = 60

    private let deviceGuard: DeviceGuard
    private let decisions: DecisionDesk
    private let directory: any UserDirectory
    private let changes: LoginChanges
    private let clock: any WallClock
    private let streams: DeviceEventStream.Shared
    private var desk: DeviceDesk { deviceGuard.desk }

    /// `decisions` says which methods count; the directory has the user's language.
    init(
        _ deviceGuard: DeviceGuard,
        decisions: DecisionDesk,
        directory: any UserDirectory,
        changes: LoginChanges,
        clock: any WallClock
    ) {
        self.deviceGuard = deviceGuard
        self.decisions = decisions
        self.directory = directory
        self.changes = changes
        self.clock = clock
        streams = DeviceEventStream.Shared(
            desk: deviceGuard.desk,
            changes: changes,
            clock: clock
        )
    }

    /// `GET /device/v1/logins`, `GET /device/v1/logins/{id}`, `POST /device/v1/logins/{id}/decision` and
    /// `GET /device/v1/events`.
    var routes: [Route] {
        [
            deviceGuard.route(.get, "/device/v1/logins", list),
            deviceGuard.route(
                .get,
                "/device/v1/logins/{id}",
                deadline: .seconds(Self.longestWait + 10),
                show
            ),
            deviceGuard.decisionRoute(
                .post,
                "/device/v1/logins/{id}/decision",
                limit: DeviceRoutes.bodyLimit,
                decide
            ),
            deviceGuard.streamRoute(.get, "/device/v1/events", events),
        ]
    }

    // MARK: Reading

    private func list(_ call: DeviceCall) async throws(Problem) -> Response {
        let pending: [StoredLogin]
        do { pending = try await desk.pendingLogins(of: call.device.user) } catch {
            throw Problem(error)
        }
        let language = await language(of: call.device.user)
        var json = JSONWriter(reserving: 1024)
        json.object { json in
            json.name("logins")
            json.array { json in
                for stored in pending {
                    let document = document(stored, call, language)
                    json.raw(String(decoding: document.bytes, as: UTF8.self))
                }
            }
            json.member("server_time", JSONValue.time(desk.now()))
        }
        return .json(200, json.bytes, fields: [Self.noSniff])
    }

    private static let noSniff = Field("X-Content-Type-Options", "nosniff")

    private func language(of user: UserID) async -> String? {
        ((try? await directory.user(user)) ?? nil)?.language
    }

    private func document(
        _ stored: StoredLogin,
        _ call: DeviceCall,
        _ language: String?
    ) -> LoginDocument {
        LoginDocument(
            standing: LoginStanding(stored, at: desk.now()),
            desk: decisions,
            language: language,
            device: LoginDocument.Reader(
                key: call.key.id,
                methods: desk.methods(for: stored.login, of: call.enrolled),
                address: call.request.peer.address
            )
        )
    }

    /// A document, its tag, and the same with the time of the answer, which is no change.
    private struct Shown {
        let tag: String
        let body: [UInt8]

        init(_ document: LoginDocument, at now: Timestamp) {
            var bytes = document.bytes
            tag = "\"\(Base64URL.encode(Array(SHA256.digest(bytes).prefix(12))))\""
            let time = ",\"server_time\":\"\(RFC3339.format(milliseconds: now.milliseconds))\"}"
            // Into the object, whose last byte is its end.
            bytes.removeLast()
            bytes += time.utf8
            body = bytes
        }

        func response(_ status: Int, _ fields: [Field] = []) -> Response {
            let own = [Field("ETag", tag), DeviceLoginRoutes.noSniff] + fields
            guard status != 304 else {
                return Response(status: 304, fields: [.noStore] + own)
            }
            return .json(status, body, fields: own)
        }
    }

    private func login(_ call: DeviceCall) async throws(Problem) -> StoredLogin {
        guard let id = call.request.parameters["id"].flatMap(LoginID.init) else {
            throw Problem(DeviceDesk.Refusal.unknownLogin)
        }
        let found: StoredLogin?
        do {
            found = try await desk.login(id, of: call.device.user, among: call.logins)
        } catch {
            throw Problem(error)
        }
        guard let found else { throw Problem(DeviceDesk.Refusal.unknownLogin) }
        return found
    }

    private func show(_ call: DeviceCall) async throws(Problem) -> Response {
        let stored = try await login(call)
        let language = await language(of: call.device.user)
        let shown = Shown(document(stored, call, language), at: desk.now())
        let seen = call.request.fields("if-none-match")
            .flatMap { $0.split(separator: ",").map { $0.trimmed } }
        guard seen.contains(where: shown.tag.isExactly) else { return shown.response(200) }
        guard let wait = Self.wait(call.request) else { return shown.response(304) }
        let applied = [Field("Preference-Applied", "wait=\(wait)")]
        guard let later = try await waited(stored.number, call, shown.tag, language, wait) else {
            return shown.response(304, applied)
        }
        return later.response(200, applied)
    }

    /// Waits until the document of a login is another one; nil if it stays the same for so long.
    private func waited(
        _ number: LoginNumber,
        _ call: DeviceCall,
        _ seen: String,
        _ language: String?,
        _ seconds: Int
    ) async throws(Problem) -> Shown? {
        let user = call.device.user
        guard let signal = desk.connections.join(call.device.id) else {
            throw Problem(.unavailable, "The device has too many requests that wait.")
        }
        changes.follow(user, signal)
        defer {
            changes.unfollow(user, signal)
            desk.connections.leave(call.device.id, signal)
        }
        let end = clock.uptime() + .seconds(seconds)
        while true {
            let current: (device: DeviceDesk.Enrolled?, login: StoredLogin?)
            do {
                current = (
                    try await desk.device(of: call.key.id), try await desk.login(number)
                )
            } catch {
                throw Problem(error)
            }
            guard current.device != nil else { throw DeviceGuard.unknown }
            guard let stored = current.login, stored.login.details.user == user else {
                throw Problem(DeviceDesk.Refusal.unknownLogin)
            }
            let shown = Shown(document(stored, call, language), at: desk.now())
            if !shown.tag.isExactly(seen) { return shown }
            if changes.isClosed || Task.isCancelled || clock.uptime() >= end { return nil }
            // The prompt's end changes the document, and nobody says so.
            await clock.wait(
                for: signal,
                atMost: end - clock.uptime(),
                until: stored.login.nextEnd(after: clock.now())
            )
        }
    }

    /// `Prefer: wait` (RFC 7240 §4.3) in seconds, at most `longestWait`; nil without it.
    private static func wait(_ request: Request) -> Int? {
        for field in request.fields("prefer") {
            for preference in field.split(separator: ",") {
                let parts = preference.split(separator: ";", maxSplits: 1)[0]
                    .split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].trimmed.lowercased().isExactly("wait"),
                    let seconds = Int(parts[1].trimmed), seconds > 0
                else { continue }
                return min(seconds, longestWait)
            }
        }
        return nil
    }

    // MARK: Deciding

    private func decide(_ call: DeviceCall) async throws(Problem) -> Response {
        guard call.request.contentType == "application/json" else {
            throw Problem(.unsupportedMediaType, "Content-Type: must be application/json.")
        }
        let (object, choice, selection) = try DecisionBody.answer(
            call.request,
            further: ["signature", "pin"]
        )
        let members = DeviceMembers(members: BodyMembers(object), channels: [])
        let answer = DeviceDesk.Answer(
            choice,
            selection,
            signature: try members.members.text("signature"),
            pin: try members.pin()
        )
        let stored = try await login(call)
        do throws(DeviceDesk.Refusal) {
            let decided = try await desk.decide(
                answer,
                DeviceDesk.Asking(
                    call.enrolled,
                    stored,
                    standing: call.standing,
                    proof: call.proof,
                    address: call.request.peer.address
                )
            )
            deviceGuard.log.decided(choice, decided, call.request)
            // An approval has just looked its user up.
            let language = await language(of: call.device.user)
            return Shown(document(decided, call, language), at: desk.now()).response(200)
        } catch {
            switch error {
            case .decision(.refused(.alreadyEnded(let outcome), _)):
                throw try await ended(outcome, stored.number, call)
            case .decision(let refusal):
                deviceGuard.log.storeTrouble(refusal)
                throw Problem(error)
            default: throw Problem(error)
            }
        }
    }

    /// It was decided otherwise, or elsewhere: with the receipt.
    private func ended(
        _ outcome: Outcome,
        _ number: LoginNumber,
        _ call: DeviceCall
    ) async throws(Problem) -> Problem {
        let language = await language(of: call.device.user)
        let stored: StoredLogin?
        do { stored = try await desk.login(number) } catch { throw Problem(error) }
        let receipt = stored.flatMap { stored in
            try? JSONValue(Shown(document(stored, call, language), at: desk.now()).body)
        }
        return Problem(
            .alreadyEnded,
            "The outcome is \"\(outcome.name)\" and cannot change.",
            outcome: outcome.name,
            further: ["login": receipt]
        )
    }

    // MARK: Events

    private func events(_ call: DeviceCall) async throws(Problem) -> Response {
        guard let signal = desk.connections.join(call.device.id) else {
            throw Problem(.unavailable, "The device has too many requests that wait.")
        }
        return .events(DeviceEventStream(call.enrolled, signal, streams))
    }
}

extension PendingLogin {
    /// When the prompt ends, if that is to come.
    fileprivate func nextEnd(after now: Timestamp) -> Timestamp {
        now < terms.promptEnds ? terms.promptEnds : .distantFuture
    }
}

extension Substring {
    /// Without spaces and tabs around it.
    fileprivate var trimmed: String {
        var text = utf8[...]
        while text.first == 0x20 || text.first == 0x09 { text.removeFirst() }
        while text.last == 0x20 || text.last == 0x09 { text.removeLast() }
        return String(Substring(text))
    }
}
