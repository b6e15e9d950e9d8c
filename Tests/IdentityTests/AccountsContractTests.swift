import Foundation
import HTTP
import Identity
import JSON
import Logins
import TestSupport
import Testing

/// `openapi/bank-accounts.yaml` is what banks read, and the adapter is what they meet. That the file
/// is OpenAPI, and its examples fit its schemas, is checked by `openapi/check.sh`.
@Suite("The bank accounts' contract")
struct AccountsContractTests {
    private static func lines() throws -> [Substring] {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "openapi/bank-accounts.yaml")
        return try String(contentsOf: file, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func indent(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }

    /// The examples of lists of accounts, which stand in the file as JSON below or beside `value:`.
    private static func examples() throws -> [JSONValue] {
        let lines = try lines()
        return try lines.indices.compactMap { start in
            let line = lines[start]
            guard line.trimmingPrefix(while: { $0 == " " }).hasPrefix("value:") else { return nil }
            let rest = lines[(start + 1)...].prefix { indent($0) > indent(line) }
            let text = ([line.drop { $0 != ":" }.dropFirst()] + rest).joined()
            return try JSONValue(Array(text.utf8))
        }
    }

    /// The members of the schemas of an answer: what stands at eight spaces below `properties:` at
    /// six, below a schema's name at four.
    private static func declared() throws -> Set<String> {
        var schema = ""
        var isInProperties = false
        var names: Set<String> = []
        for line in try lines().drop(while: { $0 != "  schemas:" }).dropFirst() {
            let name = line.trimmingPrefix { $0 == " " }.prefix { $0 != ":" }
            switch indent(line) {
            case 4: schema = String(name)
            case 6: isInProperties = name == "properties"
            case 8 where isInProperties && schema != "Problem": names.insert(String(name))
            default: continue
            }
        }
        return names
    }

    private func read(_ answer: JSONValue) async throws -> [BankAccount] {
        let server = ScriptedServer { _, _ in
            .success(OutboundResponse(status: 200, body: answer.bytes))
        }
        let settings = UserLookup.Settings(template: "https://bank.test/{user}")
        let accounts = HTTPAccounts(try #require(settings), client: server)
        return try await accounts.accounts(of: #require(UserID("anna")))
    }

    @Test("has examples that are valid and use every member")
    func examples() async throws {
        var members: Set<String> = []
        var said: Set<String> = []
        for example in try Self.examples() {
            let accounts = try await read(example)
            #expect(accounts.count == example["accounts"]?.array?.count)
            for account in accounts {
                for member in Mirror(reflecting: account).children {
                    guard let name = member.label else { continue }
                    members.insert(name)
                    let value = Mirror(reflecting: member.value)
                    if value.displayStyle != .optional || !value.children.isEmpty {
                        said.insert(name)
                    }
                }
            }
        }
        #expect(!members.isEmpty)
        #expect(said == members)
    }

    @Test("declares only members that are read")
    func membersAreRead() async throws {
        let wrong = JSONValue.array([.array([])])
        var read: Set<String> = []
        for example in try Self.examples() {
            for (name, changed) in example.withEachMember(replacedBy: wrong) {
                let error = await #expect(throws: DirectoryError.self) {
                    try await self.read(changed)
                }
                if case .unavailable(let reason) = error, reason.contains(name) {
                    read.insert(name)
                }
            }
        }
        #expect(try Self.declared() == read)
    }
}

extension JSONValue {
    /// Copies of this value, each with one member of it or of anything in it replaced, and that
    /// member's name.
    fileprivate func withEachMember(replacedBy value: JSONValue) -> [(String, JSONValue)] {
        switch self {
        case .null, .bool, .number, .string: []
        case .array(let elements):
            elements.indices.flatMap { index in
                elements[index].withEachMember(replacedBy: value).map { name, changed in
                    var elements = elements
                    elements[index] = changed
                    return (name, .array(elements))
                }
            }
        case .object(let object):
            object.members.indices.flatMap { index -> [(String, JSONValue)] in
                let member = object.members[index]
                let inside = member.value.withEachMember(replacedBy: value)
                return ([(member.name, value)] + inside).map { name, changed in
                    var members = object.members
                    members[index] = .init(name: member.name, value: changed)
                    return (name, JSONValue.object(JSONObject(members)))
                }
            }
        }
    }
}
