// A device of a user that approves logins with the device API of Beckon (`../beckon.yaml`, tag `device`).
//
// Copy this file into your app. It needs Foundation, and CryptoKit for the key in the Secure Enclave.
//
//     let key = try SecureEnclaveKey()            // keep key.stored in the keychain
//     let device = Device(service: "https://login.bank.example", key: key)
//     try await device.enrol(code: codeFromTheUser, name: "My phone", pin: pin)
//     for try await event in device.events() {    // or list the logins when the app opens
//         guard event.state == "arrived" else { continue }
//         let login = try await device.login(event.id)
//         show(login)                             // everything in login.consent, as text
//         try await device.decide(.approve, login, Approval(pin: pin))   // after the user has agreed
//     }

import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif
#if canImport(CryptoKit)
import CryptoKit
#endif

/// A key on P-256. Its private half never leaves its keeper.
public protocol DeviceKey: Sendable {
    /// Both coordinates of the point, 32 bytes each.
    var publicKey: Data { get }
    /// ECDSA with SHA-256: both numbers, 32 bytes each.
    func sign(_ data: Data) throws -> Data
    func sha256(_ data: Data) throws -> Data
}

#if canImport(CryptoKit)
/// A key in the Secure Enclave.
public struct SecureEnclaveKey: DeviceKey {
    private let key: SecureEnclave.P256.Signing.PrivateKey

    /// A new key, or the one that was stored.
    public init(stored: Data? = nil) throws {
        key = try stored.map { try .init(dataRepresentation: $0) } ?? .init()
    }

    /// For the keychain. Only this device can use it.
    public var stored: Data { key.dataRepresentation }
    public var publicKey: Data { key.publicKey.rawRepresentation }
    public func sign(_ data: Data) throws -> Data { try key.signature(for: data).rawRepresentation }
    public func sha256(_ data: Data) -> Data { Data(SHA256.hash(data: data)) }
}
#endif

public enum Choice: String, Sendable { case approve, deny, cancel, fraud }

/// What an approval grants and proves. By default it grants every scope that was shown.
public struct Approval: Sendable {
    public var accounts: [String]?
    public var scopes: [String]?
    public var pin: String?
    /// The number that the other device shows, if `number_matching` of the login asks for it.
    public var code: String?

    public init(
        accounts: [String]? = nil,
        scopes: [String]? = nil,
        pin: String? = nil,
        code: String? = nil
    ) {
        (self.accounts, self.scopes, self.pin, self.code) = (accounts, scopes, pin, code)
    }
}

/// An answer that is none of 2xx: `problem` is RFC 9457, with `attempts_left` after a wrong PIN.
public struct DeviceError: Error {
    public let status: Int
    public let problem: Data
}

/// A login that waits. Show all of `consent`, as text and never as markup.
public struct Login: Sendable {
    public enum Unfit: Error { case ended(String), otherDigest }

    /// Read from the bytes whose digest is signed.
    public struct Consent: Decodable, Sendable {
        public struct Scope: Decodable, Sendable {
            public let name: String
            public let display: String?
            public let optional, implicit: Bool?
        }
        public let kind: String
        public let client_name: String?
        public let scopes: [Scope]
    }

    public struct Account: Decodable, Sendable { public let id, name, display: String }

    /// The document of the interface.
    struct Document: Decodable, Sendable {
        struct Consent: Decodable, Sendable {
            let digest, account_choice: String
            let accounts: [Account]
        }
        let id, phase: String
        let outcome, consent_canonical, challenge_nonce, binding_message, expires_at,
            server_time: String?
        let consent: Consent?
        let methods: [String]?
    }

    struct List: Decodable { let logins: [Document] }

    public let id: String
    public let consent: Consent
    /// `consent` with all of its facts, as JSON.
    public let canonical: Data
    public let accounts: [Account]
    /// `none`, `one`, `several` or `fixed`.
    public let accountChoice: String
    public let bindingMessage: String?
    /// The methods that this device can use, such as `device_key_pin`; each is enough.
    public let methods: [String]
    public let digest, nonce: Data

