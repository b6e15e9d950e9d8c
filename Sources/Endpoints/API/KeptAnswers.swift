import Access
import HTTP
import Threads
import Trust

/// Answers to requests whose path says all, each with the mark of the store before it was made.
final class KeptAnswers: Sendable {
    /// With the longest answers, 2 MiB for each core.
    private static let capacity = 256
    private static let longest = 8192

    private let answers = PerCore {
        RecentValues<BytesKey, (mark: UInt64, response: Response)>(capacity: capacity)
    }

    /// The answer, if nobody has committed anything since.
    func answer(to request: Request, at mark: StoreMark) -> Response? {
        guard request.queryRange.isEmpty else { return nil }
        let path = BytesKey(Array(request.bytes[request.pathRange]))
        guard let known = answers.withLock({ $0[path] }), known.mark == mark.commits else {
            return nil
        }
        return known.response
    }

    /// Keeps an answer that was read after the mark.
    func keep(_ response: Response, to request: Request, at mark: StoreMark) {
        let path = Array(request.bytes[request.pathRange])
        guard response.status == 200, request.queryRange.isEmpty,
            path.count + response.body.count <= Self.longest
        else { return }
        answers.withLock { $0[BytesKey(path)] = (mark.commits, response) }
    }
}
