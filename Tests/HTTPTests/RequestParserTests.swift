import Foundation
import HTTP
import TestSupport
import Testing

@Suite("A request parser")
struct RequestParserTests {
    static let corpus: [CorpusCase] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Corpus"
        return (try? CorpusCase.load(from: folder)) ?? []
    }()

    @Test("finds the corpus of requests")
    func corpusIsThere() {
        #expect(Self.corpus.count >= 150)
        #expect(Set(Self.corpus.map(\.description)).count == Self.corpus.count)
    }

    /// What the corpus calls each error.
    private static let names = Dictionary(
        uniqueKeysWithValues: zip(
            RequestError.allCases,
            [
                "badRequestLine", "badTarget", "targetTooLong", "unsupportedVersion",
                "badFieldLine", "headTooLarge", "badHost", "repeatedField", "badContentLength",
                "conflictingLengths", "badTransferEncoding", "unsupportedTransferEncoding",
                "badChunk", "bodyTooLarge", "unmetExpectation", "tooSlow", "tooMuchPending",
                "forgedForwarding", "badForwarding",
            ]
        )
    )

    @Test("reads each request of the corpus as the corpus says", arguments: corpus)
    func whole(message: CorpusCase) {
        let readings = RequestReader.read([message.bytes[...]])
        #expect(readings.count == message.expected.count, "\(readings)")
        for (reading, expected) in zip(readings, message.expected) {
            switch reading {
            case .request(let request): #expect(request.isDescribed(by: expected))
            case .refused(let error):
                #expect("\(error.status) \(Self.names[error] ?? "unnamed")" == expected)
            case .more: #expect(expected == "more")
            }
        }
        for field in message.fields {
            guard case .request(let request) = readings[field.index] else {
                Issue.record("no request to look for fields in")
                continue
            }
            let index = request.names.firstIndex {
                String(decoding: $0, as: UTF8.self).lowercased() == field.name
            }
            #expect(index.map { request.values[$0] } == field.value)
        }
    }

    @Test("reads the same however the input is cut into pieces", arguments: corpus)
    func pieces(message: CorpusCase) {
        let bytes = message.bytes
        let whole = RequestReader.read([bytes[...]])
        for compacts in [false, true] {
            let single = bytes.indices.map { bytes[$0..<$0 + 1] }
            #expect(RequestReader.read(single, compacts: compacts) == whole, "byte by byte")
            guard bytes.count <= 400 else { continue }
            for cut in bytes.indices {
                let halves = [bytes[..<cut], bytes[cut...]]
                #expect(RequestReader.read(halves, compacts: compacts) == whole, "cut at \(cut)")
            }
        }
    }

    @Test("does work that grows linearly with its input")
    func linear() throws {
        // 16 KiB of one field line byte by byte: were the line searched anew each time, these were
        // more than a hundred million steps a round.
        let head = "GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "b", count: 16_000)
        let bytes = Array((head + "\r\n\r\n").utf8)
        let clock = ContinuousClock()
        let duration = clock.measure {
            for _ in 0..<5 {
                var parser = RequestParser()
                var buffer = bytes
                for end in 1...bytes.count {
                    _ = try? parser.parse(&buffer, from: 0, to: end)
                }
            }
        }
        // Linear work takes some tens of milliseconds in a debug build, quadratic work a minute.
        #expect(duration < .seconds(5))
    }

    @Test("reports that the peer waits for 100 Continue")
    func expectation() throws {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        var parser = RequestParser()
        var buffer = Array((head + "ab").utf8)
        let end = head.utf8.count
        var request = try parser.parse(&buffer, from: 0, to: end - 1)
        #expect(request == nil)
        var waits = parser.takeExpectation(bytesUpTo: end - 1)
        #expect(!waits)
        #expect(parser.stage == .head)
        request = try parser.parse(&buffer, from: 0, to: end)
        #expect(request == nil)
        #expect(parser.stage == .body)
        waits = parser.takeExpectation(bytesUpTo: end)
        #expect(waits)
        waits = parser.takeExpectation(bytesUpTo: end)
        #expect(!waits)
        request = try parser.parse(&buffer, from: 0, to: end + 2)
        #expect(request?.body == [0x61, 0x62])
        #expect(parser.stage == .start)
    }

    @Test(
        "reports no wait for 100 Continue that is not needed or not understood",
        arguments: [
            // Content has come already.
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\na",
            // RFC 9110 §10.1.1: an expectation in HTTP/1.0 is ignored.
            "POST / HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n",
        ]
    )
    func noExpectation(text: String) throws {
        var parser = RequestParser()
        var buffer = Array(text.utf8)
        let end = buffer.count
        let request = try parser.parse(&buffer, from: 0, to: end)
        #expect(request == nil)
        #expect(parser.stage == .body)
        let waits = parser.takeExpectation(bytesUpTo: end)
        #expect(!waits)
    }

    @Test("recognises a HEAD request before its end")
    func head() throws {
        var parser = RequestParser()
        var buffer = Array("HEAD / HTTP/1.1\r\nHost: a b\r\n".utf8)
        let end = buffer.count
        do throws(RequestError) {
            _ = try parser.parse(&buffer, from: 0, to: end)
            Issue.record("the host is bad")
        } catch {
            #expect(error == .badHost)
        }
        #expect(parser.isHead)
    }
}
