import Cryptography
import Devices
import JOSE
import Logins
import TestSupport

extension Credential {
    /// A passkey, or with a device its key.
    static func sample(
        _ id: String,
        of user: UserID,
        on device: DeviceID? = nil,
        named name: String = "My <phone>",
        at now: Timestamp
    ) throws -> Credential {
        Credential(
            id: .named(id),
            user: user,
            device: device,
            kind: device == nil
                ? .passkey(
                    Passkey(
                        rawID: Array(id.utf8),
                        counter: 0,
                        isBackupEligible: true,
                        isBackedUp: true,
                        transports: ["internal"]
                    )
                ) : .deviceKey(pin: nil),
            publicKey: try PrivateKey.generate(.p256).publicKey,
            algorithm: .es256,
            name: name,
            createdAt: now
        )
    }
}
