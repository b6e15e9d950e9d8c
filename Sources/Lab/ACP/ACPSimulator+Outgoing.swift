import Cryptography
import HTTP
import JSON
import Threads

/// Outgoing calls: verify and start to the authentication service, pings to clients. The journal
/// has all of them.
extension ACPSimulator {
    /// Asks the authentication service whether it can reach this user, once.
    func isValid(_ user: String) async -> Bool {
        let body = JSONValue.members(["user_identifier": .string(user)]).bytes
        let request = serviceRequest("/user/verify", body, user: user, limit: .seconds(2))
        guard let answer = await send(request, to: "service", login: nil),
            (200..<300).contains(answer.status)
        else { return false }
        guard let valid = (try? JSONValue(answer.body))?["valid"]?.bool else {
            violations.record(.malformedAnswer, "/user/verify answers without \"valid\"")
            return false
        }
        return valid
    }

    /// Schedules the first attempt and what follows it.
    func deliverStart(_ id: String, at moment: Int64) async {
        if moment > clock.now() { await clock.sleep(until: moment) }
        if Task.isCancelled { return }
        let isDelivered = await attemptStart(id)
        await continueStart(id, isDelivered: isDelivered)
    }

    /// Retries until a 2xx or the deadline, then sends the planned repeats.
    func continueStart(_ id: String, isDelivered: Bool) async {
        guard let login = state.withLock({ $0.logins[id] }) else { return }
        let plan = login.plan
        var isDelivered = isDelivered
        var attempt = 1
        while !isDelivered, attempt < plan.attempts ?? .max {
            let next = clock.now() + plan.pause(after: attempt - 1)
            guard next < login.expires else { break }
            await clock.sleep(until: next)
            if Task.isCancelled { return }
            isDelivered = await attemptStart(id)
            attempt += 1
        }
        guard isDelivered, plan.repeats > 0 else { return }
        if plan.isParallel {
            await clock.sleep(until: clock.now() + plan.gap)
            await withDiscardingTaskGroup { group in
                for _ in 0..<plan.repeats {
                    group.addTask { [self] in _ = await attemptStart(id) }
                }
            }
        } else {
            for _ in 0..<plan.repeats where !Task.isCancelled {
                await clock.sleep(until: clock.now() + plan.gap)
                _ = await attemptStart(id)
            }
        }
    }

    /// Delivers a start once; true for a 2xx.
    func attemptStart(_ id: String) async -> Bool {
        let login: SimulatedLogin? = state.withLock { state in
            state.logins[id]?.startAttempts += 1
            return state.logins[id]
        }
        guard let login else { return false }
        let body = StartBody(login, configuration).bytes
        let request = serviceRequest(
            "/authentication/start",
            body,
            user: login.user,
            limit: .seconds(5)
        )
        guard let answer = await send(request, to: "service", login: id),
            (200..<300).contains(answer.status)
        else { return false }
        let now = clock.now()
        state.withLock { state in
            if state.logins[id]?.startDelivered == nil { state.logins[id]?.startDelivered = now }
        }
        return true
    }

    /// Notifies a ping client that its login has ended, once (OpenID CIBA Core §10.2).
    func ping(_ login: SimulatedLogin) {
        guard let token = login.notificationToken,
            let client = configuration.clients.first(where: { $0.id == login.clientID }),
            let url = client.notificationEndpoint ?? state.withLock({ $0.notificationEndpoint }),
            knobs.take(.ping, user: login.user, login: login.id, where: { $0.string == "off" })
                == nil
        else { return }
        let request = OutboundRequest(
            .post,
            url,
            fields: [
                Field("Authorization", "Bearer \(token)"),
                Field("Content-Type", "application/json"),
            ],
            body: JSONValue.members(["auth_req_id": .string(login.authReqID)]).bytes,
            timeLimit: .seconds(5)
        )
        work.add { [self] in _ = await send(request, to: "client", login: login.id) }
    }

    private func serviceRequest(
        _ path: String,
        _ body: [UInt8],
        user: String,
        limit: Duration
    ) -> OutboundRequest {
        let operation = path == "/user/verify" ? "verify" : "start"
        let access = configuration.service
        var credentials: String? = "\(access.user):\(access.password)"
        if let knob = knobs.take(.basic, user: user, operation: operation) {
            switch knob.string {
            case "absent": credentials = nil
            case "old": credentials = "\(access.user):\(access.oldPassword)"
            case "wrong": credentials = "\(access.user):\(access.password)-wrong"
            default:
                let name = knob["user"]?.string ?? access.user
                credentials = "\(name):\(knob["password"]?.string ?? access.password)"
            }
        }
        var fields = [
            Field("Content-Type", "application/json"), Field("Accept", "application/json"),
        ]
        if let credentials {
            fields.append(
                Field("Authorization", "Basic " + Base64.encode(Array(credentials.utf8)))
            )
        }
        let base = state.withLock { $0.serviceURL }
        let isSlashed = base.hasSuffix("/")
        return OutboundRequest(
            .post,
            (isSlashed ? String(base.dropLast()) : base) + path,
            fields: fields,
            body: body,
            destination: Destination(authorities: access.authorities),
            timeLimit: limit
        )
    }

    private func send(
        _ request: OutboundRequest,
        to peer: String,
        login: String?
    ) async -> OutboundResponse? {
        let turn = journal.takeTurn()
        let began = ContinuousClock.now
        var answer: OutboundResponse?
        var problem: String?
        do {
            answer = try await http.send(request)
        } catch {
            problem = "\(error)"
        }
        let answerType = answer?.fields.first("content-type")?.prefix { $0 != ";" }
        journal.append(
            "exchange",
            turn: turn,
            [
                "from": .string("acp"), "to": .string(peer), "login_id": .text(login),
                "method": .string(request.method.name), "path": .string(request.url),
                "fields": Masking.fields(request.fields),
                "body": Masking.body(request.body, contentType: "application/json"),
                "status": answer.map { .integer($0.status) }, "problem": .text(problem),
                "answer": answer.flatMap {
                    Masking.body($0.body, contentType: answerType.map(String.init))
                },
                "ms": .integer((ContinuousClock.now - began).wholeMilliseconds),
            ]
        )
        return answer
    }
}
