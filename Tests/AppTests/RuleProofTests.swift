import Testing

/// The rules of the standards that bind Beckon (`Tests/Documents/rules.tsv`), and the tests that prove
/// them: marked `// rule: C1` above a Swift test, `# rule: C1` above a Python one.
@Suite("The rules of the standards")
struct RuleProofTests {
    private struct Rule {
        let id: String
        /// `not ours` or `open`; nil for a rule that a test must prove.
        let standing: String?
        let reason: String?
    }

    private let tree = SourceTree()

    private func rules() throws -> [Rule] {
        try tree.text("Tests/Documents/rules.tsv").split(separator: "\n").map { line in
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
                .map(String.init)
            try #require(cells.count == 2 || cells.count == 4, "\(line)")
            return Rule(
                id: cells[0],
                standing: cells.count == 4 ? cells[2] : nil,
                reason: cells.count == 4 ? cells[3] : nil
            )
        }
    }

    /// Each mark of a rule, with its file and test.
    private func marks() throws -> [(id: String, test: String?, file: String)] {
        let swift = try tree.swiftFiles("Tests").filter {
            $0.path != "AppTests/RuleProofTests.swift"
        }
        .flatMap { file in
            TidyRules.provenIDs(in: file.text, series: "rule").map {
                ($0.id, $0.test, file.path)
            }
        }
        let python = try tree.pythonFiles().flatMap { file in
            TidyRules.provenIDs(inPython: file.text).map { ($0.id, $0.test, file.path) }
        }
        return swift + python
    }

    @Test("are each proved by a test that has a name, or are not ours, or are open")
    func proved() throws {
        let rules = try rules()
        #expect(rules.count == 91)
        #expect(Set(rules.map(\.id)).count == rules.count, "an id is listed twice")
        let marks = try marks()
        #expect(marks.filter { $0.test == nil }.map(\.file) == [], "marks without a test")
        let proven = Set(marks.map(\.id))
        // Marks may also name rules of other documents, such as R3 and N-6.
        let series = Set(rules.compactMap(\.id.first))
        let unknown = proven.subtracting(rules.map(\.id)).filter { id in
            id.first.map(series.contains) ?? true && id.dropFirst().allSatisfy(\.isNumber)
        }
        #expect(unknown.sorted() == [], "marks of no rule")
        let missing = rules.filter { $0.standing == nil && !proven.contains($0.id) }
        #expect(missing.map(\.id) == [], "rules without a test")
        for rule in rules where rule.standing != nil {
            #expect(["not ours", "open"].contains(rule.standing), "\(rule.id)")
            #expect(rule.reason?.isEmpty == false, "\(rule.id) has no reason")
        }
    }

    @Test("are found where tests have marks of them")
    func reads() {
        let swift = """
                // rule: A8, C12
                // trust: A-1
                @Test("does this")
                func a() {}
                // rule: X1
                func b() {}
            """
        let proven = TidyRules.provenIDs(in: swift, series: "rule")
        #expect(proven.map(\.id) == ["A8", "C12", "X1"])
        #expect(proven.map(\.test) == ["does this", "does this", nil])
        let python = """
            # rule: X6, C1
            @scenario
            def enter_declines(stage):
                pass

            # rule: B1
            VALUE = 1
            """
        let marked = TidyRules.provenIDs(inPython: python)
        #expect(marked.map(\.id) == ["X6", "C1", "B1"])
        #expect(marked.map(\.test) == ["enter_declines", "enter_declines", nil])
    }
}
