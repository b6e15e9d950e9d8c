import Access
import Cryptography
import HTTP
import Threads

/// Authenticates the calls of an authorization server. Shared by all kinds.
///
/// The peer is only told yes or no; the log has the part that was wrong.
struct InboundGuard: Sendable {
    /// One accepted pair. There are several during rotation.
    struct BasicCredential: Sendable {
        let user: [UInt8]
        let password: SecretHash
        init(user: String, password: SecretHash) {
            self.user = Array(user.utf8)
            self.password = password
        }
    }

    /// An API key in a header field [IN-4].
    struct APIKey: Sendable {
        /// In lower case.
        let field: String
        let values: [SecretHash]
        init(field: String, values: [SecretHash]) {
            self.field = field.lowercased()
            self.values = values
        }
    }

    enum Verdict: Sendable {
        case accepted
        /// The address is not allowed, or a required certificate is missing: 403.
        case forbidden(String)
        /// 401.
        case unauthenticated(String)
    }

    /// What was wrong with a call without credentials.
    static let nothing = "nothing presented"
    /// What was wrong with a call with several keys: two readers could each choose another one.
    static let repeated = "repeated api key"

    let basic: [BasicCredential]
    let apiKey: APIKey?
    let allowed: [AddressRange]
    let requiresCertificate: Bool
    /// The certificates that are accepted; empty for every one that an authority has issued.
    let certificates: [CertificateName]
    /// The accepted `Authorization` values, at most one for each credential.
    private let accepted = Locked<[[UInt8]]>([])

    /// An empty `allowed` list allows every address. Without any secret every call is refused.
    init(
        basic: [BasicCredential],
        apiKey: APIKey? = nil,
        allowed: [AddressRange] = [],
        requiresCertificate: Bool = false,
        certificates: [CertificateName] = []
    ) {
        self.basic = basic
        self.apiKey = apiKey
        self.allowed = allowed
        self.requiresCertificate = requiresCertificate
        self.certificates = certificates
    }

    /// A credential that both guards accept, in words; nil when there is none.
    ///
    /// Of a password only the salted hash is known, so a user name that both have is one.
    func sharedCredential(with other: InboundGuard) -> String? {
        if let shared = basic.first(where: { one in other.basic.contains { $0.user == one.user } })
        {
            return "the user \(String(decoding: shared.user, as: UTF8.self))"
        }
        if let apiKey, let others = other.apiKey, apiKey.field == others.field,
            apiKey.values.contains(where: others.values.contains)
        {
            return "a key in \(apiKey.field)"
        }
        return nil
    }

    func judge(_ request: Request) -> Verdict {
        if !allowed.isEmpty, !allowed.contains(where: { $0.contains(request.peer.address) }) {
            return .forbidden("address")
        }
        if requiresCertificate, !acceptsCertificate(request.peer.certificate) {
            return .forbidden("certificate")
        }
        if let range = request.range(of: "authorization") {
            return acceptsBasic(request.bytes, range) ? .accepted : .unauthenticated("basic")
        }
        if let apiKey {
            let values = values(of: apiKey, request)
            if values.count > 1 { return .unauthenticated(Self.repeated) }
            return accepts(apiKey, values, request) ? .accepted : .unauthenticated("api key")
        }
        return .unauthenticated(Self.nothing)
    }

    private func acceptsCertificate(_ certificate: PeerCertificate?) -> Bool {
        guard let certificate else { return false }
        if certificates.isEmpty { return certificate.isVerified }
        return certificates.contains { $0.identifies(certificate) }
    }

    /// An accepted value is compared as a whole afterwards, which is faster than decoding and hashing
    /// it again, but keeps the value in memory (RFC 7617 §2).
    private func acceptsBasic(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        let value = bytes[range]
        let isKnown = accepted.withLock { accepted in
            var isKnown = false
            for known in accepted { isKnown = ConstantTime.equal(known[...], value) || isKnown }
            return isKnown
        }
        if isKnown { return true }
        guard verifiesBasic(bytes, range) else { return false }
        accepted.withLock { accepted in
            if accepted.count >= basic.count { accepted.removeFirst() }
            accepted.append(Array(value))
        }
        return true
    }

    /// The user name ends at the first colon; the password may contain more.
    private func verifiesBasic(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        let scheme: StaticString = "basic "
        guard range.count > scheme.utf8CodeUnitCount, range.count <= 1024 else { return false }
        let isBasic = scheme.withUTF8Buffer { scheme in
            for index in scheme.indices
            where bytes[range.lowerBound + index] | 0x20 != scheme[index] {
                return false
            }
            return true
        }
        guard isBasic else { return false }
        let token = (range.lowerBound + scheme.utf8CodeUnitCount)..<range.upperBound
        guard let pair = Base64.decode(bytes.span.extracting(token)),
            let colon = pair.firstIndex(of: UInt8(ascii: ":"))
        else { return false }
        // Every credential is compared in full, so that the time does not tell which one failed.
        var isAccepted = false
        for credential in basic {
            let isUser = ConstantTime.equal(credential.user[...], pair[..<colon])
            let isPassword = credential.password.matches(pair[(colon + 1)...])
            isAccepted = isUser && isPassword || isAccepted
        }
        return isAccepted
    }

    private func values(of apiKey: APIKey, _ request: Request) -> [Request.FieldRange] {
        request.fieldRanges.filter { field in
            let name = request.bytes[Int(field.name.lowerBound)..<Int(field.name.upperBound)]
            return String(decoding: name, as: UTF8.self).lowercased() == apiKey.field
        }
    }

    private func accepts(
        _ apiKey: APIKey,
        _ values: [Request.FieldRange],
        _ request: Request
    ) -> Bool {
        guard values.count == 1 else { return false }
        let range = Int(values[0].value.lowerBound)..<Int(values[0].value.upperBound)
        return apiKey.values.reduce(false) { $1.matches(request.bytes[range]) || $0 }
    }
}
