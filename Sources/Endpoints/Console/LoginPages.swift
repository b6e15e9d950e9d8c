import Access
import Consents
import Engine
import HTTP
import Localization
import Logins
import Telemetry

/// Logins in the console: looking them up, one login's course, and the stranded ones.
struct LoginPages: Sendable {
    /// Logins of a page.
    static let pageLength = 50

    let front: ConsoleFront
    let logins: any LoginStore
    let search: any LoginSearch
    let access: any AccessStore

    var routes: [Route] {
        [
            front.page("/console/logins", .logins, list),
            front.page("/console/stranded", .stranded, stranded),
            front.page("/console/logins/{number}", .logins) { call async throws(Problem) in
                let stored = try await login(call)
                let view = call.view
                return call.page(view.html(.consoleLogin, ["number": Self.number(stored)])) {
                    LoginCourse(stored: stored, view: view).html
                    if stored.login.phase.name == .stranded, call.isAdmin {
                        resolutions(stored, view)
                    }
                }
            },
        ] + resolving("retry", .retry) + resolving("abandon", .abandon)
    }

    private static func number(_ stored: StoredLogin) -> HTML {
        .text(String(stored.number.rawValue))
    }

    private static func path(_ stored: StoredLogin) -> String {
        "/console/logins/\(stored.number.rawValue)"
    }

    /// The login that the path names.
    private func login(_ call: ConsoleCall) async throws(Problem) -> StoredLogin {
        let missing = Problem(.notFound, "number: there is no such login.")
        guard let number = ListQuery.number(call.request.parameters["number"] ?? "") else {
            throw missing
        }
        return try await login(LoginNumber(Int64(number)), missing)
    }

    private func login(
        _ number: LoginNumber,
        _ missing: Problem
    ) async throws(Problem) -> StoredLogin {
        let found: StoredLogin?
        do { found = try await logins.login(number) } catch { throw Problem(error) }
        guard let found else { throw missing }
        return found
    }

    // MARK: Looking up

    private func list(_ call: ConsoleCall) async throws(Problem) -> Response {
        let filter = LoginFilter(
            id: try call.id("id"),
            user: try call.id("user"),
            client: try call.id("client"),
            phase: try call.parsed("phase", "is not a phase") { PendingLogin.PhaseName(name: $0) },
            from: try moment("from", call),
            to: try moment("to", call)
        )
        let before = try call.number("before").map { LoginNumber($0) }
        var found: FoundLogins
        do {
            found = try await find(filter, before)
            // What was typed may be our own number of the login.
            if before == nil, let number = filter.id.flatMap({ ListQuery.number($0.value) }),
                let login = try await logins.login(LoginNumber(Int64(number))),
                !found.logins.contains(login)
            {
                found = FoundLogins(logins: [login] + found.logins, next: found.next)
            }
        } catch {
            throw Problem(error)
        }
        return call.page(call.view.html(.consoleLogins)) { listing(found, call) }
    }

    /// The logins of a user are found by an index, however many others there are.
    private func find(
        _ filter: LoginFilter,
        _ before: LoginNumber?
    ) async throws(StoreError) -> FoundLogins {
        guard let user = filter.user else {
            return try await search.find(filter, before: before, limit: Self.pageLength)
        }
        let live =
            before == nil ? try await logins.liveLogins(of: user, limit: Self.pageLength) : []
        let past = try await logins.pastLogins(of: user, before: before, limit: Self.pageLength)
        return FoundLogins(
            logins: (live + past).filter { filter.matches($0.login) }
                .sorted { $0.number > $1.number },
            next: past.count == Self.pageLength ? past.last?.number : nil
        )
    }

    /// A time as it is typed, in UTC, with or without seconds and zone.
    private func moment(_ name: String, _ call: ConsoleCall) throws(Problem) -> Timestamp? {
        try call.parsed(name, "must be a date and time such as 2031-03-04 10:49") { text in
            let text = text.replacing(" ", with: "T")
            return [text, text + "Z", text + ":00Z"].lazy.compactMap(RFC3339.parse).first
                .map(Timestamp.init(milliseconds:))
        }
    }

