public import HTTP

/// How a connection breaks instead of carrying its response whole.
public enum LineFault: Hashable, Sendable {
    /// No byte of the response is sent.
    case beforeAnswer
    /// The head, with the true length of the body, and half of the body are sent.
    case midBody
    /// The response is sent whole, at this rate.
    case slowly(bytesPerSecond: Int)
}

extension Response {
    private static let name = "Lab-Fault"

    /// What the connection does to this response. A field holds it until `FaultRelay` takes it out.
    public var lineFault: LineFault? {
        get {
            switch fields.first("lab-fault") {
            case nil: nil
            case "before": .beforeAnswer
            case "middle": .midBody
            case let rate?: .slowly(bytesPerSecond: Int(rate) ?? 1)
            }
        }
        set {
            fields.removeAll { $0.name == Self.name }
            let value: String
            switch newValue {
            case nil: return
            case .beforeAnswer: value = "before"
            case .midBody: value = "middle"
            case .slowly(let rate): value = "\(rate)"
            }
            fields.append(Field(Self.name, value))
        }
    }

    /// A response that never leaves.
    static var dropped: Response {
        var response = Response(status: 500)
        response.lineFault = .beforeAnswer
        return response
    }
}
