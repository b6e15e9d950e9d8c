public import Cryptography
public import HTTP
import Threads

/// Decides whether a peer is the authorization server it should be. Shared by all adapters.
///
/// It says only yes or no: which part was wrong is nobody's business but the log's.
public struct InboundGuard: Sendable {
    /// One pair that is accepted. Several at once, while a secret is being replaced.
    public struct BasicCredential: Sendable {
        let user: [UInt8]
        let password: SecretHash
        public init(user: String, password: SecretHash) {
            self.user = Array(user.utf8)
            self.password = password
        }
    }

    /// An API key in a header field [IN-4].
    public struct APIKey: Sendable {
        /// In lower case.
        public let field: String
        public let values: [SecretHash]
        public init(field: String, values: [SecretHash]) {
            self.field = field.lowercased()
            self.values = values
        }
    }

    public enum Verdict: Sendable {
        case accepted
        /// The address is not on the list, or a required certificate is missing: 403.
        case forbidden(String)
        /// 401.
        case unauthenticated(String)
    }

    private let basic: [BasicCredential]
    private let apiKey: APIKey?
    private let allowed: [AddressRange]
    private let requiresCertificate: Bool
    /// Field values that were accepted lately, at most one for each credential.
    private let accepted = Locked<[[UInt8]]>([])

    /// An empty `allowed` list lets every address try. At least one secret must be configured:
    /// there is no way to let everybody in.
    public init(
        basic: [BasicCredential],
        apiKey: APIKey? = nil,
        allowed: [AddressRange] = [],
        requiresCertificate: Bool = false
    ) {
        precondition(!basic.isEmpty || apiKey != nil, "some secret is required")
        self.basic = basic
        self.apiKey = apiKey
        self.allowed = allowed
        self.requiresCertificate = requiresCertificate
    }

    public func judge(_ request: Request) -> Verdict {
        if !allowed.isEmpty, !allowed.contains(where: { $0.contains(request.peer.address) }) {
            return .forbidden("address")
        }
        if requiresCertificate, request.peer.certificate == nil { return .forbidden("certificate") }
        if let range = request.range(of: "authorization") {
            return acceptsBasic(request.bytes, range) ? .accepted : .unauthenticated("basic")
        }
        if let apiKey {
            return accepts(apiKey, request) ? .accepted : .unauthenticated("api key")
        }
        return .unauthenticated("nothing presented")
    }

    /// RFC 7617 §2. What was accepted once is recognised whole, which is quicker than decoding and
    /// hashing it again. The price: those bytes stay in memory for the life of the process.
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

    /// The user-id ends at the first colon, the password may have more.
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
        // Every credential is compared in full, whatever the earlier ones said.
        var isAccepted = false
        for credential in basic {
            let isUser = ConstantTime.equal(credential.user[...], pair[..<colon])
            let isPassword = credential.password.matches(pair[(colon + 1)...])
            isAccepted = isUser && isPassword || isAccepted
        }
        return isAccepted
    }

    private func accepts(_ apiKey: APIKey, _ request: Request) -> Bool {
        let values = request.fieldRanges.filter { field in
            let name = request.bytes[Int(field.name.lowerBound)..<Int(field.name.upperBound)]
            return String(decoding: name, as: UTF8.self).lowercased() == apiKey.field
        }
        guard values.count == 1 else { return false }
        let range = Int(values[0].value.lowerBound)..<Int(values[0].value.upperBound)
        return apiKey.values.reduce(false) { $1.matches(request.bytes[range]) || $0 }
    }
}
