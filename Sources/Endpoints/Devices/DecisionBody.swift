import HTTP
import JSON
import Logins
import Texts

/// The body of a decision, as apps and devices send it, read strictly.
enum DecisionBody {
    /// `{"decision": "…"}`, and with an approval its selection. Unknown members are refused, because
    /// ignoring one could grant something else than intended. What else a declining body selects is
    /// ignored: declining always works.
    static func decision(
        _ request: Request
    ) throws(Problem) -> (Decision.Choice, Selection) {
        let answer = try answer(request, further: [])
        return (answer.choice, answer.selection)
    }

    /// The same with `further` members, which the caller reads.
    static func answer(
        _ request: Request,
        further: [String]
    ) throws(Problem) -> (object: JSONObject, choice: Decision.Choice, selection: Selection) {
        let value: JSONValue
        do {
            value = try JSONValue(Array(request.body), limits: JSONLimits(depth: 4))
        } catch {
            throw Problem(.invalidBody, "body: \(error).")
        }
        guard let object = value.object else {
            throw Problem(.invalidBody, "body: must be an object.")
        }
        let known = ["decision", "accounts", "scopes"] + further + ["code", "digest"]
        for member in object.members where !known.contains(where: member.name.isExactly) {
            let names = known.dropLast().map { "\"\($0)\"" }.joined(separator: ", ")
            throw Problem(
                .invalidBody,
                "\(member.name.firstBytes(64)): unknown member; \(names) and \"digest\" are known."
            )
        }
        guard let decision = object["decision"] else {
            throw Problem(.invalidBody, "decision: is required.")
        }
        guard let name = decision.string, let choice = Decision.Choice(name: name) else {
            throw Problem(
                .invalidBody,
                "decision: must be \"approve\", \"deny\", \"cancel\" or \"fraud\"."
            )
        }
        guard choice == .approve else { return (object, choice, Selection()) }
        let selection = Selection(
            accounts: try names(object, "accounts"),
            scopes: try names(object, "scopes"),
            shown: try digest(object),
            code: try code(object)
        )
        return (object, choice, selection)
    }

    private static func digest(_ object: JSONObject) throws(Problem) -> ConsentDigest? {
        guard let value = object["digest"], !value.isNull else { return nil }
        guard let digest = value.string.flatMap(ConsentDigest.init(text:)) else {
            throw Problem(.invalidBody, "digest: must be 32 bytes in base64url.")
        }
        return digest
    }

    private static func code(_ object: JSONObject) throws(Problem) -> String? {
        guard let value = object["code"], !value.isNull else { return nil }
        guard let code = value.string, code.utf8.count <= 64 else {
            throw Problem(.invalidBody, "code: must be a string of at most 64 bytes.")
        }
        return code
    }

    private static func names(
        _ object: JSONObject,
        _ name: String
    ) throws(Problem) -> [String]? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let values = value.array, values.count <= 1000 else {
            throw Problem(.invalidBody, "\(name): must be an array of at most 1000 strings.")
        }
        var names: [String] = []
        for (index, value) in values.enumerated() {
            guard let text = value.string else {
                throw Problem(.invalidBody, "\(name)[\(index)]: must be a string.")
            }
            names.append(text)
        }
        return names
    }
}