    init(_ document: Document, _ key: some DeviceKey) throws {
        guard let canonical = document.consent_canonical, let shown = document.consent,
            let nonce = document.challenge_nonce.flatMap(Data.init(base64url:))
        else { throw Unfit.ended(document.outcome ?? document.phase) }
        digest = try key.sha256(Data(canonical.utf8))
        guard shown.digest == digest.base64url else { throw Unfit.otherDigest }
        id = document.id
        self.canonical = Data(canonical.utf8)
        consent = try JSONDecoder().decode(Consent.self, from: Data(canonical.utf8))
        (accounts, accountChoice) = (shown.accounts, shown.account_choice)
        (bindingMessage, methods) = (document.binding_message, document.methods ?? [])
        self.nonce = nonce
    }
}

public actor Device<Key: DeviceKey> {
    private let service: String
    private let key: Key
    /// Of the next proof (RFC 9449 section 8).
    private var nonce: String?

    /// `service` is the address of the service without a slash at its end.
    public init(service: String, key: Key) {
        self.service = service
        self.key = key
    }

    /// Registers the key with an enrolment code.
    public func enrol(
        code: String,
        name: String,
        platform: String = "ios",
        protection: String = "hardware",
        pin: String? = nil
    ) async throws {
        var body = ["code": code, "name": name, "platform": platform, "protection": protection]
        body["pin"] = pin
        _ = try await call("POST", "/device/v1/enrolments", body)
    }

    /// The logins that wait for the user.
    public func logins() async throws -> [Login] {
        let answer = try await call("GET", "/device/v1/logins")
        let list = try JSONDecoder().decode(Login.List.self, from: answer)
        return try list.logins.map { try Login($0, key) }
    }

    public func login(_ id: String) async throws -> Login {
        let answer = try await call("GET", "/device/v1/logins/\(segment(id))")
        return try Login(JSONDecoder().decode(Login.Document.self, from: answer), key)
    }

    /// Decides a login as it was shown, and returns the receipt as JSON.
    @discardableResult
    public func decide(
        _ choice: Choice,
        _ login: Login,
        _ approval: Approval = Approval()
    ) async throws -> Data {
        let signed = try sign(
            "beckon-decision+jwt",
            [
                "challenge": challenge(choice, login, approval).base64url, "login": login.id,
                "decision": choice.rawValue, "digest": login.digest.base64url,
            ]
        )
        var body: [String: Any] = ["decision": choice.rawValue, "signature": signed]
        if choice == .approve {
            body["digest"] = login.digest.base64url
            body["accounts"] = approval.accounts
            body["scopes"] = approval.scopes
            body["pin"] = approval.pin
            body["code"] = approval.code
        }
        return try await call("POST", "/device/v1/logins/\(segment(login.id))/decision", body)
    }

    /// What the key signs: this choice for this login, with exactly this grant and what was shown.
    func challenge(_ choice: Choice, _ login: Login, _ approval: Approval) throws -> Data {
        // In the order in which they were shown, each once.
        func shown(_ names: [String], where isGranted: (String) -> Bool) -> [String] {
            var seen: Set<Data> = []
            return names.filter {
                choice == .approve && seen.insert(Data($0.utf8)).inserted && isGranted($0)
            }
        }
        let accounts = shown(login.accounts.map(\.id)) { id in
            login.accountChoice == "fixed" || (approval.accounts ?? []).contains { same($0, id) }
        }
        let implicit = login.consent.scopes.filter { $0.implicit ?? false }.map(\.name)
        let scopes = shown(login.consent.scopes.map(\.name)) { name in
            (approval.scopes.map { $0 + implicit } ?? [name]).contains { same($0, name) }
        }
        let grant = #"{"accounts":\#(canonical(accounts)),"scopes":\#(canonical(scopes))}"#
        return try key.sha256(
            Data(("beckon-decision-v1" + login.id + choice.rawValue).utf8)
                + key.sha256(Data(grant.utf8)) + login.digest + login.nonce
        )
    }

    // MARK: Calling

    /// One request with a proof of the key, and once more if the service asks for its nonce.
    private func call(
        _ method: String,
        _ path: String,
        _ body: [String: Any]? = nil
    ) async throws -> Data {
        let used = nonce
        let content = try body.map { try JSONSerialization.data(withJSONObject: $0) }
        var (data, answer) = try await send(method, path, content)
        if answer.statusCode == 401, nonce != used,
            answer.value(forHTTPHeaderField: "WWW-Authenticate")?.contains("use_dpop_nonce") == true
        {
            (data, answer) = try await send(method, path, content)
        }
        guard (200...299).contains(answer.statusCode) else {
            throw DeviceError(status: answer.statusCode, problem: data)
        }
        return data
    }

    private func send(
        _ method: String,
        _ path: String,
        _ body: Data?
    ) async throws -> (Data, HTTPURLResponse) {
        let (data, response) = try await URLSession.shared.data(for: request(method, path, body))
        guard let answer = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        nonce = answer.value(forHTTPHeaderField: "DPoP-Nonce") ?? nonce
        return (data, answer)
    }

    private func request(_ method: String, _ path: String, _ body: Data?) throws -> URLRequest {
        guard let url = URL(string: service + path) else { throw URLError(.badURL) }
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        request.httpMethod = method
        request.httpBody = body
        if body != nil { request.setValue("application/json", forHTTPHeaderField: "Content-Type") }
        var claims: [String: Any] = [
            "jti": UUID().uuidString, "htm": method, "htu": service + path,
            "iat": Int(Date().timeIntervalSince1970),
        ]
        claims["nonce"] = nonce
        let point = key.publicKey
        let jwk = [
            "kty": "EC", "crv": "P-256", "x": point.prefix(32).base64url,
            "y": point.suffix(32).base64url,
        ]
        request.setValue(try sign("dpop+jwt", claims, ["jwk": jwk]), forHTTPHeaderField: "DPoP")
        return request
    }

    /// A compact JWS (RFC 7515) with ES256.
    private func sign(
        _ type: String,
        _ payload: [String: Any],
        _ header: [String: Any] = [:]
    ) throws -> String {
        let header = header.merging(["typ": type, "alg": "ES256"]) { $1 }
        let text = try [header, payload]
            .map { try JSONSerialization.data(withJSONObject: $0).base64url }
            .joined(separator: ".")
        return text + "." + (try key.sign(Data(text.utf8)).base64url)
    }
}