    @HTMLBuilder private func listing(_ found: FoundLogins, _ call: ConsoleCall) -> HTML {
        let view = call.view
        let phases = PendingLogin.PhaseName.allCases.map {
            (value: $0.name, text: view.html($0.phrase))
        }
        view.search("/console/logins") {
            view.input(.consoleLoginID, "id", call.text("id"))
            view.input(.consoleUser, "user", call.text("user"))
            view.input(.consoleClientID, "client", call.text("client"))
            view.select(.consolePhase, "phase", call.text("phase"), all: .consoleAll, phases)
            view.input(.consoleFrom, "from", call.text("from"), example: "2031-03-04 10:49")
            view.input(.consoleTo, "to", call.text("to"), example: "2031-03-04 10:49")
        }
        view.table(
            view.html(.consoleLogins),
            [
                .init(.consoleNumber), .init(.receivedAtLabel), .init(.consolePhase),
                .init(.consoleOutcome), .init(.consoleUser), .init(.consoleClient),
            ],
            found.logins.map { row($0, view) },
            empty: found.next == nil ? .consoleNone : .consoleNoneYet
        )
        if let next = found.next {
            let kept = call.form.fields.filter { !["before", "done"].contains($0.name) }
            let place = Field("before", String(next.rawValue))
            view.more("/console/logins", kept.filter { !$0.value.isEmpty } + [place])
        }
    }

    private func row(_ stored: StoredLogin, _ view: ConsoleView) -> [HTML] {
        let login = stored.login
        return [
            view.link(Self.path(stored), Self.number(stored)),
            view.time(login.terms.receivedAt),
            view.html(login.phase.name.phrase),
            login.phase.outcome.map { view.html($0.phrase) } ?? view.none,
            view.untrusted(login.details.user.value) ?? view.none,
            view.untrusted(login.clientName) ?? view.none,
        ]
    }

    // MARK: Stranded

    private func stranded(_ call: ConsoleCall) async throws(Problem) -> Response {
        let after = try call.number("after").map { LoginNumber($0) }
        let found: [StoredLogin]
        do {
            found = try await logins.logins(
                in: .stranded,
                after: after,
                limit: Self.pageLength + 1
            )
        } catch {
            throw Problem(error)
        }
        let view = call.view
        let shown = Array(found.prefix(Self.pageLength))
        return call.page(view.html(.consoleStranded)) {
            HTML.element("p") { view.html(.consoleStrandedHelp) }
            view.table(
                view.html(.consoleStranded),
                [
                    .init(.consoleNumber), .init(.receivedAtLabel), .init(.consoleServer),
                    .init(.consoleOutcome), .init(.consoleAttempts, isNumber: true),
                    .init(.consoleReason), .init(.consoleActions),
                ],
                shown.map { strandedRow($0, call) }
            )
            if found.count > Self.pageLength, let last = shown.last {
                view.more("/console/stranded", [Field("after", String(last.number.rawValue))])
            }
        }
    }

    private func strandedRow(_ stored: StoredLogin, _ call: ConsoleCall) -> [HTML] {
        let view = call.view
        let login = stored.login
        let record = LoginRecord(stored)
        return [
            view.link(Self.path(stored), Self.number(stored)),
            view.time(login.terms.receivedAt),
            view.untrusted(login.key.server.value) ?? view.none,
            login.phase.outcome.map { view.html($0.phrase) } ?? view.none,
            view.number(record.attempts?.count ?? 0),
            record.stranding.map { LoginCourse.reason($0, view) } ?? view.none,
            call.isAdmin ? resolutions(stored, view) : view.none,
        ]
    }

    private func resolutions(_ stored: StoredLogin, _ view: ConsoleView) -> HTML {
        HTML.element("span", ["class": "actions"]) {
            view.link(Self.path(stored) + "/retry", view.html(.consoleRetry))
            view.link(Self.path(stored) + "/abandon", view.html(.consoleAbandon))
        }
    }

    private func resolving(_ name: String, _ resolution: StrandedLogin.Resolution) -> [Route] {
        front.confirmed("/console/logins/{number}/" + name, .stranded) {
            call async throws(Problem) in
            let stored = try await login(call)
            guard stored.login.phase.name == .stranded else {
                throw Problem(.conflict, "The login is not stranded.")
            }
            return Confirmation(
                heading: resolution == .retry ? .consoleRetry : .consoleAbandon,
                text: resolution == .retry ? .consoleRetryText : .consoleAbandonText,
                subject: call.view.html(.consoleLogin, ["number": Self.number(stored)]),
                back: Self.path(stored)
            )
        } _: { call async throws(Problem) in
            let stored = try await login(call)
            let resolved = try await StrandedLogin(stored: stored, logins: logins, access: access)
                .resolve(resolution, by: call.author, at: call.now)
            return Self.path(resolved)
        }
    }
}

extension PendingLogin.PhaseName {
    var phrase: Phrase {
        switch self {
        case .preparing: .phasePreparing
        case .waiting: .phaseWaiting
        case .reporting: .phaseReporting
        case .settled: .phaseSettled
        case .stranded: .phaseStranded
        }
    }
}

extension Outcome {
    var phrase: Phrase {
        switch self {
        case .approved: .outcomeApproved
        case .denied: .outcomeDenied
        case .cancelled: .outcomeCancelled
        case .expired: .outcomeExpired
        case .failed: .outcomeFailed
        case .voided: .outcomeVoided
        }
    }
}
