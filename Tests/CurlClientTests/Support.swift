import CurlClient
import Foundation
import HTTP
import TestSupport
import Testing

/// One plain peer for all tests that need no other: starting it blocks a thread of the shared pool.
/// Tests that count use paths of their own.
let sharedPeer = Result { try PeerProcess(script: "peer.py") }

/// A path that nobody else asks for.
func unique(_ path: String) -> String { "\(path)/\(UUID().uuidString)" }

/// The outcome of one exchange, for tables.
func send(
    _ client: CurlHTTPClient,
    _ request: OutboundRequest
) async -> Result<OutboundResponse, OutboundError> {
    do throws(OutboundError) {
        return .success(try await client.send(request))
    } catch {
        return .failure(error)
    }
}

extension OutboundResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension OutboundError {
    enum Kind: Hashable, Sendable {
        case notSent, ambiguous, unusableAnswer, forbiddenAddress, invalid
    }

    var kind: Kind {
        switch self {
        case .notSent: .notSent
        case .ambiguous: .ambiguous
        case .unusableAnswer: .unusableAnswer
        case .forbiddenAddress: .forbiddenAddress
        case .invalid: .invalid
        }
    }
}

extension Result where Success == OutboundResponse, Failure == OutboundError {
    var errorKind: OutboundError.Kind? {
        if case .failure(let error) = self { error.kind } else { nil }
    }
    var status: Int? { if case .success(let response) = self { response.status } else { nil } }
}

extension PeerProcess {
    func url(_ path: String, scheme: String = "http", host: String = "127.0.0.1") -> String {
        "\(scheme)://\(host):\(port)\(path)"
    }

    /// Returns once a path was asked for, and with `closing` once that connection was closed.
    func arrival(_ path: String, closing: Bool = false, by client: CurlHTTPClient) async throws {
        let asked = url("/await/1\(closing ? "/closed" : "")\(path)")
        let response = try await client.send(OutboundRequest(.get, asked, timeLimit: .seconds(80)))
        #expect(response.text == "1")
    }

    /// How often a path was asked for.
    func count(_ path: String, by client: CurlHTTPClient) async throws -> Int? {
        Int(try await client.send(OutboundRequest(.get, url("/count" + path))).text)
    }
}
