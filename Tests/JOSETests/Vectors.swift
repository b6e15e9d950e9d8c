import Foundation
import JOSE
import JSON
import Testing

/// Published tokens with their keys, from the files in `Vectors`; each file names its source.
struct Vector: Sendable, CustomTestStringConvertible {
    let name: String
    let key: JSONValue
    let token: String
    let isValid: Bool
    /// Whether signing the payload again gives the token again.
    let isReproducible: Bool

    var testDescription: String { name }

    /// The appendices of RFC 7515 and RFC 8037, and RFC 7520 §4.
    static func signatures() throws -> [Vector] {
        try (file("signatures.json")["signatures"]?.array ?? []).map { entry in
            Vector(
                name: try #require(entry["name"]?.string),
                key: try #require(entry["key"]),
                token: try #require(entry["token"]?.string),
                isValid: true,
                isReproducible: entry["reproducible"] == .bool(true)
            )
        }
    }

    static func wycheproof() throws -> [Vector] {
        try (file("wycheproof.json")["groups"]?.array ?? []).flatMap { group in
            try (group["tests"]?.array ?? []).map { test in
                Vector(
                    name: "\(test["id"]?.integer ?? 0) \(test["comment"]?.string ?? "")",
                    key: try #require(group["key"]),
                    token: try #require(test["jws"]?.string),
                    isValid: test["valid"] == .bool(true),
                    isReproducible: false
                )
            }
        }
    }

    /// The key as a verifier holds it: the public half, or the shared secret.
    func keys() throws -> JWKSet {
        if key["kty"]?.string == "oct" {
            let jwk = try JWK(key)
            return JWKSet([VerificationKey(secret: try jwk.secret(), id: jwk.id)])
        }
        let secret: Set = ["d", "p", "q", "dp", "dq", "qi"]
        let members = (key.object?.members ?? []).filter { !secret.contains($0.name) }
        let half = JSONValue.object(JSONObject(members))
        return try JWKSet(
            .object(JSONObject([.init(name: "keys", value: .array([half]))]))
        )
    }

    private static func file(_ name: String) throws -> JSONValue {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let path = folder.appending(path: "Vectors/\(name)")
        return try JSONValue(Array(Data(contentsOf: path)))
    }
}

/// Keys that many tests use; each is made once.
enum TestKeys {
    static let es256 = Result { try SigningKey.generate(.es256, id: "ec") }
    static let rs256 = Result { try SigningKey.generate(.rs256, id: "rsa") }
    static let ps256 = Result { try SigningKey.generate(.ps256, id: "pss") }
    static let edDSA = Result { try SigningKey.generate(.edDSA, id: "ed") }
    static let hs256 = Result {
        SigningKey(
            secret: try SharedSecret(Array("a secret of thirty-two bytes, 32".utf8)),
            id: "mac"
        )
    }

    static func key(_ algorithm: SignatureAlgorithm) throws -> SigningKey {
        switch algorithm {
        case .es256: try es256.get()
        case .rs256: try rs256.get()
        case .ps256: try ps256.get()
        case .edDSA: try edDSA.get()
        case .hs256: try hs256.get()
        }
    }

    /// All of them, as a verifier has them.
    static func all() throws -> JWKSet {
        JWKSet(try SignatureAlgorithm.allCases.map { try key($0).verificationKey })
    }
}

extension JSONValue {
    init(json text: String) throws { self = try JSONValue(Array(text.utf8)) }
}
