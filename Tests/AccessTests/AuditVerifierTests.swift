import Access
import Cryptography
import JOSE
import JSON
import Logins
import TestSupport
import Testing

@Suite("The verification of the audit")
struct AuditVerifierTests {
    private static let now = Timestamp(milliseconds: 1_930_000_000_000)

    /// A chain of entries that differ, of which the first ones may have been removed.
    struct Chain: Sendable {
        var records: [AuditRecord] = []
        var removed = AuditMark.start
        var head = AuditMark.start

        init(_ count: Int) {
            for number in 1...Int64(count) {
                append(AuditEvent("token.issued", at: now, ["n": .integer(number * 7)]))
            }
        }

        mutating func append(_ event: AuditEvent) {
            let number = head.number + 1
            let bytes = AuditChain.bytes(number: number, event)
            let hash = AuditChain.hash(after: head.hash, bytes)
            records.append(AuditRecord(number: number, bytes: bytes, hash: hash))
            head = AuditMark(number: number, hash: hash)
        }

        mutating func remove(upTo number: Int64) {
            let last = records.last { $0.number <= number }
            records.removeAll { $0.number <= number }
            if let last { removed = AuditMark(number: last.number, hash: last.hash) }
        }

        func page(after: Int64?, limit: Int) -> AuditPage {
            let rest = records.filter { $0.number > after ?? .min }
            return AuditPage(
                records: Array(rest.prefix(limit)),
                isLast: rest.count < limit,
                removed: removed,
                head: head
            )
        }

        /// Verifies it page by page, as the command does.
        func verify(
            _ verifier: AuditVerifier = AuditVerifier(),
            by limit: Int = 16
        ) -> (AuditVerifier, AuditFault?) {
            var verifier = verifier
            while true {
                let page = page(after: verifier.last?.number, limit: limit)
                if let fault = verifier.check(page) { return (verifier, fault) }
                if page.isLast { return (verifier, nil) }
            }
        }
    }

    @Test("accepts a whole chain in pages of any size", arguments: [1, 2, 7, 49, 50, 51])
    func whole(_ limit: Int) {
        let chain = Chain(50)
        let (verifier, fault) = chain.verify(by: limit)
        #expect(fault == nil)
        #expect(verifier.first == 1 && verifier.count == 50 && verifier.last == chain.head)
    }

    @Test("accepts an audit without an entry, and one that has none any more")
    func empty() {
        var chain = Chain(3)
        chain.remove(upTo: 3)
        #expect(chain.verify().1 == nil)
        chain.removed = .start
        chain.head = .start
        #expect(chain.verify().1 == nil)
    }

    @Test("starts after what retention has removed, also while it verifies")
    func removed() {
        var chain = Chain(50)
        chain.remove(upTo: 10)
        let (verifier, fault) = chain.verify()
        #expect(fault == nil && verifier.first == 11 && verifier.count == 40)
        var slow = AuditVerifier()
        #expect(slow.check(chain.page(after: nil, limit: 5)) == nil)
        chain.remove(upTo: 30)
        #expect(slow.check(chain.page(after: slow.last?.number, limit: 99)) == nil)
        #expect(slow.last == chain.head)
    }

