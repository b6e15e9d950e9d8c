import Testing

@testable import Telemetry

@Suite("A trace context")
struct TraceContextTests {
    /// From the W3C recommendation, section 3.2.4.
    private static let example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("is read and written as the recommendation says")
    func example() throws {
        let context = try #require(TraceContext(Array(Self.example.utf8)))
        #expect(context.trace == (0x4BF9_2F35_77B3_4DA6, 0xA3CE_929D_0E0E_4736))
        #expect(context.span == 0x00F0_67AA_0BA9_02B7)
        #expect(context.isSampled)
        #expect(context.traceparent == Self.example)
    }

    @Test(
        "of another version is read by what it begins with",
        arguments: [
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", false),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03", true),
        ]
    )
    func versions(_ text: String, isSampled: Bool) {
        #expect(TraceContext(Array(text.utf8))?.isSampled == isSampled)
    }

    @Test(
        "that is malformed is ignored",
        arguments: [
            "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1g",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01what",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ]
    )
    func malformed(_ text: String) {
        #expect(TraceContext(Array(text.utf8)) == nil)
    }

    @Test("has a child in the same trace with a span of its own")
    func child() throws {
        let parent = try #require(TraceContext(Array(Self.example.utf8)))
        let child = parent.child()
        #expect(child.trace == parent.trace)
        #expect(child.span != parent.span)
        #expect(child.isSampled)
        #expect(TraceContext(Array(child.traceparent.utf8)) == child)
    }

    @Test("is never begun twice")
    func unique() {
        let begun = (0..<10_000).map { _ in TraceContext.begin().traceparent }
        #expect(Set(begun).count == begun.count)
        #expect(begun.allSatisfy { TraceContext(Array($0.utf8)) != nil })
    }
}
