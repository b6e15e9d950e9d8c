import CurlClient
import Engine
import Foundation
import HTTP
import JSON
import Logins
import SQLStore
import Telemetry
import TestSupport
import Testing

@testable import App
@testable import AuthorizationServers

/// Every way a call to ACP can go wrong, at every call, with the real engine, the real store and
/// real sockets; the results equal the rules of the contract [SP-1 to SP-7, ED-1 to ED-5].
///
/// One after the other: each row has a store, an engine and connections of its own.
@Suite("A fault of the authorization server", .serialized, .timeLimit(.minutes(5)))
struct FaultMatrixTests {
    enum End: Hashable, Sendable {
        case settled(PendingLogin.Settlement)
        case stranded(PendingLogin.Stranding)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        /// As the peer knows it: `accept-dropped`.
        let fault: String
        /// What the person does; an approval unless the fault is a rejection's.
        var choice: Decision.Choice = .approve
        /// What reached the server: g a look, a an accept, r a reject. A pattern, because how often
        /// something is tried in the time that is left depends on the jitter of the pauses.
        let calls: String
        let decisions: [String]
        let end: End
        /// Pauses that it took to the end, where the server asked for one.
        var pause: Duration?
        /// A part of what the last attempt was noted with, of a login that is stranded.
        var reason = ""

        var testDescription: String { fault }
    }

    /// Each row is reasoned from the table. An approval begins with two looks, one to show it and
    /// one to compare it; a rejection with one.
    static let rows: [Row] = accepts + rejects + looks + tokens + lasting + deadTokens

    private static let approved = ["accept"]
    private static let rejected = ["reject"]

    private static let accepts: [Row] = [
        // It may have landed: a look before any repeat, and it is there.
        Row(fault: "accept-dropped", calls: "ggag", decisions: approved, end: .settled(.reported)),
        Row(fault: "accept-500done", calls: "ggag", decisions: approved, end: .settled(.reported)),
        Row(fault: "accept-slow", calls: "ggag", decisions: approved, end: .settled(.reported)),
        // It may have landed, and is not there: sent again.
        Row(fault: "accept-503", calls: "ggaga", decisions: approved, end: .settled(.reported)),
        Row(fault: "accept-reset", calls: "ggaga", decisions: approved, end: .settled(.reported)),
        // Not a byte left us: compared and sent as if for the first time.
        Row(
            fault: "accept-unreachable",
            calls: "ggga",
            decisions: approved,
            end: .settled(.reported)
        ),
        // A new token, once.
        Row(fault: "accept-401", calls: "ggaa", decisions: approved, end: .settled(.reported)),
        Row(
            fault: "accept-403",
            calls: "gga",
            decisions: [],
            end: .stranded(.refused("403 forbidden"))
        ),
        Row(fault: "accept-404", calls: "gga", decisions: [], end: .stranded(.gone)),
        Row(
            fault: "accept-404repeat",
            calls: "ggag",
            decisions: approved,
            end: .settled(.deliveredUnconfirmed)
        ),
        // A conflict: one look, which decides.
        Row(fault: "accept-409ours", calls: "ggag", decisions: approved, end: .settled(.reported)),
        Row(
            fault: "accept-409other",
            calls: "ggag",
            decisions: [],
            end: .stranded(.refused("the server has it rejected"))
        ),
        Row(
            fault: "accept-409",
            calls: "ggag",
            decisions: [],
            end: .stranded(.refused("409 conflict"))
        ),
        // Surely not processed: as long as it says, then compared again and sent.
        Row(
            fault: "accept-429",
            calls: "ggaga",
            decisions: approved,
            end: .settled(.reported),
            pause: .seconds(7)
        ),
        // What a 2xx says beside is nobody's business.
        Row(fault: "accept-html", calls: "gga", decisions: approved, end: .settled(.reported)),
    ]