#if !canImport(FoundationNetworking)
extension Device {
    public struct Event: Decodable, Sendable {
        public let id: String
        /// `arrived`, `changed` or `withdrawn`.
        public let state: String
        public let reason: String?
    }

    /// Logins as they arrive, change, or can no longer be decided. Call it again when it ends.
    public nonisolated func events() -> AsyncThrowingStream<Event, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let request = try await self.request("GET", "/device/v1/events", nil)
                    let (bytes, _) = try await URLSession.shared.bytes(for: request)
                    for try await line in bytes.lines where line.hasPrefix("data: ") {
                        let data = Data(line.dropFirst(6).utf8)
                        continuation.yield(try JSONDecoder().decode(Event.self, from: data))
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
#endif

/// By their bytes: two spellings of one name are two names.
private func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

private func segment(_ text: String) -> String {
    let plain = CharacterSet(charactersIn: "-._~").union(
        .alphanumerics.intersection(.init(charactersIn: "\u{0}"..."\u{7F}"))
    )
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
}

/// Strings as RFC 8785 writes them.
private func canonical(_ texts: [String]) -> String {
    let quoted = texts.map { text in
        let letters = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\u{8}": "\\b"
            case "\t": "\\t"
            case "\n": "\\n"
            case "\u{C}": "\\f"
            case "\r": "\\r"
            case "\u{0}"..<" ": String(format: "\\u%04x", scalar.value)
            default: String(scalar)
            }
        }
        return "\"" + letters.joined() + "\""
    }
    return "[" + quoted.joined(separator: ",") + "]"
}

extension Data {
    fileprivate var base64url: String {
        base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    fileprivate init?(base64url text: String) {
        let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(
            of: "_",
            with: "/"
        )
        self.init(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4))
    }
}
