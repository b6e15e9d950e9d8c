import Cryptography
public import HTTP
public import JOSE
public import JSON
import Threads

/// An enrolled device as a program. It uses the public device API only, and computes what it signs
/// from what it was shown, with code of its own.
public final class ReferenceDevice: Sendable {
    /// What a device keeps: the service, and its key. Whoever has it can decide as the device.
    public struct Registration: Sendable {
        /// The address of the service, without a slash at its end.
        public let service: String
        /// The device's key.
        public let key: SigningKey

        /// A new key for a service. `algorithm` is ES256 or EdDSA.
        ///
        /// - Throws: `JOSEError`.
        public init(service: String, algorithm: SignatureAlgorithm) throws {
            self.service = service.hasSuffix("/") ? String(service.dropLast()) : service
            key = try SigningKey.generate(algorithm)
        }

        /// Reads what `text()` returned; nil if it is something else.
        public init?(_ bytes: [UInt8]) {
            guard let file = try? JSONValue(bytes), let service = file["service"]?.string,
                let jwk = file["key"],
                let key = try? SigningKey(text: String(decoding: jwk.bytes, as: UTF8.self))
            else { return nil }
            self.service = service
            self.key = key
        }

        /// JSON with the private key, for a file that only its owner may read.
        ///
        /// - Throws: `JOSEError`.
        public func text() throws -> String {
            let file = JSONValue.members([
                "service": .string(service), "key": try key.secretJWK(),
            ])
            return String(decoding: file.bytes, as: UTF8.self) + "\n"
        }
    }

    /// Why a call has failed.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// Half a sentence. What the service wrote is as it came.
        public let description: String
        /// Of the answer; nil if there was none.
        public let status: Int?
        /// The answer's body (RFC 9457).
        public let problem: JSONValue?

