import Foundation
import Testing

/// What can be known of this repository by reading it.
@Suite("The repository")
struct TidyTests {
    let tree = SourceTree()

    @Test("imports each C module only where it is wrapped")
    func cModules() throws {
        let wrappers = [
            "CLinux": ["Net", "Threads"], "COpenSSL": ["Cryptography", "TLS"],
            "CSQLite": ["SQLStore"], "CCurl": ["CurlClient"], "CPostgres": ["SQLStore"],
            "CSpawn": ["Notifications"],
            // It is only linked.
            "COpenSSLStart": [],
        ]
        var importers: [String: Set<String>] = wrappers.mapValues { _ in [] }
        for file in try tree.swiftFiles("Sources") {
            for module in TidyRules.imports(of: file.text) where wrappers[module] != nil {
                importers[module]?.insert(file.target)
            }
        }
        #expect(importers.mapValues { $0.sorted() } == wrappers)
        let folders = try tree.targets().filter {
            $0.first == "C" && $0.dropFirst().first?.isUppercase == true
        }
        #expect(folders == wrappers.keys.sorted(), "another C module: say who may import it")
    }

    @Test("points its arrows one way")
    func arrows() throws {
        let targets = Set(try tree.targets())
        let forbidden: [String: Set<String>] = [
            "Dates": targets, "Texts": targets, "Logins": targets.subtracting(["Texts"]),
            "HTTP": targets.subtracting(["Dates", "Texts"]),
            "JSON": targets.subtracting(["Texts"]), "Threads": targets.subtracting(["CLinux"]),
            "Cryptography": targets.subtracting(["COpenSSL"]),
            "JOSE": targets.subtracting(["Cryptography", "JSON", "Texts"]),
            "Devices": targets.subtracting([
                "Access", "Cryptography", "JOSE", "JSON", "Logins", "Texts",
            ]),
            "WebAuthn": targets.subtracting(["Cryptography", "JSON", "Texts"]),
            "Lab": ["Logins", "Engine"],
            "Commands": targets.subtracting(["Configuration", "Threads"]),
            "Localization": targets.subtracting(["Dates", "Logins", "Texts", "Threads"]),
        ]
        for file in try tree.swiftFiles("Sources") {
            let wrong = TidyRules.imports(of: file.text).filter {
                // Nothing but the lab's own program imports the lab.
                forbidden[file.target]?.contains($0) ?? false
                    || $0 == "Lab" && file.target != "beckon-lab"
            }
            #expect(wrong.isEmpty, "\(file.path)")
        }
    }

