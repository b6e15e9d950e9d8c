import Testing

@testable import SQLStore

@Suite("The text of a table's definition")
struct SchemaTextTests {
    @Test("gives the conditions of its checks")
    func checks() {
        let definition = """
            a INTEGER CHECK (a IN (0, 1)), -- CHECK (not this)
                b TEXT,
                CHECK (CASE b
                    WHEN 'a' THEN (a = 1) ELSE FALSE END)
            """
        let found = SchemaText.checks(in: definition[...])
        #expect(found == ["a IN (0, 1)", "CASE b WHEN 'a' THEN (a = 1) ELSE FALSE END"])
    }

    @Test("qualifies the names of columns, and nothing in quotes")
    func names() {
        let text = SchemaText.qualified(
            "length(a) = 3 OR a_b <> 'a' AND b='b''a'",
            ["a", "b"],
            by: "NEW"
        )
        #expect(text == "length(NEW.a) = 3 OR a_b <> 'a' AND NEW.b='b''a'")
    }
}
