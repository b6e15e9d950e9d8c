/// The event loops of a process.
public struct EventLoopGroup: Sendable {
    /// Running, each on its thread.
    public let loops: [EventLoop]

    /// One loop a core is best.
    public init(count: Int) throws(NetError) {
        // allowed: the configuration's `loops` is checked, and 0 is replaced by the number of
        // cores.
        precondition(count > 0, "a group has at least one loop")
        var loops: [EventLoop] = []
        for _ in 0..<count {
            do throws(NetError) {
                loops.append(try EventLoop.start())
            } catch {
                for loop in loops { loop.stop() }
                throw error
            }
        }
        self.loops = loops
    }

    /// Ends the threads, once everything that ran on them has ended.
    public func stop() {
        for loop in loops { loop.stop() }
    }
}
