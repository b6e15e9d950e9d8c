extension IdentityProviderSimulator {
    /// Somebody who can sign in.
    public struct Person: Sendable {
        /// Who somebody is to the bank.
        public enum Group: String, Hashable, Sendable, CaseIterable { case customers, staff }

        /// `sub`.
        public var id: String
        public var group: Group
        public var email: String
        public var givenName: String
        public var familyName: String
        /// `https://DOMAIN/ciba_user`: the identifier that the authorization server uses; nil for
        /// staff.
        public var user: String?
        /// `https://DOMAIN/ciba_account`.
        public var account: String

        public init(
            id: String,
            group: Group,
            email: String,
            givenName: String,
            familyName: String,
            user: String? = nil,
            account: String
        ) {
            self.id = id
            self.group = group
            self.email = email
            self.givenName = givenName
            self.familyName = familyName
            self.user = user
            self.account = account
        }

        /// The customers of the demo's bank, and two of its staff. `controllerEmail` is that of the
        /// first of these.
        public static let demo = [
            customer("Anna", "Archer"), customer("Beatriz", "Braga"), customer("Jack", "Jones"),
            customer("Oliver", "Owen"),
            Person(
                id: "staff-alex",
                group: .staff,
                email: controllerEmail,
                givenName: "Alex",
                familyName: "Admin",
                account: "retail"
            ),
            Person(
                id: "staff-mo",
                group: .staff,
                email: "mo@bank.example",
                givenName: "Mo",
                familyName: "Moderator",
                account: "retail"
            ),
        ]

        /// The address of who is to administrate.
        public static let controllerEmail = "alex@bank.example"

        private static func customer(_ givenName: String, _ familyName: String) -> Person {
            let name = givenName.lowercased()
            return Person(
                id: "customer-" + name,
                group: .customers,
                email: name + "@example.com",
                givenName: givenName,
                familyName: familyName,
                user: name + "@example.com",
                account: "retail"
            )
        }
    }
}
