/// Lists that have texts.
extension Fact.Codes {
    public static let ukPermission = Self("uk_permission")
    public static let brasilPermission = Self("brasil_permission")
    public static let fdxCluster = Self("fdx_cluster")
    public static let chargeBearer = Self("charge_bearer")
    public static let paymentContext = Self("payment_context")
    public static let rateType = Self("rate_type")
    public static let personKind = Self("person_kind")
    public static let localInstrument = Self("local_instrument")
    public static let paymentType = Self("payment_type")
    public static let sharingType = Self("sharing_type")
    public static let durationType = Self("duration_type")
    public static let resourceType = Self("resource_type")
}
