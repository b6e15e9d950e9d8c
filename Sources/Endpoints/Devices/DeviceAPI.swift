public import Engine
public import HTTP
import JOSE
public import Logins
public import Telemetry
import Texts
public import Trust

/// The interface of enrolled devices (`/device/v1`), which prove their keys. Some of its addresses are
/// also those of apps with a ticket or an access token: these have the field `Authorization`, which a
/// device never has beside its proof.
public struct DeviceAPI: Sendable {
    private let own: [Route]

    /// `proofs` judges the proofs of keys; `decisions` says which methods count; `channels` are the
    /// names of the configured notification channels.
    public init(
        desk: DeviceDesk,
        proofs: ProofOfKey,
        decisions: DecisionDesk,
        directory: any UserDirectory,
        changes: LoginChanges,
        channels: Set<ChannelID>,
        clock: any WallClock,
        log: Logger = .silent
    ) {
        let deviceGuard = DeviceGuard(desk: desk, proofs: proofs, log: log)
        let logins = DeviceLoginRoutes(
            deviceGuard,
            decisions: decisions,
            directory: directory,
            changes: changes,
            clock: clock
        )
        let devices = OwnDeviceRoutes(deviceGuard, directory: directory, channels: channels)
        own = devices.routes + logins.routes
    }

    /// How proofs of devices must be, for interfaces at `publicURL`.
    public static func rules(publicURL: String) -> ProofOfKey.Rules {
        ProofOfKey.Rules(
            bases: [publicURL],
            algorithms: [.es256, .edDSA],
            freshness: .nonceOrTime
        )
    }

    /// All routes of devices together with `others`, of which some have the same addresses.
    public func routes(with others: [Route]) -> [Route] {
        var rest = own
        let merged = others.map { other in
            guard
                let index = rest.firstIndex(where: {
                    $0.method == other.method && $0.pattern.isExactly(other.pattern)
                })
            else { return other }
            return Self.either(rest.remove(at: index), orWithAuthorization: other)
        }
        return merged + rest
    }

    private static func either(_ device: Route, orWithAuthorization other: Route) -> Route {
        @Sendable func isOther(_ request: Request) -> Bool {
            request.field("authorization") != nil || !ProofOfKey.isCarried(by: request)
        }
        return Route(
            device.method,
            device.pattern,
            deadline: [device.deadline, other.deadline].compactMap { $0 }.max(),
            contentLimit: [device.contentLimit, other.contentLimit].compactMap { $0 }.max(),
            judge: { request in
                isOther(request) ? other.judge?(request) : device.judge?(request)
            },
            { request in
                isOther(request) ? await other.handler(request) : await device.handler(request)
            }
        )
    }
}