    // rule: N3
    @Test("reads the number of a binding message only to store, compare and offer it")
    func numbers() throws {
        let readers = try tree.swiftFiles("Sources").filter { file in
            file.text.contains(/\.(unmaskedText|expectedNumber)\b/)
        }
        #expect(
            Set(readers.map { $0.path.components(separatedBy: "Sources/").last ?? $0.path }) == [
                "SQLStore/Logins/LoginRow+Write.swift", "Engine/NumberCheck.swift",
                "AuthorizationServers/Cloudentity/Consents/RequestParameters.swift",
            ]
        )
    }

    /// Log lines and commands interpolate errors; without a description that prints Swift's values.
    @Test("describes every public enum of errors in words")
    func errors() throws {
        let files = try tree.swiftFiles("Sources").filter { $0.target != "Lab" }
        let declared = /^ *public enum ([A-Za-z]+):([A-Za-z, ]*\bError\b[A-Za-z, ]*)/
        var described: Set<Substring> = []
        var errors: [Substring] = []
        for line in files.flatMap({ $0.text.split(separator: "\n") }) {
            if let match = line.firstMatch(of: declared) {
                if match.2.contains("CustomStringConvertible") { described.insert(match.1) }
                errors.append(match.1)
            } else if line.hasPrefix("extension "), line.contains("CustomStringConvertible") {
                let name = line.dropFirst(10).prefix { $0 != ":" }
                described.insert(name.split(separator: ".").last ?? name)
            }
        }
        #expect(errors.count > 10)
        #expect(errors.filter { !described.contains($0) } == [])
    }

    @Test("names no kind of authorization server in App but in the list of kinds")
    func kinds() throws {
        for file in try tree.swiftFiles("Sources") where file.target == "App" {
            #expect(!file.text.contains("Cloudentity"), "\(file.path)")
            let lines = file.text.split(separator: "\n").filter { $0.contains("cloudentity") }
            #expect(lines.allSatisfy { $0.contains(".cloudentity") }, "\(file.path)")
        }
        for file in try tree.swiftFiles("Sources") where file.target == "OAuthClient" {
            #expect(!file.text.localizedCaseInsensitiveContains("cloudentity"), "\(file.path)")
            #expect(!file.text.contains("ACP"), "\(file.path)")
        }
    }

    @Test("keeps Foundation out of the program")
    func foundation() throws {
        for file in try tree.swiftFiles("Sources") {
            let wrong = TidyRules.imports(of: file.text).filter { $0.hasPrefix("Foundation") }
            #expect(wrong.isEmpty, "\(file.path): a third of the program's size, in memory too")
        }
    }

    @Test("says of each trap why no peer, file or limit of the system can reach it")
    func traps() throws {
        for file in try tree.swiftFiles("Sources")
        where !["Lab", "CatalogueCompiler"].contains(file.target) {
            #expect(TidyRules.unexplainedTraps(in: file.text) == [], "\(file.path)")
        }
        #expect(TidyRules.unexplainedTraps(in: "// why\nprecondition(a)").count == 1)
        #expect(TidyRules.unexplainedTraps(in: "// allowed: why.\nprecondition(a)").isEmpty)
    }

    @Test("has no shortcuts in its sources")
    func shortcuts() throws {
        for file in try tree.swiftFiles("Sources") {
            #expect(TidyRules.shortcuts(in: file.text) == [], "\(file.path)")
            // A program may end without waiting for what it began.
            if !["Commands", "beckon-lab"].contains(file.target) {
                #expect(TidyRules.unstructuredTasks(in: file.text) == [], "\(file.path)")
            }
        }
    }

    @Test("locks no bare closure")
    func lockedClosures() throws {
        for file in try tree.swiftFiles("Sources") {
            #expect(TidyRules.lockedClosures(in: file.text) == [], "\(file.path)")
        }
    }

    @Test("says why where the compiler is asked to trust")
    func trust() throws {
        for file in try tree.swiftFiles("Sources") {
            #expect(TidyRules.unexplainedTrust(in: file.text) == [], "\(file.path)")
        }
    }

    @Test("defines every rule that it cites, once, in a document beside the code")
    func contracts() throws {
        let contracts = try tree.documents().filter {
            $0.hasSuffix("/Contract.md") || $0.hasSuffix("/Knobs.md")
        }
        let ids = try contracts.flatMap { TidyRules.definedIDs(in: try tree.text($0)) }
        #expect(ids.count > 50)
        #expect(Set(ids).count == ids.count, "an id is defined twice")
        let series = Set(ids.compactMap { $0.split(separator: "-").first.map(String.init) })
        for file in try tree.swiftFiles("Sources") + tree.swiftFiles("Tests")
        where file.path != "AppTests/TidyTests.swift" {
            let unknown = TidyRules.citedIDs(in: file.text, series: series).filter {
                !ids.contains($0)
            }
            #expect(unknown.isEmpty, "\(file.path)")
        }
    }

    @Test("proves each rule of who may call and sign in by a test that has a name")
    func proofs() throws {
        let rules = TidyRules.definedIDs(in: try tree.text("Sources/Trust/Contract.md"))
        #expect(rules.count > 50)
        var proven: Set<String> = []
        for file in try tree.swiftFiles("Tests") where file.path != "AppTests/TidyTests.swift" {
            let marks = TidyRules.provenIDs(in: file.text)
            #expect(marks.allSatisfy { $0.test != nil }, "\(file.path): a mark without a test")
            let unknown = marks.map(\.id).filter { !rules.contains($0) }
            #expect(unknown == [], "\(file.path): a mark of no rule")
            proven.formUnion(marks.map(\.id))
        }
        #expect(rules.filter { !proven.contains($0) } == [], "rules without a test")
    }

    // rule: X1
    @Test("names for each threat of its model tests that it has, with those of cross-device flows")
    func threats() throws {
        let threats = TidyRules.threats(in: try tree.text("ARCHITECTURE.md"))
        // X1 is this list; a rule with a reason is not ours.
        var mitigated = 0
        for line in try tree.text("Tests/Documents/rules.tsv").split(separator: "\n") {
            let cells: [String] = line.split(separator: "\t").map(String.init)
            guard cells.count == 2, cells[0].hasPrefix("X"), cells[0] != "X1" else { continue }
            let start = cells[0] + ": "
            #expect(threats.contains { $0.threat.hasPrefix(start) }, "\(cells[0])")
            mitigated += 1
        }
        #expect(mitigated > 5)
        let names = Set(try tree.names(below: "Tests"))
        #expect(threats.count > 20)
        for (threat, tests) in threats {
            #expect(!tests.isEmpty, "\(threat)")
            for test in tests {
                #expect(
                    names.contains(test) || names.contains(test + ".swift"),
                    "\(test), for \(threat)"
                )
            }
        }
    }

    @Test("finds the threats of a model and their tests")
    func threatTable() {
        let text = """
            | a | `No` | `No` |
            ## Threat model
            | threat | defence | tests |
            |---|---|---|
            | bombing | limits (`Limits`) | `LimitTests`, `a.py` |
            | theft | none | |

            ## Glossary
            | b | `No` | `No` |
            """
        let threats = TidyRules.threats(in: text)
        #expect(threats.map(\.threat) == ["bombing", "theft"])
        #expect(threats.map(\.tests) == [["LimitTests", "a.py"], []])
    }

    @Test("cites only documents that it has")
    func documents() throws {
        let names = Set(try tree.documents().compactMap { $0.split(separator: "/").last })
        for file in try tree.swiftFiles("Sources") + tree.swiftFiles("Tests")
        where file.path != "AppTests/TidyTests.swift" {
            let missing = TidyRules.citedDocuments(in: file.text).filter {
                !($0.split(separator: "/").last.map(names.contains) ?? false)
            }
            #expect(missing.isEmpty, "\(file.path)")
        }
    }

    @Test(
        "has links that lead somewhere",
        arguments: ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"]
    )
    func links(document: String) throws {
        guard tree.exists(document) else {
            #expect(document != "ARCHITECTURE.md", "the architecture is written down")
            return
        }
        for link in TidyRules.relativeLinks(in: try tree.text(document)) {
            #expect(tree.exists(link), "\(document) leads to \(link)")
        }
    }

    @Test("has at its top what belongs there and nothing else")
    func top() throws {
        let known: Set<String> = [
            "Package.swift", "Sources", "Tests", "openapi", "Config", "docker", "README.md",
            "ARCHITECTURE.md", "CHANGELOG.md", "Makefile", ".ci", ".gitignore", ".swift-format",
            ".editorconfig", ".git",
        ]
        let ignored = TidyRules.ignoredNames(in: try tree.text(".gitignore"))
        for name in try tree.top() where !known.contains(name) {
            #expect(ignored.contains { TidyRules.matches(name, $0) }, "\(name)")
        }
        for name in ["Package.swift", "Sources", "Tests", "Makefile"] { #expect(tree.exists(name)) }
    }
}

