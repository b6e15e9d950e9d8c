import Logins
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("The parts of the SQLite store")
struct SQLitePartsTests {
    /// From the reference implementation's table: key 00…0f, input 00, 01, … of each length.
    @Test(
        "hash as SipHash-2-4 does",
        arguments: [
            (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5),
        ] as [(Int, UInt64)]
    )
    func sipHash(_ length: Int, _ expected: UInt64) {
        var hash = SipHash(.init(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908))
        for byte in 0..<length { hash.combine(UInt8(byte)) }
        #expect(UInt64(bitPattern: hash.finalize()) == expected)
    }

    @Test("hash words as they hash bytes, wherever a text begins and ends")
    func sipHashWords() {
        let key = SipHash.Key(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)
        for before in 0..<9 {
            for length in 0..<26 {
                let text = (0..<length).map { UInt8(0xFF - $0) }
                var words = SipHash(key)
                var bytes = SipHash(key)
                for byte in 0..<before {
                    words.combine(UInt8(byte))
                    bytes.combine(UInt8(byte))
                }
                words.combine(text)
                for byte in text + [0] { bytes.combine(byte) }
                #expect(words.finalize() == bytes.finalize(), "\(before) and \(length)")
            }
        }
    }

    @Test("keep numbers by hash as a set would", arguments: [Int64(1), 3, 64, .max])
    func numbersByHash(hashes: Int64) {
        var kept = NumbersByHash()
        var model: Set<TailIndex.Entry> = []
        var state: UInt64 = 7
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for step in 0..<4_000 {
            // Grows first, then shrinks, so that gaps are closed in full tables and in sparse ones.
            let hash = Int64(next(1 << 31)) % hashes
            let entry = TailIndex.Entry(hash: hash, number: Int64(next(60)))
            if next(4_000) >= step {
                if model.insert(entry).inserted { kept.insert(entry) }
            } else {
                let victim = next(2) == 0 ? entry : model.first ?? entry
                #expect(kept.remove(victim) == (model.remove(victim) != nil))
            }
            #expect(kept.count == model.count)
            #expect(kept.contains(entry) == model.contains(entry))
            let numbers = model.filter { $0.hash == hash }.map(\.number).sorted()
            #expect(kept.numbers(hash).sorted() == numbers)
        }
        #expect(kept.entries.sorted() == model.sorted())
    }

    @Test("count starts in bounded memory")
    func bounded() {
        var rates = StartRates(capacity: 100)
        for index in 0..<1_000 {
            rates.note(index, at: noon + .seconds(Int64(index)))
            #expect(rates.count <= 100)
        }
        #expect(rates.starts(of: 999, at: noon + .seconds(999)) == 1)
        #expect(rates.starts(of: 0, at: noon + .seconds(999)) == 0)
    }

    @Test("count a start for a minute at least and seventy seconds at most")
    func window() {
        for offset in Int64(0)..<10 {
            var rates = StartRates()
            let start = noon + .seconds(offset)
            rates.note("a", at: start)
            #expect(rates.starts(of: "a", at: start + .seconds(60)) == 1)
            #expect(rates.starts(of: "a", at: start + .seconds(70)) == 0)
            #expect(rates.starts(of: "a", at: start - .seconds(10)) == 1, "a clock put right")
            rates.note("a", at: start + .seconds(70))
            #expect(rates.starts(of: "a", at: start + .seconds(70)) == 1)
        }
    }

    @Test("count anew when the clock was set back")
    func setBack() {
        var rates = StartRates(capacity: 10)
        for index in 0..<10 { rates.note(index, at: noon + .minutes(60)) }
        rates.note("a", at: noon + .minutes(60))
        #expect(rates.starts(of: "a", at: noon) == 0)
        for second in Int64(0)..<200 {
            let now = noon + .seconds(second)
            rates.note("a", at: now)
            let expected = min(Int(second) + 1, 70)
            #expect(rates.starts(of: "a", at: now) <= expected)
            #expect(rates.starts(of: "a", at: now) >= min(expected, 60))
        }
        #expect(rates.starts(of: "a", at: noon + .seconds(270)) == 0)
        rates.note("b", at: noon)
        #expect(rates.count <= 10)
    }

    @Test("keep the words that are in databases already")
    func frozen() {
        #expect(
            PendingLogin.PhaseName.allCases.map { StoredNames.name($0) } == [
                "preparing", "waiting", "reporting", "settled", "stranded",
            ]
        )
        #expect(
            Decision.Choice.allCases.map { StoredNames.name($0) } == [
                "approve", "deny", "cancel", "fraud",
            ]
        )
        #expect(Evidence.Method.allCases.map { StoredNames.name($0) } == ["tap"])
        #expect(Evidence.Via.allCases.map { StoredNames.name($0) } == ["page", "device"])
        #expect(
            PendingLogin.Settlement.allCases.map { StoredNames.name($0) } == [
                "reported", "delivered_unconfirmed", "left_to_expire", "gone", "abandoned",
            ]
        )
        #expect(
            Failure.allCases.map { StoredNames.name($0) } == [
                "user_unknown", "user_disabled", "no_channel", "every_channel_refused",
                "too_many_logins_of_user", "too_many_logins_of_client",
                "too_many_starts_of_user", "too_many_starts_of_client",
                "consent_unusable", "consent_gone", "no_accounts", "account_not_theirs",
                "consent_busy", "superseded", "abandoned",
            ]
        )
    }
}