    private static let rejects: [Row] = [
        ("dropped", "grg", rejected, .settled(.reported)),
        ("500done", "grg", rejected, .settled(.reported)),
        ("slow", "grg", rejected, .settled(.reported)),
        ("503", "grgr", rejected, .settled(.reported)),
        ("reset", "grgr", rejected, .settled(.reported)),
        ("unreachable", "gr", rejected, .settled(.reported)),
        ("401", "grr", rejected, .settled(.reported)),
        ("403", "gr", [], .stranded(.refused("403 forbidden"))),
        // Nobody is left to tell, and nothing was granted.
        ("404", "gr", [], .settled(.gone)),
        ("404repeat", "grg", rejected, .settled(.deliveredUnconfirmed)),
        ("409ours", "grg", rejected, .settled(.reported)),
        ("409other", "grg", [], .stranded(.refused("the server has it approved"))),
        ("409", "grg", [], .stranded(.refused("409 conflict"))),
        ("429", "grr", rejected, .settled(.reported)),
        ("html", "gr", rejected, .settled(.reported)),
    ].map { (fault: String, calls: String, decisions: [String], end: End) in
        Row(
            fault: "reject-\(fault)",
            choice: .deny,
            calls: calls,
            decisions: decisions,
            end: end,
            pause: fault == "429" ? .seconds(7) : nil
        )
    }

    /// A look changes nothing, so that each is simply made again.
    private static let looks: [Row] = [
        ("dropped", "ggga", approved, .settled(.reported)),
        ("slow", "ggga", approved, .settled(.reported)),
        ("503", "ggga", approved, .settled(.reported)),
        ("reset", "ggga", approved, .settled(.reported)),
        ("unreachable", "gga", approved, .settled(.reported)),
        ("401", "ggga", approved, .settled(.reported)),
        ("429", "ggga", approved, .settled(.reported)),
        ("html", "ggga", approved, .settled(.reported)),
        // Never shown: failed, and the consent is rejected.
        ("403", "gr", rejected, .settled(.reported)),
        ("409", "gr", rejected, .settled(.reported)),
        // Gone before it was shown, and gone after it was approved.
        ("404", "g", [], .settled(.gone)),
        ("404repeat", "gg", [], .stranded(.gone)),
    ].map { (fault: String, calls: String, decisions: [String], end: End) in
        Row(
            fault: "get-\(fault)",
            calls: calls,
            decisions: decisions,
            end: end,
            pause: fault == "429" ? .seconds(7) : nil
        )
    }

    /// Without a token nothing is asked, and so nothing can go wrong there.
    private static let tokens: [Row] =
        ["dropped", "slow", "503", "reset", "unreachable", "401", "409", "429", "html"].map {
            Row(
                fault: "token-\($0)",
                calls: "gga",
                decisions: approved,
                end: .settled(.reported),
                pause: $0 == "429" ? .seconds(7) : nil
            )
        } + [
            // Credentials that stay wrong: nobody could be told, and an operator sees it.
            Row(fault: "token-403", calls: "", decisions: [], end: .stranded(.outOfTime)),
            Row(fault: "token-404", calls: "", decisions: [], end: .stranded(.outOfTime)),
        ]

    /// The faults that last in some row, and what they are noted with. A reset has many words.
    private static let reasons = ["503": "503", "429": "429", "slow": "timed out", "reset": ""]

    /// What goes wrong until the end is tried until the end, and never becomes the opposite.
    private static let lasting: [Row] =
        reasons.keys.sorted().flatMap { fault in
            let isRefusal = fault == "429"
            func row(
                _ call: String,
                _ calls: String,
                _ end: End = .stranded(.outOfTime),
                decisions: [String] = [],
                choice: Decision.Choice = .approve
            ) -> Row {
                Row(
                    fault: call.replacing("*", with: fault),
                    choice: choice,
                    calls: calls,
                    decisions: decisions,
                    end: end,
                    pause: isRefusal ? .seconds(7) : nil,
                    reason: reasons[fault] ?? ""
                )
            }
            return [
                // A look before each repeat: to compare what was not heard, to find what may have been.
                row("accept-*-lasting", "gga(ga)+"),
                row("reject-*-lasting", isRefusal ? "gr(r)+" : "gr(gr)+", choice: .deny),
                // Never shown, so that its time goes by: the consent is rejected.
                row("get-*-lasting", "gg+r", .settled(.reported), decisions: rejected),
                // Shown and approved, and not to be compared any more: not sent blindly.
                row("get-*-late-lasting", "ggg+"),
                row("get-*-late", "ggga", .settled(.reported), decisions: approved),
                row("token-*-lasting", ""),
            ]
        } + [
            // A permission that is gone since it was shown may come back.
            Row(
                fault: "get-403-late-lasting",
                calls: "gg+",
                decisions: [],
                end: .stranded(.outOfTime),
                reason: "403"
            )
        ]