@Suite("A rule of the repository")
struct TidyRulesTests {
    @Test(
        "sees imports however they are written",
        arguments: [
            ("import COpenSSL", ["COpenSSL"]), ("public import Logins", ["Logins"]),
            ("  internal import CCurl // why", ["CCurl"]),
            ("@preconcurrency import CLinux", ["CLinux"]),
            ("import struct Logins.Timestamp", ["Logins"]),
            ("package import HTTP\nimport JSON", ["HTTP", "JSON"]),
            ("// import Engine", []), ("let text = \"import Engine\"", []),
            ("important()", []),
        ]
    )
    func imports(text: String, modules: [String]) {
        #expect(TidyRules.imports(of: text) == modules)
    }

    @Test(
        "catches a shortcut in code, and not in comments or names",
        arguments: [
            ("let a = try! b()", 1), ("a as! B", 1), ("fatalError(\"no\")", 1),
            ("    print(a)", 1), ("Swift.print(a)", 1), ("x = 1; print (a)", 1),
            ("// never print(a)", 0), ("/// `try!` is not used", 0), ("fingerprint(a)", 0),
            ("a.printed(b)", 0), ("let a = try b()", 0), ("blueprint (a)", 0),
        ]
    )
    func shortcuts(text: String, count: Int) {
        #expect(TidyRules.shortcuts(in: text).count == count)
    }

