import Logins
import Testing

@testable import SQLStore

@Suite("The claims of a process")
struct ClaimPartsTests {
    private let number = LoginNumber(7)

    @Test("cannot be reserved while others are told of their end")
    func leaving() {
        let claims = Claims(isShared: true)
        #expect(claims.take(number, .notify))
        // Its report is another duty; the same one is not given twice.
        #expect(claims.reserve(number, .report))
        #expect(!claims.reserve(number, .report))
        #expect(!claims.reserve(number, .notify))
        claims.release(number, .report)
        #expect(claims.beginReleasing().isEmpty, "it is still being notified of")
        claims.release(number, .notify)
        #expect(claims.beginReleasing() == [number])
        #expect(!claims.reserve(number, .report))
        claims.endReleasing([number], isDone: false)
        #expect(!claims.reserve(number, .report), "it may have been told of all the same")
        #expect(claims.beginReleasing() == [number])
        claims.endReleasing([number], isDone: true)
        #expect(claims.reserve(number, .report))
        #expect(claims.beginReleasing().isEmpty)
    }

    @Test("are not reserved of a login that may have killed a process")
    func suspect() {
        let claims = Claims()
        claims.suspect(number)
        #expect(!claims.reserve(number, .prepare))
        #expect(claims.take(number, .prepare))
        claims.release(number, .prepare)
        #expect(claims.reserve(number, .prepare), "it has been tried")
    }

    @Test("cover the notification that follows a preparation")
    func covered() {
        let claims = Claims()
        #expect(claims.reserve(number, .prepare))
        #expect(!claims.take(number, .notify))
        #expect(claims.take(number, .end))
    }
}
