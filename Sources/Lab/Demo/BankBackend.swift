import Cryptography
public import HTTP
import JOSE
import JSON

/// The backend of the demo's bank: it records a user's consent, and acts for the user by means of a
/// delegated client, without the user.
///
/// It makes real calls with the certificates in a folder, and shows each as the command that does the
/// same.
public struct BankBackend: Sendable {
    /// Something that the backend did.
    public struct Step: Sendable {
        let title: String
        /// For a shell with curl, openssl and jq.
        let command: String
        /// Nil if there was no call, or no answer.
        let status: Int?
        let answer: JSONValue?

        var json: JSONValue {
            .members([
                "title": .string(title), "command": .string(command),
                "status": status.map { .integer($0) }, "answer": answer,
            ])
        }
    }

    /// The client that records consents.
    public static let bank = "bank-backend"
    /// The delegated client.
    public static let robot = "payout-robot"
    /// The name of its key.
    public static let robotKey = "k-1"

    /// Where Beckon's clients call, without a slash at its end.
    private let url: String
    /// Has `tls.pem`, and certificate and key of each client, named after it.
    private let folder: String
    private let signer: SigningKey
    private let http: any OutboundHTTP
    private let clock: any SimulatorClock

    /// `key` is the private key of the delegated client, in PEM.
    ///
    /// - Throws: `JOSEError`.
    public init(
        url: String,
        folder: String,
        key: String,
        http: any OutboundHTTP,
        clock: any SimulatorClock = MachineClock()
    ) throws {
        self.url = url
        self.folder = folder
        signer = try SigningKey(text: key, id: Self.robotKey)
        self.http = http
        self.clock = clock
    }

    // MARK: The consent

    /// Records that a user has given the consent to delegation, as the bank's onboarding does.
    public func recordConsent(of user: String) async -> [Step] {
        var steps: [Step] = []
        let form = Form([
            Field("grant_type", "client_credentials"), Field("client_id", Self.bank),
        ])
        let token = await call(
            "The bank's backend gets a token with its certificate",
            as: Self.bank,
            .post,
            "/oauth2/token",
            form: form,
            &steps
        )?["access_token"]?.string
        guard let token else { return steps }
        let body = JSONValue.members([
            "user": .string(user), "client_id": .string(Self.robot),
            "text_version": .string("demo-1"),
            "text": .string("The payout robot may answer sign-in requests for me."),
            "language": .string("en"), "accepted_at": .moment(clock.now()),
            "address": .string("127.0.0.1"),
        ])
        _ = await call(
            "It records the consent that the user gave during onboarding",
            as: Self.bank,
            .post,
            "/backend/v1/delegation-consents",
            token: token,
            json: body,
            &steps
        )
        return steps
    }

    /// Records the consent as soon as Beckon answers. Returns when it did, or after ten seconds.
    public func recordFirstConsent(of user: String) async {
        for _ in 0..<50 where !Task.isCancelled {
            if await recordConsent(of: user).first?.status != nil { return }
            await clock.sleep(until: clock.now() + 200)
        }
    }

    // MARK: Acting for the user

    /// Approves the newest login that waits for the user.
    public func approve(for user: String) async -> [Step] {
        var steps: [Step] = []
        guard let assertion = self.assertion(for: user, &steps) else { return steps }
        let form = Form([
            Field("grant_type", "client_credentials"),
            Field(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            ), Field("client_assertion", assertion),
        ])
        let token = await call(
            "Beckon checks assertion, certificate and consent, and issues a token for this user",
            as: Self.robot,
            .post,
            "/oauth2/token",
            form: form,
            &steps
        )?["access_token"]?.string
        guard let token else { return steps }
        let list = await call(
            "The robot lists the logins of the user",
            as: Self.robot,
            .get,
            "/backend/v1/logins",
            token: token,
            &steps
        )
        let waiting = list?["logins"]?.array?.first { $0["phase"]?.string == "waiting" }
        guard let server = waiting?["server"]?.string.flatMap(PercentEncoding.encodeSegment),
            let id = waiting?["id"]?.string.flatMap(PercentEncoding.encodeSegment)
        else {
            if list != nil {
                steps.append(
                    Step(
                        title: "No login waits for the user. Start one, and try again.",
                        command: "",
                        status: nil,
                        answer: nil
                    )
                )
            }
            return steps
        }
        let path = "/backend/v1/logins/\(server)/\(id)"
        let login = await call(
            "It reads what is requested, with its digest",
            as: Self.robot,
            .get,
            path,
            token: token,
            &steps
        )
        guard let digest = login?["consent"]?["digest"] else { return steps }
        _ = await call(
            "It approves what the policy allows to be approved without the user",
            as: Self.robot,
            .post,
            path + "/decision",
            token: token,
            json: .members(["decision": .string("approve"), "digest": digest]),
            &steps
        )
        return steps
    }