    @Test(
        "catches a task without an owner",
        arguments: [
            ("Task { work() }", 1), ("let a = Task { }", 1), ("Task.detached { }", 1),
            ("Task(priority: .high) { }", 1), ("_ = Task<Void, Never> { }", 1), ("Task{ }", 1),
            ("group.addTask { work() }", 0), ("Task.isCancelled", 0), ("await Task.yield()", 0),
        ]
    )
    func tasks(text: String, count: Int) {
        #expect(TidyRules.unstructuredTasks(in: text).count == count)
    }

    @Test(
        "catches a closure in a lock",
        arguments: [
            ("let a = Locked<(@Sendable () -> Void)?>(nil)", 1), ("let a: Locked<() -> Int>", 1),
            ("let a = Locked<(Int, () -> Void)?>(nil)", 1), ("let a = Locked({ 1 })", 1),
            ("let a = Locked<[Int: String]>([:])", 0), ("let a = Locked(State())", 0),
            ("func a(_ b: Locked<Int>) -> Int", 0),
        ]
    )
    func locked(text: String, count: Int) {
        #expect(TidyRules.lockedClosures(in: text).count == count)
    }

    @Test(
        "wants a comment within three lines of a claim",
        arguments: [
            ("class A: @unchecked Sendable {}", 1),
            ("// Locked inside.\nclass A: @unchecked Sendable {}", 0),
            ("class A: @unchecked Sendable {\n  // Locked.\n}", 0),
            ("// Far.\n\n\n\nclass A: @unchecked Sendable {}", 1),
            ("nonisolated(unsafe) static let a = b", 1),
            ("nonisolated(unsafe) static let a = b // Never changes.", 0),
            ("class A: Sendable {}", 0),
        ]
    )
    func trust(text: String, count: Int) {
        #expect(TidyRules.unexplainedTrust(in: text).count == count)
    }

    @Test("reads the rules of a contract and the places that cite them")
    func contracts() {
        let contract = "| id | rule |\n|---|---|\n| CB-3 | Accounts. [CB-1] |\n| K-12 | A knob. |"
        #expect(TidyRules.definedIDs(in: contract) == ["CB-3", "K-12"])
        let text = "/// Accounts [CB-3, CB-4].\nlet curve = \"P-256\" // K-120 SUB-3 (K-12)"
        #expect(TidyRules.citedIDs(in: text, series: ["CB", "K"]) == ["CB-3", "CB-4", "K-12"])
        #expect(TidyRules.citedIDs(in: text, series: []) == [])
        #expect(
            TidyRules.citedDocuments(in: "/// `rules.md` 2\n// a/Contract.md, not a.mdx\nx.mode")
                == ["rules.md", "a/Contract.md"]
        )
    }

    @Test("finds the rules that tests prove, and marks without a test")
    func proofs() {
        let text = """
                // trust: A-1, A-2
                // trust: B-1
                @Test(
                    "does this",
                    arguments: []
                )
                func a() {
                    // trust: C-1
                }
                // trust: C-2
                func b() {}
            """
        let proven = TidyRules.provenIDs(in: text)
        #expect(proven.map(\.id) == ["A-1", "A-2", "B-1", "C-1", "C-2"])
        #expect(proven.map(\.test) == ["does this", "does this", "does this", "does this", nil])
    }

    @Test("finds the relative links of a document, without their anchors")
    func links() {
        let text = """
            [a](Sources/A.swift) and ![b](docker/b.png "title"), [c](https://example.com/c),
            [d](#here), [e](README.md#there), [f](mailto:a@example.com)
            [g]: Config/g.json5
            ```
            [no](nowhere)
            ```
            and `[no](nowhere)` in code
            """
        #expect(
            TidyRules.relativeLinks(in: text)
                == ["Sources/A.swift", "docker/b.png", "README.md", "Config/g.json5"]
        )
    }

    @Test("reads what is ignored at the top")
    func ignored() {
        let names = TidyRules.ignoredNames(in: ".build/\n# no\n\n*.db\n/.demo/\na/b\n!kept\n")
        #expect(names == [".build", "*.db", ".demo"])
        #expect(TidyRules.matches("x.db", "*.db"))
        #expect(!TidyRules.matches("x.db.old", "*.db"))
        #expect(TidyRules.matches(".build", ".build"))
        #expect(!TidyRules.matches(".builds", ".build"))
    }
}
