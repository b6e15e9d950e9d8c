import Consents
import Cryptography
public import Engine
import HTTP
import JSON
import Localization
import Logins
public import Telemetry
import Texts
public import Trust

/// Approving by a fresh sign-in at the bank's identity provider: sends the user there with what the
/// decision is bound to, and records the approval when they come back. It keeps nothing in memory.
public struct SignInApproval: Sendable {
    private let signOn: SignOn
    private let desk: DecisionDesk
    private let log: Logger

    /// `signOn` is that of the inbox, whose people are users.
    public init(_ signOn: SignOn, desk: DecisionDesk, log: Logger) {
        self.signOn = signOn
        self.desk = desk
        self.log = log
    }

    /// Judges an approval, and sends the user away to confirm it. `page` is where to go back to.
    func begin(
        _ opening: DecisionDesk.Opening,
        _ form: Form,
        page: String,
        via: Evidence.Via,
        _ request: Request
    ) async throws(DecisionDesk.Refusal) -> SignOn.Answer {
        let approval = try await desk.confirmable(opening, judgesNumber: true) {
            ApprovalRoutes.selection(form, $0)
        }
        let login = approval.stored.login
        guard let question = login.question else { throw .noSuchPrompt }
        let marks = SelectionMarks(approval.selection, of: question)
        let fresh = FreshSignIn(
            challenge: approval.challenge,
            user: login.details.user,
            context: .members([
                "number": .integer(approval.stored.number.rawValue), "via": .string("\(via)"),
                "accounts": .text(marks.accounts), "scopes": .text(marks.scopes),
                // The number itself is nothing that a browser may keep.
                "number_seal": .text(approval.seal.map(Base64URL.encode)),
            ]),
            page: page,
            login: LoginReference.text(of: login.key)
        )
        return await signOn.begin(fresh, SignOn.Browser(request))
    }

    /// Records the approval that was confirmed.
    func finish(
        _ confirmation: SignOn.Confirmation,
        _ request: Request
    ) async throws(DecisionDesk.Refusal) {
        let context = confirmation.fresh.context
        guard let number = context["number"]?.integer else { throw .noSuchPrompt }
        let via = Evidence.Via.allCases.first { "\($0)" == context["via"]?.string }
        let marks = SelectionMarks(
            accounts: context["accounts"]?.string,
            scopes: context["scopes"]?.string
        )
        let stored = try await desk.approve(
            LoginNumber(Int64(number)),
            of: confirmation.fresh.user,
            by: Evidence(
                signIn: confirmation.signIn,
                via: via ?? .page,
                address: request.peer.address
            ),
            challenge: confirmation.fresh.challenge,
            seal: context["number_seal"]?.string.flatMap { Base64URL.decode($0) },
            agent: request.field("user-agent")
        ) { (stored) throws(DecisionDesk.Refusal) in
            stored.login.question.map { marks.selection(of: $0) } ?? Selection()
        }
        log.decided(.approve, stored, request)
    }
}

/// A selection as places in the lists of its question, short enough for a cookie. The question of a
/// login never changes, and the decision's challenge covers what it makes of them.
struct SelectionMarks: Hashable, Sendable {
    /// One bit for each account and each scope, in base64url; nil if the selection named none.
    let accounts: String?
    let scopes: String?

    init(accounts: String?, scopes: String?) {
        self.accounts = accounts
        self.scopes = scopes
    }

    /// The marks of a selection that fits the question.
    init(_ selection: Selection, of question: Question) {
        accounts = selection.accounts.map { Self.marks($0, among: question.accounts.map(\.id)) }
        scopes = selection.scopes.map { Self.marks($0, among: Self.names(question)) }
    }

    /// The selection, of the consent that the question has now.
    func selection(of question: Question) -> Selection {
        Selection(
            accounts: accounts.map { Self.names($0, among: question.accounts.map(\.id)) },
            scopes: scopes.map { Self.names($0, among: Self.names(question)) },
            shown: question.digest
        )
    }

    /// Each name once.
    private static func names(_ question: Question) -> [String] {
        var seen: Set<ExactText> = []
        return question.consent.scopes.map(\.requestedName).filter {
            seen.insert($0.exact).inserted
        }
    }

    private static func marks(_ names: [String], among all: [String]) -> String {
        let chosen = Set(names.map(\.exact))
        var bytes = [UInt8](repeating: 0, count: (all.count + 7) / 8)
        for (index, name) in all.enumerated() where chosen.contains(name.exact) {
            bytes[index / 8] |= 1 << UInt8(index % 8)
        }
        return Base64URL.encode(bytes)
    }

    private static func names(_ marks: String, among all: [String]) -> [String] {
        let bytes = Base64URL.decode(marks) ?? []
        return all.enumerated().filter { index, _ in
            index / 8 < bytes.count && bytes[index / 8] & 1 << UInt8(index % 8) != 0
        }.map(\.element)
    }
}

extension SignOn.Browser {
    /// Who sends a request.
    init(_ request: Request) {
        let cookies = RequestCookies(request)
        self.init(
            address: request.peer.address,
            agent: request.field("user-agent") ?? "",
            cookieNames: cookies.names,
            cookie: { cookies[$0] }
        )
    }
}
