import Commands
import Consents
import Engine
import Glibc
import HTTP
import JSON
import Logins
import Telemetry

/// Logins as text for operators.
enum LoginText {
    static func name(_ phase: PendingLogin.PhaseName) -> String {
        switch phase {
        case .preparing: "preparing"
        case .waiting: "waiting"
        case .reporting: "reporting"
        case .settled: "settled"
        case .stranded: "stranded"
        }
    }

    static func name(_ outcome: Outcome?) -> String {
        switch outcome {
        case nil: "-"
        case .approved: "approved"
        case .denied: "denied"
        case .cancelled: "cancelled"
        case .expired: "expired"
        case .failed(let failure): "failed (\(failure.code))"
        case .voided(_, nil): "failed (consent changed after approval)"
        case .voided(_, let failure?): "failed (\(failure.code) after approval)"
        }
    }

    static func reason(_ stranding: PendingLogin.Stranding) -> String {
        harmless(stranding.description)
    }

    /// The names of the columns of `line`.
    static let header = "number\tphase\toutcome\treceived\tattempts\treason"

    /// What `line` has, and the identifiers, as an array with one element per line.
    static func json(_ logins: [StoredLogin]) -> String {
        let elements = logins.map { stored in
            let login = stored.login
            var json = JSONWriter()
            json.object { json in
                json.member("number", Int(stored.number.rawValue))
                json.member("server", login.key.server.value)
                json.member("tenant", login.key.tenant?.value)
                json.member("login_id", login.key.login.value)
                json.member("phase", name(login.phase.name))
                json.member("outcome", login.phase.outcome.map { name($0) })
                json.member("received_at", time(login.terms.receivedAt))
                json.member("expires_at", time(login.terms.expiresAt))
                json.member("due_at", login.dueAt.map(time))
                json.member("attempts", attempts(login)?.count ?? 0)
                json.member("reason", stranding(login).map(reason))
                json.member(
                    "trace_id",
                    login.details.origin.flatMap { TraceContext($0.trace)?.traceID }
                )
            }
            return String(decoding: json.bytes, as: UTF8.self)
        }
        return elements.isEmpty ? "[]" : "[\n" + elements.joined(separator: ",\n") + "\n]"
    }

    static func line(_ stored: StoredLogin) -> String {
        let login = stored.login
        var columns = [
            "\(stored.number.rawValue)", name(login.phase.name), name(login.phase.outcome),
            time(login.terms.receivedAt), "\(attempts(login)?.count ?? 0)",
        ]
        if let stranding = stranding(login) { columns.append(reason(stranding)) }
        return columns.joined(separator: "\t")
    }

    static func all(_ stored: StoredLogin) -> [String] {
        let login = stored.login
        var lines: [String] = []
        func add(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            lines.append(name.padded(to: 16) + harmless(value))
        }
        add("number", "\(stored.number.rawValue)")
        add("reference", LoginReference.text(of: login.key))
        add("server", login.key.server.value)
        add("tenant", login.key.tenant?.value)
        add("login_id", login.key.login.value)
        add("phase", name(login.phase.name))
        add("outcome", name(login.phase.outcome))
        if case .failed(let failure) = login.phase.outcome { add("cause", "\(failure)") }
        add("user", login.details.user.value)
        add("workspace", login.details.workspace?.value)
        add("client", login.details.client?.value)
        add("client name", login.details.clientName)
        add("scopes", login.details.requestedScopes.joined(separator: " "))
        if !login.details.acrValues.isEmpty {
            add("requested acr", login.details.acrValues.joined(separator: " "))
        }
        add("binding message", login.details.bindingMessage.shown)
        if login.wrongCodes > 0 { add("wrong numbers", "\(login.wrongCodes)") }
        add("received", time(login.terms.receivedAt))
        add("expires", time(login.terms.expiresAt))
        add("due", login.dueAt.map(time))
        if let origin = login.details.origin {
            add("trace", TraceContext(origin.trace)?.traceID)
            add("request", "\(origin.request)")
        }
        if let decision = login.phase.outcome?.decision {
            add("decision", "\(decision.choice), \(time(decision.decidedAt))")
            add("evidence", "\(decision.evidence.method) by \(decision.evidence.via)")
            add("rule", decision.merit?.rule)
            add("acr", decision.merit?.acr)
            add("number matched", decision.matched?.rawValue)
            add("delegate", decision.evidence.delegate.map { "\($0.client), token \($0.token)" })
            add("sign-in", decision.evidence.signIn.map(describe))
            add("credential", decision.evidence.credential?.value)
            add("address", decision.evidence.address)
            add("challenge", decision.challenge.map(hexadecimal))
        }
        add("consent digest", (login.consentDigest?.bytes).map(hexadecimal))
        for delivery in login.deliveries { add("channel", describe(delivery)) }
        switch login.phase {
        case .reporting(_, let report):
            add("in doubt", doubt(report))
        case .settled(_, let settlement, let moment):
            add("settled", "\(settlement), \(time(moment))")
            add("stranded", login.history.map { reason($0.stranding) })
        case .stranded(_, let report, let stranding):
            add("stranded", reason(stranding))
            add("in doubt", doubt(report))
        case .preparing, .waiting: break
        }
        if let attempts = attempts(login) {
            add("attempts", "\(attempts.count)")
            for attempt in attempts.recent { add("", "\(time(attempt.at))  \(attempt.note)") }
        }
        return lines
    }

