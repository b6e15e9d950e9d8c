public import Logins

/// A user who need not exist: any answer shows that the directory can be asked.
private let anybody = "beckon-check"

extension HTTPDirectory {
    public func onlineChecks(about user: UserID?) -> [OnlineCheck] {
        guard let id = user ?? UserID(anybody) else { return [] }
        let check = OnlineCheck("look-up") {
            do throws(DirectoryError) {
                guard let found = try await self.user(id) else {
                    return user == nil
                        ? .works("does not know \(id), as expected") : .fails("does not know \(id)")
                }
                return .works(
                    "knows \(id), \(found.isActive ? "active" : "inactive"), "
                        + (found.channels.map { "\($0.count) channels" } ?? "every channel")
                )
            } catch {
                return .fails(error.reason)
            }
        }
        return [check]
    }
}

extension HTTPAccounts {
    public func onlineChecks(listing user: UserID?) -> [OnlineCheck] {
        guard let id = user ?? UserID(anybody) else { return [] }
        let check = OnlineCheck("accounts") {
            do throws(DirectoryError) {
                return .works("lists \(try await self.accounts(of: id).count) accounts of \(id)")
            } catch {
                return .fails(error.reason)
            }
        }
        return [check]
    }
}

extension DirectoryError {
    fileprivate var reason: String {
        switch self {
        case .unavailable(let reason): reason
        }
    }
}