        init(_ description: String, status: Int? = nil, problem: JSONValue? = nil) {
            self.description = description
            self.status = status
            self.problem = problem
        }
    }

    /// An answer with a status of 2xx or 304.
    public struct Answer: Sendable {
        /// The status code.
        public let status: Int
        /// Null without a body.
        public let body: JSONValue
        /// `ETag`.
        public let tag: String?
    }

    /// Its service and key.
    public let registration: Registration
    private let http: any OutboundHTTP
    private let destination: Destination
    private let clock: any SimulatorClock
    /// How far its clock is from the right time, in milliseconds.
    private let offset: Int64
    /// For the next proof (RFC 9449 §8).
    private let nonce = Locked<String?>(nil)

    /// `offset` makes the device's clock wrong, in milliseconds.
    public init(
        _ registration: Registration,
        http: any OutboundHTTP,
        destination: Destination = Destination(),
        clock: any SimulatorClock = MachineClock(),
        offset: Int64 = 0
    ) {
        self.registration = registration
        self.http = http
        self.destination = destination
        self.clock = clock
        self.offset = offset
    }

    // MARK: The interface

    /// Registers the key with a code that the user got.
    public func enrol(
        code: String,
        name: String,
        platform: String = "other",
        languages: [String] = [],
        pin: String? = nil
    ) async throws(Failure) -> JSONValue {
        let body = JSONValue.members([
            "code": .string(code), "name": .string(name), "platform": .string(platform),
            "languages": languages.isEmpty ? nil : .texts(languages),
            "protection": .string("software"), "pin": .text(pin),
        ])
        return try await send(.post, "/device/v1/enrolments", body).body
    }

    /// The logins that wait for the user.
    public func logins() async throws(Failure) -> [JSONValue] {
        try await send(.get, "/device/v1/logins").body["logins"]?.array ?? []
    }

    /// One login. With the tag of what was seen, it waits up to `seconds` for a change; the status is
    /// 304 if there was none.
    public func login(
        _ id: String,
        seen tag: String? = nil,
        wait seconds: Int = 0
    ) async throws(Failure) -> Answer {
        var fields: [Field] = []
        if let tag {
            fields = [Field("If-None-Match", tag), Field("Prefer", "wait=\(seconds)")]
        }
        return try await send(
            .get,
            "/device/v1/logins/" + Self.segment(id),
            fields: fields,
            limit: .seconds(Int64(seconds) + 15)
        )
    }

    /// Follows the user's logins until the stream ends. `news` is called at its beginning, after each
    /// change, and now and then.
    func events(
        limit: Duration,
        _ open: @escaping LoginFollower.StreamingCall,
        news: @escaping @Sendable () -> Void
    ) async throws(Failure) {
        _ = try await send(
            .get,
            "/device/v1/events",
            limit: limit,
            by: { request throws(OutboundError) in try await open(request) { _ in news() } }
        )
    }

    /// Decides a login as it was shown.
    public func decide(
        _ choice: DeviceDecision.Choice,
        _ login: ShownLogin,
        selecting selection: DeviceDecision.Selection = .init(),
        pin: String? = nil,
        code: String? = nil
    ) async throws(Failure) -> Answer {
        let decision = DeviceDecision(choice, login, selection)
        let body = JSONValue.members([
            "decision": .string(choice.rawValue),
            "accounts": choice == .approve ? selection.accounts.map { .texts($0) } : nil,
            "scopes": choice == .approve ? selection.scopes.map { .texts($0) } : nil,
            "digest": choice == .approve ? .text(login.digest) : nil,
            "signature": .string(try signed(decision)),
            "pin": .text(pin), "code": .text(code),
        ])
        return try await send(.post, "/device/v1/logins/\(Self.segment(login.id))/decision", body)
    }

    private static func segment(_ id: String) -> String { PercentEncoding.encodeSegment(id) ?? "" }

    private func signed(_ decision: DeviceDecision) throws(Failure) -> String {
        try sign(decision.payload, "beckon-decision+jwt", named: "decision")
    }

    // MARK: Calling

    /// Makes a call.
    typealias Transport =
        @Sendable (OutboundRequest) async throws(OutboundError) -> OutboundResponse

    /// One request with a proof of the key, and once more if the service asks for its nonce.
    func send(
        _ method: Method,
        _ path: String,
        _ body: JSONValue? = nil,
        fields: [Field] = [],
        limit: Duration = .seconds(20),
        by transport: Transport? = nil
    ) async throws(Failure) -> Answer {
        let used = nonce.withLock { $0 }
        let transport =
            transport ?? { [http] request throws(OutboundError) in
                try await http.send(request)
            }
        var response = try await call(method, path, body, fields, limit, used, transport)
        if response.status == 401, let next = nonce.withLock({ $0 }), next != used,
            response.fields.first("www-authenticate")?.contains("use_dpop_nonce") ?? false
        {
            response = try await call(method, path, body, fields, limit, next, transport)
        }
        let value = (try? JSONValue(response.body)) ?? .null
        guard (200..<300).contains(response.status) || response.status == 304 else {
            let why = value["detail"]?.string ?? value["title"]?.string ?? "no reason"
            throw Failure(
                "the service answers \(response.status): \(why)",
                status: response.status,
                problem: value
            )
        }
        return Answer(status: response.status, body: value, tag: response.fields.first("etag"))
    }

    private func call(
        _ method: Method,
        _ path: String,
        _ body: JSONValue?,
        _ fields: [Field],
        _ limit: Duration,
        _ nonce: String?,
        _ transport: Transport
    ) async throws(Failure) -> OutboundResponse {
        var fields = fields
        fields.append(Field("DPoP", try proof(method, path, nonce)))
        if body != nil { fields.append(Field("Content-Type", "application/json")) }
        let response: OutboundResponse
        do {
            response = try await transport(
                OutboundRequest(
                    method,
                    registration.service + path,
                    fields: fields,
                    body: body?.bytes ?? [],
                    destination: destination,
                    timeLimit: limit,
                    responseLimit: 4 << 20
                )
            )
        } catch {
            throw Failure("the service cannot be called: \(error.reason)")
        }
        if let next = response.fields.first("dpop-nonce") { self.nonce.withLock { $0 = next } }
        return response
    }

    /// A proof of possession for one request (RFC 9449 §4.2).
    private func proof(
        _ method: Method,
        _ path: String,
        _ nonce: String?
    ) throws(Failure) -> String {
        let claims = JSONValue.members([
            "jti": .string(Base64URL.encode(Random.bytes(16))),
            "htm": .string(method.name), "htu": .string(registration.service + path),
            "iat": .integer((clock.now() + offset) / 1000), "nonce": .text(nonce),
        ])
        return try sign(claims, "dpop+jwt", named: "proof", withKey: true)
    }

    private func sign(
        _ payload: JSONValue,
        _ type: String,
        named name: String,
        withKey: Bool = false
    ) throws(Failure) -> String {
        var header = [JSONObject.Member(name: "typ", value: .string(type))]
        if withKey, let key = registration.key.verificationKey.jwk {
            header.append(.init(name: "jwk", value: key))
        }
        do {
            return try JWS.sign(
                payload: payload.bytes,
                header: JSONObject(header),
                key: registration.key
            )
        } catch {
            throw Failure("the \(name) cannot be signed: \(error)")
        }
    }
}
