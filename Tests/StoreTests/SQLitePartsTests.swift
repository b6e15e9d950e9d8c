import Logins
import TestSupport
import Testing

@testable import SQLStore

@Suite("Parts of the SQLite store")
struct SQLitePartsTests {
    /// From the table of the reference implementation: key 00…0f, input 00, 01, … of each length.
    @Test(
        "hash like SipHash-2-4",
        arguments: [
            (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5),
        ] as [(Int, UInt64)]
    )
    func sipHash(_ length: Int, _ expected: UInt64) {
        let key = SipHash.Key(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)
        let hash = SipHash.hash((0..<length).map { UInt8($0) }, key)
        #expect(UInt64(bitPattern: hash) == expected)
    }

    @Test("hash a key and a user from columns as from the domain, with different hashes")
    func hashes() {
        let hash = LoginHash(key: SipHash.Key(low: 1, high: 2))
        var hashes: Set<Int64> = []
        let names = ["a", "ab", "abc", String(repeating: "\u{1F600}", count: 99)]
        for server in names {
            for id in names {
                for tenant in [nil] + names {
                    let key = fixture(id) {
                        $0.server = server
                        $0.tenant = tenant
                    }.make().key
                    hashes.insert(hash.of(key))
                    #expect(hash.ofKey(Array(server.utf8), Array(id.utf8)) == hash.of(key))
                }
            }
            let user = UserID.named(server)
            hashes.insert(hash.of(user))
            #expect(hash.ofUser(Array(server.utf8)) == hash.of(user))
        }
        #expect(hashes.count == 4 * 4 + 4)
    }

    @Test("store numbers by hash like a set", arguments: [Int64(1), 3, 64, .max])
    func numbersByHash(hashes: Int64) {
        var kept = NumbersByHash()
        var model: Set<TailIndex.Entry> = []
        var state: UInt64 = 7
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for step in 0..<4_000 {
            // Grows first, then shrinks.
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

    @Test("count a start for at least 60 and at most 70 seconds")
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

    @Test("restart counts when the clock is set back")
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

    @Test("keep the names that existing databases contain")
    func frozen() {
        #expect(
            PendingLogin.PhaseName.allCases.map(\.storedName) == [
                "preparing", "waiting", "reporting", "settled", "stranded",
            ]
        )
        #expect(
            Decision.Choice.allCases.map(\.storedName) == [
                "approve", "deny", "cancel", "fraud",
            ]
        )
        #expect(
            PendingLogin.ExpiryRule.allCases.map(\.storedName) == [
                "never", "lodged_consents", "always",
            ]
        )
        #expect(
            Evidence.Method.allCases.map(\.storedName) == [
                "tap", "delegation", "sign_in", "device_key", "device_key_and_pin", "passkey",
            ]
        )
        #expect(NumberMatching.allCases.map(\.storedName) == ["off", "show", "choose", "enter"])
        #expect(Evidence.Via.allCases.map(\.storedName) == ["page", "device", "backend", "inbox"])
        #expect(
            PendingLogin.Settlement.allCases.map(\.storedName) == [
                "reported", "delivered_unconfirmed", "left_to_expire", "gone", "abandoned",
            ]
        )
        #expect(
            Failure.allCases.map(\.storedName) == [
                "user_unknown", "user_disabled", "no_channel", "every_channel_refused",
                "too_many_logins_of_user", "too_many_logins_of_client",
                "too_many_starts_of_user", "too_many_starts_of_client",
                "consent_unusable", "context_missing", "number_missing",
                "message_unacceptable", "wrong_codes",
                "consent_gone", "no_accounts",
                "account_not_theirs",
                "consent_of_another", "interrupted", "client_blocked", "reported_by_user",
                "too_many_prompts", "cooling_down", "too_many_users_of_client", "replaced",
                "consent_busy", "superseded", "malformed_start", "abandoned",
            ]
        )
    }
}
