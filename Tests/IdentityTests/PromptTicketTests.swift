import Cryptography
import Identity
import Logins
import TestSupport
import Testing

@Suite("A prompt's ticket")
struct PromptTicketTests {
    let ticket = PromptTicket(for: LoginNumber(4_711))

    private func login(with digests: [UInt8]...) throws -> PendingLogin {
        var login = PendingLogin.inPhase(.waiting)
        for digest in digests { try login.apply(.ticketIssued(digest), at: login.receivedAt) }
        return login
    }

    @Test("is the same after being written and read", arguments: [1, 4_711, Int64.max])
    func roundTrip(number: Int64) throws {
        let ticket = PromptTicket(for: LoginNumber(number))
        let read = try #require(PromptTicket(ticket.text))
        #expect(ticket.text.utf8.count == PromptTicket.encodedLength)
        #expect(read.number == LoginNumber(number))
        #expect(read.text == ticket.text)
        #expect(read.digest == ticket.digest)
        #expect(read.opens(try login(with: ticket.digest)))
    }

    @Test("needs no escaping in a link")
    func urlSafe() {
        for _ in 1...50 {
            let text = PromptTicket(for: LoginNumber(1)).text
            #expect(
                text.utf8.allSatisfy { byte in
                    let letter = byte | 0x20
                    return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
            )
        }
    }

    @Test("is the same for one key, login and question, and different for any other")
    func uniqueness() throws {
        let keys = try (1...3).map { try #require(TicketKey(Array(repeating: $0, count: 32))) }
        let texts = keys.flatMap { key in
            (1...3).flatMap { number in
                [[], [1], [2]].map { key.ticket(for: LoginNumber(number), nonce: $0).text }
            }
        }
        #expect(Set(texts).count == 27)
        let again = try #require(TicketKey(keys[1].bytes))
        #expect(again.ticket(for: LoginNumber(1), nonce: []).text == texts[9])
        #expect(Set((1...1_000).map { _ in TicketKey().bytes }).count == 1_000)
    }

    @Test("has a key of 32 bytes", arguments: [0, 31, 33])
    func key(length: Int) {
        #expect(TicketKey(Array(repeating: 1, count: length)) == nil)
    }

    @Test("is digested as its number and its secret, after a label")
    func digest() throws {
        let bytes = try #require(Base64URL.decode(ticket.text))
        let hashed = Array("beckon-ticket-v1|4711|".utf8) + bytes[8...]
        #expect(ticket.digest == SHA256.digest(hashed))
        #expect(bytes.count == 40)
    }

    // rule: A8
    @Test("does not open a login under another number, though the secret is the same")
    func otherNumber() throws {
        var bytes = try #require(Base64URL.decode(ticket.text))
        bytes[7] ^= 1
        let moved = try #require(PromptTicket(Base64URL.encode(bytes)))
        #expect(moved.number != ticket.number)
        #expect(moved.digest != ticket.digest)
        #expect(!moved.opens(try login(with: ticket.digest)))
    }

    @Test("opens nothing when any of its characters is changed")
    func altered() throws {
        let login = try login(with: ticket.digest)
        let text = Array(ticket.text)
        for index in text.indices {
            var altered = text
            altered[index] = altered[index] == "A" ? "B" : "A"
            guard let other = PromptTicket(String(altered)) else { continue }
            #expect(!other.opens(login), "character \(index)")
        }
    }

    @Test("opens its login, whether the first or last of several links")
    func several() throws {
        let other = PromptTicket(for: ticket.number)
        let third = PromptTicket(for: ticket.number)
        let login = try login(with: ticket.digest, other.digest)
        #expect(ticket.opens(login))
        #expect(other.opens(login))
        #expect(!third.opens(login))
        #expect(!ticket.opens(try self.login()))
    }

    static let nonsense: [String] = [
        "", "A", "../../etc/passwd",
        String(repeating: "A", count: PromptTicket.encodedLength),
        // A negative number: the highest bit is set.
        "_" + String(repeating: "A", count: PromptTicket.encodedLength - 1),
        String(repeating: "A", count: PromptTicket.encodedLength - 1),
        String(repeating: "A", count: PromptTicket.encodedLength + 1),
        String(repeating: "=", count: PromptTicket.encodedLength),
        String(repeating: "+", count: PromptTicket.encodedLength),
        String(repeating: " ", count: PromptTicket.encodedLength),
        String(repeating: "\u{0}", count: PromptTicket.encodedLength),
        String(repeating: "é", count: PromptTicket.encodedLength / 2),
        PromptTicket(for: LoginNumber(1)).text + "=",
        PromptTicket(for: LoginNumber(1)).text + "\n",
        " " + PromptTicket(for: LoginNumber(1)).text.dropFirst(),
        PromptTicket(for: LoginNumber(0)).text,
        PromptTicket(for: LoginNumber(-1)).text,
    ]

    @Test("is not read from an invalid text", arguments: nonsense)
    func garbage(_ text: String) {
        #expect(PromptTicket(text) == nil)
    }
}

extension PendingLogin {
    fileprivate var receivedAt: Timestamp { terms.receivedAt }
}