    /// The token is revoked between the look that compares and the accept, and the next one is not
    /// to be had at once, or never.
    private static let deadTokens: [Row] =
        [
            Row(
                fault: "token-fine-dead",
                calls: "ggaa",
                decisions: approved,
                end: .settled(.reported)
            )
        ]
        + ["dropped", "slow", "503", "reset", "401", "409", "429", "html"].map {
            Row(
                fault: "token-\($0)-dead",
                calls: "ggaga",
                decisions: approved,
                end: .settled(.reported),
                pause: $0 == "429" ? .seconds(7) : nil
            )
        }
        + ["503", "slow", "reset", "429", "403", "404"].map {
            Row(
                fault: "token-\($0)-dead-lasting",
                calls: "gga",
                decisions: [],
                end: .stranded(.outOfTime),
                reason: reasons[$0] ?? $0
            )
        }

    private static let peer = Result { try PeerProcess(script: "faulty_acp.py") }

    @Test("is read as the table says, and costs no decision", arguments: rows)
    func row(_ row: Row) async throws {
        let peer = try Self.peer.get()
        let stage = try FaultStage(fault: row.fault, port: peer.port)
        let ended = try await stage.run(row.choice)
        let told = try await stage.told()
        #expect(try Regex(row.calls).wholeMatch(in: told.calls) != nil, "\(told.calls)")
        #expect(told.decisions == row.decisions)
        #expect(told.repeated == [])
        switch ended.login.phase {
        case .settled(_, let settlement, _): #expect(row.end == .settled(settlement))
        case .stranded(_, let report, let stranding):
            #expect(row.end == .stranded(stranding))
            let note = report.attempts.recent.last?.note ?? ""
            #expect(row.reason.isEmpty || note.contains(row.reason), "\(note)")
        case .preparing, .waiting, .reporting: Issue.record("\(ended.login.phase)")
        }
        if let pause = row.pause { #expect(stage.pauses.entries.contains(pause)) }
        #expect(!stage.log.lines.contains { $0.members.contains("token-1") })
    }

    @Test("loses no approval and doubles none")
    func complete() {
        func faults(_ rows: [Row], _ call: String, _ more: [Substring] = []) -> Set<Substring> {
            let names = rows.map { $0.fault.split(separator: "-") }
            return Set(names.filter { $0[0] == call && Array($0[2...]) == more }.map { $0[1] })
        }
        // Every fault at every call, but those that only what changes something can have, and for a
        // token none that needs a consent.
        let all = faults(Self.accepts, "accept")
        let changing: Set<Substring> = ["500done", "409ours", "409other"]
        #expect(faults(Self.rejects, "reject") == all)
        #expect(faults(Self.looks, "get") == all.subtracting(changing))
        #expect(faults(Self.tokens, "token") == all.subtracting(changing.union(["404repeat"])))
        let lasting = Set(Self.reasons.keys.map { Substring($0) })
        for call in ["accept", "reject", "get", "token"] {
            #expect(faults(Self.lasting, call, ["lasting"]) == lasting)
        }
        #expect(faults(Self.deadTokens, "token", ["dead", "lasting"]).isSuperset(of: lasting))
        for row in Self.rows {
            #expect(row.decisions.count <= 1)
            if row.end == .settled(.reported) { #expect(row.decisions.count == 1) }
        }
    }
}
