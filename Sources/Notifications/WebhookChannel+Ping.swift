import Cryptography
import HTTP
import JSON
public import Logins

extension WebhookChannel {
    /// The type of a message that only asks whether the receiver is there and accepts the signature.
    static let pingType = "beckon.ping"

    public var onlineChecks: [OnlineCheck] {
        [
            OnlineCheck("ping") {
                do throws(OutboundError) {
                    let status = try await self.client.send(self.ping()).status
                    return (200..<300).contains(status)
                        ? .works("status \(status)") : .fails("status \(status)")
                } catch {
                    return .fails(error.reason)
                }
            }
        ]
    }

    /// A signed message without a login.
    private func ping() -> OutboundRequest {
        let now = clock.now()
        var json = JSONWriter(reserving: 128)
        json.object { json in
            json.member("type", Self.pingType)
            json.member("timestamp", RFC3339.format(milliseconds: now.milliseconds))
            json.member("data", object: { _ in })
        }
        return OutboundRequest(
            .post,
            settings.url,
            fields: settings.secrets.fields(
                id: "ping_" + Base64URL.encode(Random.bytes(18)),
                seconds: now.milliseconds / 1000,
                body: json.bytes
            ),
            body: json.bytes,
            destination: settings.destination,
            timeLimit: settings.timeLimit,
            responseLimit: Self.responseLimit
        )
    }
}