    private func assertion(for user: String, _ steps: inout [Step]) -> String? {
        let now = clock.now() / 1000
        let claims = JSONValue.members([
            "iss": .string(Self.robot), "sub": .string(user), "aud": .string(url),
            "iat": .integer(now), "exp": .integer(now + 300),
            "jti": .string(Base64URL.encode(Random.bytes(16))),
        ])
        guard let token = try? JWS.sign(payload: claims.bytes, key: signer) else { return nil }
        steps.append(
            Step(
                title: "The robot signs an assertion (a JWT) that names the user",
                command: "",
                status: nil,
                answer: claims
            )
        )
        return token
    }

    // MARK: Calling

    /// The body of a 2xx answer; nil for anything else.
    private func call(
        _ title: String,
        as client: String,
        _ method: Method,
        _ path: String,
        token: String? = nil,
        form: Form? = nil,
        json: JSONValue? = nil,
        _ steps: inout [Step]
    ) async -> JSONValue? {
        var fields: [Field] = []
        if let token { fields.append(Field("Authorization", "Bearer " + token)) }
        if form != nil {
            fields.append(Field("Content-Type", "application/x-www-form-urlencoded"))
        }
        if json != nil { fields.append(Field("Content-Type", "application/json")) }
        let request = OutboundRequest(
            method,
            url + path,
            fields: fields,
            body: form?.bytes ?? json?.bytes ?? [],
            destination: Destination(
                authorities: folder + "/tls.pem",
                certificate: "\(folder)/\(client).pem",
                key: "\(folder)/\(client).key",
                proxy: ""
            )
        )
        let answer = try? await http.send(request)
        let body = answer.flatMap { try? JSONValue($0.body) }
        steps.append(
            Step(
                title: title,
                command: command(as: client, path, hasToken: token != nil, form, json),
                status: answer?.status,
                answer: body?.withShortTokens
            )
        )
        guard let answer, (200..<300).contains(answer.status) else { return nil }
        return body
    }

    private func command(
        as client: String,
        _ path: String,
        hasToken: Bool,
        _ form: Form?,
        _ json: JSONValue?
    ) -> String {
        var lines = [
            "curl --cacert \(folder)/tls.pem --cert \(folder)/\(client).pem "
                + "--key \(folder)/\(client).key",
            "  \(url)\(path)",
        ]
        if hasToken { lines.append(#"  -H "Authorization: Bearer $token""#) }
        for field in form?.fields ?? [] {
            let value = field.name == "client_assertion" ? "$assertion" : field.value
            lines.append("  -d \(field.name)=\(value)")
        }
        if let json {
            lines.append("  -H 'Content-Type: application/json'")
            lines.append("  -d '\(String(decoding: json.bytes, as: UTF8.self))'")
        }
        return lines.joined(separator: " \\\n")
    }
}

extension JSONValue {
    /// The beginning of a token is enough to recognise it.
    fileprivate var withShortTokens: JSONValue {
        guard let token = self["access_token"]?.string else { return self }
        return replacing(["access_token"], with: .string("\(token.prefix(24))…"))
    }
}
