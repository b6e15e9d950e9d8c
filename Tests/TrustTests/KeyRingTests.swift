import JOSE
import JSON
import Logins
import Testing
import Trust

@Suite("Signing keys")
struct KeyRingTests {
    static let start = Timestamp(milliseconds: 1_930_000_000_000)
    static let rule = KeyRing.Rule(
        period: .seconds(1000),
        lead: .seconds(100),
        tail: .seconds(50)
    )

    /// The `kid`s, in order.
    private func ids(_ ring: KeyRing, at seconds: Int64) -> [String] {
        ring.published(Self.rule, at: Self.start + .seconds(seconds)).keys.compactMap(\.id)
    }

    private func signer(_ ring: KeyRing, at seconds: Int64) -> String? {
        ring.signer(at: Self.start + .seconds(seconds)).id
    }

    private func advanced(_ ring: KeyRing, at seconds: Int64) throws -> KeyRing {
        try ring.advanced(Self.rule, at: Self.start + .seconds(seconds)) ?? ring
    }

    @Test("are published before they sign and until their last token has ended")
    func rotation() throws {
        let first = try KeyRing.new(Self.rule, at: Self.start)
        #expect(try first.advanced(Self.rule, at: Self.start + .seconds(899)) == nil)
        let both = try advanced(first, at: 900)
        let old = try #require(first.entries.first?.key.id)
        let new = try #require(both.entries.last?.key.id)
        #expect(old != new)
        #expect(ids(both, at: 900) == [old, new])
        #expect(signer(both, at: 999) == old)
        #expect(signer(both, at: 1000) == new)
        #expect(ids(both, at: 1049) == [old, new])
        #expect(ids(both, at: 1050) == [new])
        let later = try advanced(both, at: 1050)
        #expect(later.entries.map(\.key.id) == [new])
    }

    @Test("are published in full before they sign, also after a long pause")
    func late() throws {
        let first = try KeyRing.new(Self.rule, at: Self.start)
        let ring = try advanced(first, at: 5000)
        let old = try #require(first.entries.first?.key.id)
        #expect(signer(ring, at: 5000) == old)
        #expect(signer(ring, at: 5099) == old)
        #expect(signer(ring, at: 5100) != old)
        #expect(ids(ring, at: 5149).count == 2)
    }

    @Test("are read from their document as they were written")
    func document() throws {
        let ring = try advanced(KeyRing.new(Self.rule, at: Self.start), at: 950)
        let read = try KeyRing(document: ring.document())
        #expect(read.entries.map(\.key.id) == ring.entries.map(\.key.id))
        #expect(read.entries.map(\.signsFrom) == ring.entries.map(\.signsFrom))
    }

    @Test("with damage are refused", arguments: ["{}", #"{"keys":[]}"#, #"{"keys":[{}]}"#])
    func damaged(text: String) throws {
        let value = try JSONValue(Array(text.utf8))
        #expect(throws: JOSEError.self) { try KeyRing(document: value) }
    }
}