    @Test("names the first entry that is wrong, and how")
    func kinds() {
        let whole = Chain(20)
        func fault(_ change: (inout Chain) -> Void) -> AuditFault? {
            var chain = whole
            change(&chain)
            return chain.verify().1
        }
        func with(_ bytes: [UInt8], in record: AuditRecord) -> AuditRecord {
            AuditRecord(number: record.number, bytes: bytes, hash: record.hash)
        }
        #expect(
            fault { $0.records[4] = with($0.records[4].bytes + [0x20], in: $0.records[4]) }
                == AuditFault(5, .changed)
        )
        #expect(
            fault { $0.records[4] = with([0xFF], in: $0.records[4]) }
                == AuditFault(5, .unreadable)
        )
        #expect(fault { $0.records.remove(at: 4) } == AuditFault(5, .missing))
        #expect(fault { $0.records.remove(at: 0) } == AuditFault(1, .missing))
        #expect(fault { $0.records.removeLast(3) } == AuditFault(18, .cutOff))
        #expect(fault { $0.records.removeAll() } == AuditFault(1, .cutOff))
        #expect(
            fault { chain in
                let (left, right) = (chain.records[4], chain.records[9])
                chain.records[4] = AuditRecord(number: 5, bytes: right.bytes, hash: right.hash)
                chain.records[9] = AuditRecord(number: 10, bytes: left.bytes, hash: left.hash)
            } == AuditFault(5, .outOfOrder)
        )
        #expect(
            fault { $0.head = AuditMark(number: 19, hash: $0.records[18].hash) }
                == AuditFault(20, .surplus)
        )
        #expect(
            fault {
                $0.remove(upTo: 3); $0.records.insert(whole.records[2], at: 0)
            }
                == AuditFault(3, .surplus)
        )
        #expect(
            fault { $0.head = AuditMark(number: 20, hash: $0.removed.hash) }
                == AuditFault(20, .changed)
        )
        #expect(
            fault { $0.removed = AuditMark(number: 0, hash: $0.head.hash) }
                == AuditFault(1, .changed)
        )
    }

    @Test("finds a recomputed last entry by the entry after it")
    func recomputed() {
        var chain = Chain(20)
        let event = AuditEvent("token.issued", at: Self.now, ["n": .integer(0)])
        let bytes = AuditChain.bytes(number: 5, event)
        let hash = AuditChain.hash(after: chain.records[3].hash, bytes)
        chain.records[4] = AuditRecord(number: 5, bytes: bytes, hash: hash)
        #expect(chain.verify().1 == AuditFault(6, .changed))
    }

    // rule: P8
    @Test("finds each of 10,000 random edits, removals, swaps and truncations, and says where")
    func random() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        var missed = 0
        for _ in 0..<10_000 {
            var chain = Self.long
            let place = Int.random(in: chain.records.indices, using: &generator)
            var first = Int64(place + 1)
            let record = chain.records[place]
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                var bytes = record.bytes
                let byte = Int.random(in: bytes.indices, using: &generator)
                bytes[byte] ^= UInt8.random(in: 1...255, using: &generator)
                chain.records[place] = AuditRecord(
                    number: record.number,
                    bytes: bytes,
                    hash: record.hash
                )
            case 1:
                var hash = record.hash
                hash[Int.random(in: 0..<32, using: &generator)] ^= 1
                chain.records[place] = AuditRecord(
                    number: record.number,
                    bytes: record.bytes,
                    hash: hash
                )
            case 2:
                let count = Int.random(in: 1...3, using: &generator)
                chain.records.removeSubrange(place..<min(place + count, chain.records.count))
            case 3:
                let other = Int.random(in: chain.records.indices, using: &generator)
                guard other != place else { continue }
                let right = chain.records[other]
                chain.records[place] = AuditRecord(
                    number: record.number,
                    bytes: right.bytes,
                    hash: right.hash
                )
                chain.records[other] = AuditRecord(
                    number: right.number,
                    bytes: record.bytes,
                    hash: record.hash
                )
                first = Int64(min(place, other) + 1)
            default: chain.records.removeLast(chain.records.count - place)
            }
            if chain.verify().1?.number != first { missed += 1 }
        }
        #expect(missed == 0, "seed \(seed)")
    }

    private static let long = Chain(40)

    @Test("checks signed heads by the given keys")
    func seals() throws {
        let key = try SigningKey.generate(.es256, id: "audit-1")
        let other = try SigningKey.generate(.es256, id: "audit-1")
        var chain = Chain(5)
        chain.append(try AuditSeal.event(over: chain.head, at: Self.now, key: key))
        chain.append(AuditEvent("token.issued", at: Self.now))
        func fault(_ chain: Chain, _ key: SigningKey) -> AuditFault? {
            let keys = JWKSet([key.verificationKey])
            return chain.verify(AuditVerifier(keys: keys)).1
        }
        #expect(fault(chain, key) == nil)
        let keys = JWKSet([key.verificationKey])
        #expect(chain.verify(AuditVerifier(keys: keys)).0.signed == 6)
        #expect(fault(chain, other) == AuditFault(6, .badSignature))
        // A signature of another place proves nothing.
        let moved = try AuditSeal.event(over: chain.head, at: Self.now, key: key)
        chain.append(AuditEvent("token.issued", at: Self.now))
        chain.append(moved)
        #expect(fault(chain, key) == AuditFault(9, .badSignature))
    }

    @Test("is possible from an exported line alone")
    func line() throws {
        let chain = Chain(2)
        let line = chain.records[1].line
        let value = try JSONValue(Array(line.utf8))
        let hash = try #require(value["hash"]?.string.flatMap { Base64URL.decode($0) })
        let suffix = #","hash":"\#(Base64URL.encode(hash))"}"#
        #expect(line.hasSuffix(suffix))
        let entry = Array((line.dropLast(suffix.count) + "}").utf8)
        #expect(AuditChain.hash(after: chain.records[0].hash, entry) == hash)
        for bytes in [[0xFF], Array("[1]\n".utf8), Array("{}".utf8)] {
            let record = AuditRecord(number: 7, bytes: bytes, hash: hash)
            let value = try JSONValue(Array(record.line.utf8))
            #expect(value["unreadable"]?.string.flatMap { Base64URL.decode($0) } == bytes)
            #expect(value["number"]?.integer == 7)
        }
    }
}
