import Access
import Cryptography
import HTTP
import JOSE
import Logins
import Texts

/// Who a token request says that it is from, and by what it wants to prove that. Nothing of it is
/// checked yet.
struct ClientClaim: Sendable {
    /// The one way in which a request authenticates (RFC 6749 §2.3).
    enum Proof: Sendable {
        case assertion(String)
        case basic([UInt8])
        case post([UInt8])
        /// Nothing but the certificate.
        case certificate
    }

    static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    let id: APIClientID
    let proof: Proof

    var usesBasic: Bool { if case .basic = proof { true } else { false } }

    /// Reads the claim of a request.
    init(_ request: Request, _ form: TokenForm) throws(TokenRefusal) {
        let header = try Self.basic(request)
        let assertion = try Self.assertion(form)
        let secret = form["client_secret"]
        let used = (header == nil ? 0 : 1) + (assertion == nil ? 0 : 1) + (secret == nil ? 0 : 1)
        guard used <= 1 else { throw .request("The client must authenticate in one way only") }
        let named = form["client_id"]
        let name: String?
        if let header {
            (name, proof) = (header.name, .basic(header.secret))
        } else if let assertion {
            (name, proof) = (JWT.unverifiedIssuer(of: assertion), .assertion(assertion))
        } else if let secret {
            (name, proof) = (named, .post(Array(secret.utf8)))
        } else {
            (name, proof) = (named, .certificate)
        }
        guard let name, let id = APIClientID(name) else { throw .client("no client named") }
        guard named?.isExactly(name) ?? true else {
            throw .client("client_id names another client than the credentials")
        }
        self.id = id
    }

    /// Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
    private static func basic(
        _ request: Request
    ) throws(TokenRefusal) -> (name: String, secret: [UInt8])? {
        let fields = request.fields("authorization")
        guard let field = fields.first else { return nil }
        guard fields.count == 1 else { throw .request("Authorization must be given once") }
        let parts = field.split(byte: " ")
        guard parts.count == 2, String(parts[0]).lowercased().isExactly("basic"),
            let pair = Base64.decode(String(parts[1])),
            let colon = pair.firstIndex(of: UInt8(ascii: ":")),
            let name = PercentEncoding.decode(pair[..<colon], plusIsSpace: true),
            let secret = PercentEncoding.decode(pair[(colon + 1)...], plusIsSpace: true)
        else { throw .client("Authorization cannot be read", challenges: true) }
        return (name, Array(secret.utf8))
    }

    private static func assertion(_ form: TokenForm) throws(TokenRefusal) -> String? {
        let type = form["client_assertion_type"]
        let assertion = form["client_assertion"]
        switch (type, assertion) {
        case (nil, nil): return nil
        case (.some(let type), .some(let assertion)):
            guard type.isExactly(assertionType) else {
                throw .request("client_assertion_type must be \(assertionType)")
            }
            return assertion
        case (.some, nil), (nil, .some):
            throw .request("client_assertion and client_assertion_type must be given together")
        }
    }
}

/// The form of a token request. A parameter without a value counts as left out (RFC 6749 §3.1).
struct TokenForm: Sendable {
    private let form: Form

    /// - Throws: `TokenRefusal` for another media type, a query, a parameter that is given twice.
    init(_ request: Request) throws(TokenRefusal) {
        guard request.contentType == "application/x-www-form-urlencoded" else {
            throw .request("Content-Type must be application/x-www-form-urlencoded")
        }
        guard request.queryRange.isEmpty else {
            throw .request("Parameters must be in the body")
        }
        guard let form = Form(request.body) else {
            throw .request("The body must be a form that has each parameter once")
        }
        self.form = form
    }

    subscript(name: String) -> String? {
        form[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
