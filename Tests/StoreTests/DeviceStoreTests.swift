import Access
import Cryptography
import Devices
import JOSE
import Logins
import SQLStore
import TestSupport
import Testing

/// What every `DeviceStore` must do.
@Suite("A store of devices", .timeLimit(.minutes(10)))
struct DeviceStoreTests {
    private static let key = try? PrivateKey.generate(.p256).publicKey

    private func with(
        _ kind: StoreKind,
        _ body: (any DeviceStore, any AccessStore) async throws -> Void
    ) async throws {
        let store = try StorePlace(kind).open()
        do { try await body(store.devices, store.access) } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private func deviceKey(
        _ id: String,
        on device: String,
        of user: String = "änna",
        pin: PINHash? = nil
    ) throws -> Credential {
        Credential(
            id: .named(id),
            user: .named(user),
            device: .named(device),
            kind: .deviceKey(pin: pin),
            publicKey: try #require(Self.key),
            algorithm: .es256,
            name: "Anna's phone",
            createdAt: noon
        )
    }

    private func passkey(_ id: String, counter: UInt32 = 0) throws -> Credential {
        Credential(
            id: .named(id),
            user: .named("änna"),
            device: nil,
            kind: .passkey(
                Credential.Passkey(
                    rawID: [0, 255],
                    counter: counter,
                    isBackupEligible: true,
                    isBackedUp: false,
                    transports: ["internal", "hybrid"]
                )
            ),
            publicKey: try #require(Self.key),
            algorithm: .es256,
            name: "Laptop",
            createdAt: noon,
            lastUsedAt: noon
        )
    }

    private func enrolment(_ code: EnrolmentCode) -> Enrolment {
        Enrolment(
            locator: code.locator,
            digest: code.digest,
            user: .named("änna"),
            createdAt: noon,
            endsAt: noon + Enrolment.lifetime
        )
    }

    /// Another code with the same first part.
    private func wrong(_ code: EnrolmentCode) throws -> EnrolmentCode {
        let text = code.text
        return try #require(EnrolmentCode(text.dropLast() + (text.hasSuffix("0") ? "1" : "0")))
    }

    @Test("gives back devices and keys as they were added", arguments: StoreKind.allCases)
    func roundTrip(kind: StoreKind) async throws {
        try await with(kind) { (store, _) async throws in
            let devices = ["a", "b"].map { phone($0) } + [phone("c", of: "bob")]
            let key = try deviceKey("k", on: "a", pin: PINHash(of: "4711"))
            let passkey = try passkey("p", counter: .max)
            let changes = devices.map(DeviceChange.addDevice)
            #expect(try await store.commit(changes) == nil)
            #expect(try await store.commit([.addCredential(key), .addCredential(passkey)]) == nil)
            #expect(try await store.device(.named("a")) == devices[0])
            #expect(try await store.devices(of: .named("änna"), after: nil, limit: 9).count == 2)
            let rest = try await store.devices(of: nil, after: .named("a"), limit: 9)
            #expect(rest == Array(devices.dropFirst()))
            #expect(try await store.credentials(of: .named("änna"), limit: 9) == [key, passkey])
            let found = try #require(try await store.deviceKey(.named("k")))
            #expect(found.key == key && found.device == devices[0])
            #expect(try await store.deviceKey(.named("p")) == nil)
            #expect(try await store.credential(.named("p")) == passkey)
        }
    }

    @Test("reads a key with what is asked of its user", arguments: StoreKind.allCases)
    func question(kind: StoreKind) async throws {
        let store = try StorePlace(kind).open()
        let key = try deviceKey("k", on: "a", of: "anna")
        let changes: [DeviceChange] = [.addDevice(phone("a", of: "anna")), .addCredential(key)]
        #expect(try await store.devices.commit(changes) == nil)
        let users = ["anna", "bob"]
        var logins: [StoredLogin] = []
        for user in users {
            let login = fixture(user) { $0.user = user }
            logins.append(try await store.logins.insertNew(login.make()))
        }
        let gone = fixture("gone").make()
        let proven = try PublicKey(key.publicKey.numbers)
        let other = try PrivateKey.generate(.p256).publicKey
        let question = DeviceQuestion(
            logins: logins.map(\.login.key) + [gone.key],
            proven: proven
        )
        let found = try #require(try await store.devices.deviceKey(key.id, question))
        #expect(found.key == key && found.key.publicKey === proven)
        #expect(found.logins == [logins[0]])
        #expect(found.standing == FailureStanding())
        // A key that is not the stored one changes nothing.
        let plain = try await store.devices.deviceKey(key.id, DeviceQuestion(proven: other))
        #expect(plain?.key == key && plain?.logins == [])
        #expect(try await store.devices.deviceKey(.named("gone"), question) == nil)
        await store.close()
    }

    @Test("writes nothing of changes of which one is refused", arguments: StoreKind.allCases)
    func refusals(kind: StoreKind) async throws {
        try await with(kind) { (store, access) async throws in
            #expect(try await store.commit([.addDevice(phone("a"))]) == nil)
            let key = try deviceKey("k", on: "a")
            #expect(try await store.commit([.addCredential(key)]) == nil)
            let event = DeviceChange.audit(AuditEvent("device.enrolled", at: noon))
            let refused: [(DeviceChange, AccessRefusal)] = [
                (.addDevice(phone("a")), .exists),
                (.addCredential(key), .exists),
                (.addCredential(try deviceKey("l", on: "gone")), .missing),
                (.addCredential(try deviceKey("l", on: "a", of: "bob")), .missing),
                (.changeDevice(phone("gone")), .missing),
                (.removeDevice(.named("a"), of: .named("bob")), .missing),
                (.removeCredential(.named("k"), of: .named("bob")), .missing),
                (.renameCredential(.named("k"), of: .named("bob"), name: "x"), .missing),
                (.renameCredential(.named("l"), of: .named("änna"), name: "x"), .missing),
                (
                    .usePasskey(.named("k"), counter: 1, over: 0, isBackedUp: false, at: noon),
                    .missing
                ),
            ]
            for (change, refusal) in refused {
                let new = DeviceChange.addDevice(phone("b"))
                #expect(try await store.commit([new, event, change]) == refusal, "\(change)")
            }
            #expect(try await store.devices(of: nil, after: nil, limit: 9).count == 1)
            #expect(try await access.audit(after: 0, limit: 9).isEmpty)
        }
    }

    @Test("removes a device with its keys at once", arguments: StoreKind.allCases)
    func removal(kind: StoreKind) async throws {
        try await with(kind) { (store, _) async throws in
            #expect(try await store.commit([.addDevice(phone("a"))]) == nil)
            #expect(try await store.commit([.addCredential(try deviceKey("k", on: "a"))]) == nil)
            let removal = DeviceChange.removeDevice(.named("a"), of: .named("änna"))
            #expect(try await store.commit([removal]) == nil)
            #expect(try await store.credential(.named("k")) == nil)
            #expect(try await store.deviceKey(.named("k")) == nil)
        }
    }

    @Test("renames a credential and changes nothing else of it", arguments: StoreKind.allCases)
    func rename(kind: StoreKind) async throws {
        try await with(kind) { (store, _) async throws in
            let before = try passkey("p", counter: 7)
            #expect(try await store.commit([.addCredential(before)]) == nil)
            let change = DeviceChange.renameCredential(
                .named("p"),
                of: before.user,
                name: "Ärmel <1>"
            )
            #expect(try await store.commit([change]) == nil)
            let after = try #require(try await store.credential(.named("p")))
            #expect(after.name == "Ärmel <1>")
            #expect(after.kind == before.kind && after.createdAt == before.createdAt)
            #expect(after.publicKey == before.publicKey && after.lastUsedAt == before.lastUsedAt)
        }
    }

    @Test(
        "takes a passkey's counter only over the one that was read",
        arguments: StoreKind.allCases
    )
    func counters(kind: StoreKind) async throws {
        try await with(kind) { (store, _) async throws in
            #expect(try await store.commit([.addCredential(try passkey("p", counter: 7))]) == nil)
            let use = DeviceChange.usePasskey(
                .named("p"),
                counter: 9,
                over: 7,
                isBackedUp: true,
                at: noon + .seconds(1)
            )
            #expect(try await store.commit([use]) == nil)
            #expect(try await store.commit([use]) == .changed)
            let found = try #require(try await store.credential(.named("p")))
            #expect(found.passkey?.counter == 9 && found.passkey?.isBackedUp == true)
            #expect(found.lastUsedAt == noon + .seconds(1))
        }
    }

    // rule: X3, A3
    @Test("takes an enrolment code once", arguments: StoreKind.allCases)
    func code(kind: StoreKind) async throws {
        try await with(kind) { (store, _) async throws in
            let code = EnrolmentCode()
            let enrolment = enrolment(code)
            #expect(try await store.commit([.addEnrolment(enrolment)]) == nil)
            #expect(try await store.commit([.addEnrolment(enrolment)]) == .exists)
            let refused = try await store.redeem(code, at: noon) { _ in
                [.changeDevice(phone("gone"))]
            }
            #expect(refused == .refused(.missing))
            let done = try await store.redeem(code, at: noon) { _ in [.addDevice(phone("a"))] }
            #expect(done == .done(enrolment))
            #expect(try await store.device(.named("a")) != nil)
            #expect(try await store.redeem(code, at: noon) { _ in [] } == .unknown)
        }
    }

    // rule: X3
    @Test("ends an enrolment after its time or five wrong codes", arguments: StoreKind.allCases)
    func ends(kind: StoreKind) async throws {
        try await with(kind) { (store, access) async throws in
            let late = EnrolmentCode()
            #expect(try await store.commit([.addEnrolment(enrolment(late))]) == nil)
            let end = noon + Enrolment.lifetime
            #expect(try await store.redeem(late, at: end) { _ in [] } == .unknown)

            var code = EnrolmentCode()
            while code.locator == late.locator { code = EnrolmentCode() }
            #expect(try await store.commit([.addEnrolment(enrolment(code))]) == nil)
            let wrong = try wrong(code)
            for _ in 0..<5 {
                #expect(try await store.redeem(wrong, at: noon) { _ in [] } == .unknown)
            }
            #expect(try await store.redeem(code, at: noon) { _ in [] } == .unknown)
            let kinds = try await access.audit(after: 0, limit: 9).map(\.event.kind)
            #expect(kinds == ["enrolment.blocked"])
        }
    }

    @Test("keeps the newest codes of a user only", arguments: StoreKind.allCases)
    func mostWaiting(kind: StoreKind) async throws {
        try await with(kind) { (store, _) async throws in
            var codes: [EnrolmentCode] = []
            for index in 0...Enrolment.mostWaiting {
                var code = EnrolmentCode()
                while codes.contains(where: { $0.locator == code.locator }) {
                    code = EnrolmentCode()
                }
                codes.append(code)
                let at = noon + .seconds(Int64(index))
                let new = Enrolment(
                    locator: code.locator,
                    digest: code.digest,
                    user: .named("anna"),
                    createdAt: at,
                    endsAt: at + Enrolment.lifetime
                )
                #expect(try await store.commit([.addEnrolment(new)]) == nil)
            }
            let now = noon + .seconds(30)
            #expect(try await !store.isWaiting(codes[0], at: now))
            for code in codes.dropFirst() { #expect(try await store.isWaiting(code, at: now)) }
            #expect(try await !store.isWaiting(codes[1], at: noon + .seconds(1_000)))
        }
    }

    @Test(
        "replaces the key of a device and its PIN, each over the current one only",
        arguments: StoreKind.allCases
    )
    func replaces(kind: StoreKind) async throws {
        try await with(kind) { (store, _) async throws in
            let old = try deviceKey("old", on: "phone")
            let pins = try (0..<2).map { _ in try #require(PINHash(of: "4711")) }
            let first: [DeviceChange] = [.addDevice(phone("phone")), .addCredential(old)]
            #expect(try await store.commit(first) == nil)
            let next = try deviceKey("next", on: "phone", pin: pins[0])
            #expect(try await store.commit([.replaceKey(old.id, by: next)]) == nil)
            #expect(try await store.credential(old.id) == nil)
            let third = try deviceKey("third", on: "phone")
            #expect(try await store.commit([.replaceKey(old.id, by: third)]) == .changed)
            #expect(try await store.deviceKey(next.id)?.key.pin == pins[0])
            let change = DeviceChange.changePIN(next.id, to: pins[1], over: pins[0])
            #expect(try await store.commit([change]) == nil)
            #expect(try await store.commit([change]) == .changed)
            #expect(
                try await store.commit([.changePIN(old.id, to: pins[1], over: pins[0])])
                    == .missing
            )
            #expect(try await store.deviceKey(next.id)?.key.pin == pins[1])
        }
    }
}