    /// A row of the admin API as `json` has it.
    static func row(_ row: JSONValue) -> JSONValue {
        let outcome: JSONValue? = row["outcome"] == nil ? nil : .string(outcome(row))
        let attempts: JSONValue = row["attempts"] ?? .integer(0)
        let members: [(String, JSONValue?)] = [
            ("number", row["number"]), ("server", row["server"]), ("tenant", row["tenant"]),
            ("login_id", row["id"]), ("phase", row["phase"]), ("outcome", outcome),
            ("received_at", row["received_at"]), ("expires_at", row["expires_at"]),
            ("due_at", row["due_at"]), ("attempts", attempts), ("reason", row["reason"]),
            ("trace_id", row["trace_id"]),
        ]
        return .object(
            JSONObject(
                members.compactMap { name, value in
                    value.map { JSONObject.Member(name: name, value: $0) }
                }
            )
        )
    }

    /// The same as `line`.
    static func line(_ row: JSONValue) -> String {
        func text(_ name: String) -> String { harmless(row[name]?.string ?? "") }
        var columns = [
            "\(row["number"]?.integer ?? 0)", text("phase"), outcome(row), text("received_at"),
            "\(row["attempts"]?.integer ?? 0)",
        ]
        if row["reason"] != nil { columns.append(text("reason")) }
        return columns.joined(separator: "\t")
    }

    private static func outcome(_ row: JSONValue) -> String {
        guard let name = row["outcome"]?.string else { return "-" }
        let failure = row["failure"]?.string
        return switch name {
        case "failed": "failed (\(harmless(failure ?? "")))"
        case "voided":
            failure.map { "failed (\(harmless($0)) after approval)" }
                ?? "failed (consent changed after approval)"
        default: harmless(name)
        }
    }

    private static func describe(_ signIn: Evidence.SignIn) -> String {
        var parts = ["\(signIn.issuer), \(time(signIn.at))"]
        if let context = signIn.context { parts.append("acr \(context)") }
        if !signIn.methods.isEmpty {
            parts.append("amr " + signIn.methods.joined(separator: " "))
        }
        return parts.joined(separator: ", ")
    }

    private static func describe(_ delivery: PendingLogin.Delivery) -> String {
        let state =
            switch delivery.state {
            case .due(let moment): "due \(time(moment))"
            case .delivered(let moment): "delivered \(time(moment))"
            case .refused: "refused"
            case .spared(let moment): "not needed \(time(moment))"
            }
        let note = delivery.attempts.recent.last.map { " (\($0.note))" } ?? ""
        return "\(delivery.channel) \(state), attempts \(delivery.attempts.count)" + note
    }

    /// Whether a report may have arrived without an answer.
    private static func doubt(_ report: PendingLogin.Report) -> String {
        if report.inDoubt { return "yes" }
        return report.isUnderWay ? "if the report that is under way is cut off" : "no"
    }

    private static func attempts(_ login: PendingLogin) -> Attempts? {
        switch login.phase {
        case .preparing(let attempts, _): attempts
        case .reporting(_, let report), .stranded(_, let report, _): report.attempts
        case .settled: login.history?.attempts
        case .waiting: nil
        }
    }

    private static func stranding(_ login: PendingLogin) -> PendingLogin.Stranding? {
        if case .stranded(_, _, let stranding) = login.phase { return stranding }
        return login.history?.stranding
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func time(_ moment: Timestamp) -> String {
        RFC3339.format(milliseconds: moment.milliseconds)
    }

    /// Text from outside, without characters that control a terminal.
    static func harmless(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                    return isControl ? "\u{FFFD}" : scalar
                }
            )
        )
    }
}

/// The current time, for commands.
enum SystemTime {
    static func now() -> Timestamp {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return Timestamp(
            milliseconds: Int64(moment.tv_sec) * 1000 + Int64(moment.tv_nsec) / 1_000_000
        )
    }
}
