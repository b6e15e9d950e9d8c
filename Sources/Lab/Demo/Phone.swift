import HTTP
import JSON
import Threads

/// Receives the webhook channel's prompts and keeps them for the phone on the page.
///
/// Links are secrets: only the page gets them, never the journal.
final class Phone: Sendable {
    struct Prompt: Sendable {
        let webhookID: String
        let loginID: String
        let url: String
        let clientName: String?
        let bindingMessage: String?
        let scopes: [String]
        let ends: Int64?
        let arrived: Int64

        var json: JSONValue {
            .members([
                "login_id": .string(loginID), "url": .string(url),
                "client_name": .text(clientName), "binding_message": .text(bindingMessage),
                "scopes": .texts(scopes), "expires_at": .moment(ends),
                "arrived_at": .moment(arrived),
            ])
        }
    }

    static let path = "/demo/phone"
    /// The maximum number of kept prompts.
    private static let capacity = 50

    private let webhook: StandardWebhook
    private let clock: any SimulatorClock
    private let journal: Journal
    private let prompts = Locked<[Prompt]>([])

    init(_ webhook: StandardWebhook, clock: any SimulatorClock, journal: Journal) {
        self.webhook = webhook
        self.clock = clock
        self.journal = journal
    }

    /// Prompts that have not expired, oldest first.
    var live: [Prompt] {
        let now = clock.now()
        return prompts.withLock { $0.filter { $0.ends.map { now < $0 } ?? true } }
    }

    func receive(_ request: Request) -> Response {
        let now = clock.now()
        do throws(StandardWebhook.Refusal) {
            let id = try webhook.verified(request, at: now)
            if let notice = Self.notice(request.body) {
                journal.append("phone.notice", notice)
                return answer(request, 204, nil)
            }
            guard let prompt = prompt(id, Array(request.body), now) else {
                return answer(request, 400, "not a prompt")
            }
            let isNew = prompts.withLock { prompts in
                guard !prompts.contains(where: { $0.webhookID == id }) else { return false }
                prompts.append(prompt)
                if prompts.count > Self.capacity { prompts.removeFirst() }
                return true
            }
            let response = answer(request, 204, nil)
            if isNew {
                journal.append(
                    "phone.prompt",
                    [
                        "login_id": .string(prompt.loginID),
                        "client_name": .text(prompt.clientName),
                        "binding_message": .text(prompt.bindingMessage),
                    ]
                )
            }
            return response
        } catch {
            switch error {
            case .missingHeader: return answer(request, 400, "a webhook header is missing")
            case .wrongTime: return answer(request, 400, "the time is wrong")
            case .wrongSignature: return answer(request, 401, "the signature is wrong")
            }
        }
    }

    /// What the phone shows of a message that needs no answer; nil if the body is none.
    private static func notice(
        _ body: some Sequence<UInt8>
    ) -> KeyValuePairs<String, JSONValue?>? {
        guard let body = try? JSONValue(Array(body)),
            let type = body["type"]?.string,
            ["login.decided_for_user", "security.notice"].contains(type), let data = body["data"]
        else { return nil }
        return [
            "login_id": data["login_id"], "title": data["title"], "text": data["text"],
        ]
    }

    private func prompt(_ id: String, _ body: [UInt8], _ now: Int64) -> Prompt? {
        guard let body = try? JSONValue(body), body["type"]?.string == "login.prompt",
            let data = body["data"], let login = data["login_id"]?.string,
            let url = data["prompt_url"]?.string,
            // Other schemes must not become the address of a frame.
            url.hasPrefix("https://") || url.hasPrefix("http://")
        else { return nil }
        return Prompt(
            webhookID: id,
            loginID: login,
            url: url,
            clientName: data["client_name"]?.string,
            bindingMessage: data["binding_message"]?.string,
            scopes: data["scopes"]?.strings ?? [],
            ends: data["expires_at"]?.string.flatMap { RFC3339.parse($0) },
            arrived: now
        )
    }

    private func answer(_ request: Request, _ status: Int, _ problem: String?) -> Response {
        journal.append(
            "exchange",
            [
                "from": .string("service"), "to": .string("phone"),
                "method": .string("POST"), "path": .string(request.path),
                "body": Masking.body(request.body, contentType: request.contentType),
                "status": .integer(status), "problem": .text(problem), "ms": .integer(0),
            ]
        )
        guard let problem else { return Response(status: status, fields: [.noStore]) }
        return .json(status, .members(["error": .string(problem)]))
    }
}
