public import Logins

/// The codes of each list, written down from the standards once more. The language files need a text
/// for each, and a family must accept the permissions among them.
public enum StandardCodes {
    /// The codes of a list; empty for frequencies, which are patterns.
    public static func list(_ codes: Fact.Codes) -> [String] {
        switch codes {
        case .ukPermission: ukPermissions
        case .brasilPermission: brasilPermissions
        case .fdxCluster: fdxClusters
        case .scope: scopes
        case .chargeBearer: chargeBearers
        case .paymentContext: paymentContexts
        case .rateType: ["Actual", "Agreed", "Indicative"]
        case .country: countries
        case .currency: currencies
        case .personKind: ["PESSOA_NATURAL", "PESSOA_JURIDICA"]
        case .localInstrument: localInstruments
        case .paymentType: ["PIX", "TED", "TEF"]
        case .sharingType: ["one_time", "one_time_with_refresh_token", "reusable"]
        case .durationType: ["ONE_TIME", "TIME_BOUND", "PERSISTENT"]
        case .resourceType: ["ACCOUNT", "CUSTOMER", "DOCUMENT"]
        default: closed[codes.name] ?? []
        }
    }

    /// Lists that consents seldom have, by name: Open Banking UK 3.1 and 4.0, and ISO 20022
    /// (`ExternalPurpose1Code`, `ExternalCategoryPurpose1Code`).
    public static let closed: [String: [String]] = [
        "account_holder": [
            "Personal", "JointPersonal", "PersonalSavingsAccount", "PersonalSoleTrader",
            "Business", "BusinessSavingsAccount", "Corporate", "Charity", "Government",
            "Collection", "Ewallet", "Investment", "ISA", "Pension", "Premier", "Wealth",
        ],
        "account_scheme": [
            "SortCodeAccountNumber", "IBAN", "BBAN", "PAN", "Paym", "Wallet", "BICFI",
        ],
        "address_part": ["UnitNumber", "Room", "Floor", "PostBox"],
        "address_type": [
            "ADDR", "PBOX", "HOME", "BIZZ", "MLTO", "DLVY", "CORR", "STAT",
        ],
        "alias_type": [
            "TELE", "MBNO", "EMAL", "BIID", "CCPT", "CINC", "COID", "COTX", "CUST", "DNAM",
            "DRLC", "EIDN", "EWAL", "LEIC", "NIDN", "PVTX", "SHID", "SOSE", "TOKN", "UBIL",
            "VIPN",
        ],
        "authorisation_type": ["Any", "Single"],
        "charge_paid": ["BorneByCreditor", "BorneByDebtor", "Shared", "FollowingServiceLevel"],
        "charge_type": [
            "UK.OBIE.CHAPSOut", "UK.OBIE.BalanceTransferOut", "UK.OBIE.MoneyTransferOut", "ACCM",
            "AMND", "BRKF", "BTCH", "CFEE", "CLEF", "COMM", "DEBT", "INTE", "INVS", "NSTP",
            "RECH", "SUMM", "TELE",
        ],
        "consent_status": ["Authorised"],
        "document_type": [
            "AROI", "BOLD", "CINV", "CMCN", "CNFA", "CONT", "CREN", "DEBN", "DISP", "DNFA",
            "FXDR", "HIRI", "INVS", "MSIN", "PROF", "PUOR", "QUOT", "RADM", "RPIN", "SBIN",
            "SCOR", "SOAC", "SPRR", "TISH", "TSUT", "USAR", "VCHR",
        ],
        "mandate_frequency": [
            "ADHO", "DAIL", "WODL", "INDA", "WEEK", "FRTN", "FOWK", "MNTH", "TWMH", "ALMH",
            "QURT", "FOMH", "FIMH", "MIAN", "YEAR",
        ],
        "mandate_kind": ["FIXE", "USGB", "VARI"],
        // ISO 18245, the common codes.
        "merchant_category": [
            "0742", "0763", "0780",
            "4111", "4112", "4121", "4131", "4215", "4411", "4511", "4722", "4784", "4812", "4814",
            "4816", "4829", "4899", "4900", "5045", "5200", "5211", "5251", "5311", "5399", "5411",
            "5462", "5499", "5511", "5533", "5541", "5542", "5611", "5621", "5651", "5661", "5691",
            "5712", "5722", "5732", "5734", "5811", "5812", "5813", "5814", "5815", "5816", "5817",
            "5818", "5912", "5921", "5940", "5941", "5942", "5944", "5945", "5947", "5964", "5967",
            "5968", "5969", "5977", "5992", "5995", "5999", "6012", "6051", "6211", "6300", "6513",
            "7011", "7230", "7299", "7311", "7372", "7399", "7512", "7523", "7538", "7832", "7922",
            "7941", "7994", "7995", "7997", "8011", "8021", "8043", "8062", "8099", "8111", "8211",
            "8220", "8299", "8351", "8398", "8641", "8651", "8661", "8699", "8931", "8999", "9222",
            "9311", "9399", "9402",
        ],
        "priority": ["Normal", "Urgent"],
        "purpose": purposes,
        "refund": ["Yes", "No"],
        "reported_side": ["CRED", "DEBT", "BOTH"],
        "sca_approach": ["CA", "SCA"],
        "sca_exemption": [
            "BillPayment", "ContactlessTravel", "EcommerceGoods", "EcommerceServices", "Kiosk",
            "Parking", "PartyToParty",
        ],
        "yes_no": ["true", "false"],
    ]

    /// Both lists of ISO 20022, as published in 2025.
    private static let purposes = codes(
        """
        ACCT ADCS ADMG ADVA AEMP AGRT AIRB ALLW ALMY AMEX ANNI ANTS AREN AUCO B112 BBSC BCDM \
        BCFG BECH BENE BEXP BFWD BKDF BKFE BKFM BKIP BKPP BLDM BNET BOCE BOND BONU BR12 BUSB \
        CABD CAEQ CAFI CASH CBCR CBFF CBFR CBLK CBTV CCHD CCIR CCPC CCPM CCRD CCSM CDBL CDCB \
        CDCD CDCS CDDP CDEP CDOC CDQC CFDI CFEE CGDD CGWV CHAR CIPC CLPR CMDT COLL COMC COMM \
        COMP COMT CONC CORT COST CPEN CPKC CPYR CRDS CRPR CRSP CRTL CSDB CSLP CTDF CVCF DBCR \
        DBTC DCRD DEBT DEPD DEPT DERI DICL DIVD DIVI DMEQ DNTS DSMT DVPM ECPG ECPR ECPU EDUC \
        EFTC EFTD ELEC ENRG EPAY EQPT EQTS EQUS ESTX ETUP EXPT EXTD FACT FAND FCDT FCIN FCOL \
        FCPM FEES FERB FIXI FLCR FNET FORW FREX FUTR FWBC FWCC FWLV FWSB FWSC FXNT GAFA GAHO \
        GAMB GASB GDDS GDSV GFRP GIFT GOVI GOVT GP2P GSCB GSTX GVEA GVEB GVEC GVED GWLT HEDG \
        HLRP HLST HLTC HLTI HREC HSPC HSTX ICCP ICRF IDCP IHRP INPC INPR INSC INSM INSU INTC \
        INTE INTP INTX INVS IPAY IPCA IPDO IPEA IPEC IPEW IPPS IPRT IPU2 IPUW IVPT LBIN LBOX \
        LBRI LCOL LFEE LICF LIFI LIMA LMEQ LMFI LMRK LOAN LOAR LOTT LREB LREV LSFL LTCF MAFC \
        MARF MARG MBSB MBSC MCDM MCFG MDCS MGCC MGSC MOMA MP2B MP2P MSVC MTUP NETT NITX NOWS \
        NWCH NWCM OCCC OCDM OCFG OFEE OPBC OPCC OPSB OPSC OPTN OTCD OTHR OTLC PADD PAYR PCOM \
        PDEP PEFC PENO PENS PHON PLDS PLRF POPE PPTI PRCP PRME PTSP PTXP RAPI RCKE RCPT RDTX \
        REBT REFU RELG RENT REOD REPO RETL RHBS RIMB RINP RLWY RMCO ROYA RPBC RPCC RPNT RPRE \
        RPSB RPSC RRBN RRCT RRTP RVPM RVPO SALA SASW SAVG SBSC SCIE SCIR SCRP SCVE SECU SEPI \
        SERV SHBC SHCC SHSL SLEB SLOA SLPI SPLT SPSP SSBE STDY SUBS SUPP SWBC SWCC SWEP SWFP \
        SWPP SWPT SWRS SWSB SWSC SWUF TAXR TAXS TBAN TBAS TBBC TBCC TBIL TCSC TELI TLRF TLRR \
        TMPG TOPG TPRI TPRP TRAD TRCP TREA TRFD TRNC TRPT TRVC UBIL UNIT VATX VIEW VOST WEBI \
        WHLD WTER ZABA
        """
    )

    /// A value with the group of each code, as the families make it.
    public static func permissions(_ codes: [String], _ list: Fact.Codes) -> Fact.Value {
        .codes(codes, list, groups: codes.map { group(of: $0, list) })
    }

    /// By how the code begins; the longest beginning that fits.
    private static func group(of code: String, _ list: Fact.Codes) -> Fact.CodeGroup {
        let fitting = beginnings(list).filter { code.hasPrefix($0.key) }
        return fitting.max { $0.key.utf8.count < $1.key.utf8.count }?.value ?? .other
    }

    private static func beginnings(_ list: Fact.Codes) -> [String: Fact.CodeGroup] {
        switch list {
        case .ukPermission:
            [
                "ReadParty": .person, "ReadAccounts": .accounts, "ReadBalances": .accounts,
                "ReadPAN": .accounts, "ReadProducts": .accounts, "ReadOffers": .accounts,
                "ReadTransactions": .transactions, "ReadStatements": .transactions,
                "ReadBeneficiaries": .regular, "ReadDirectDebits": .regular,
                "ReadStandingOrders": .regular, "ReadScheduledPayments": .regular,
            ]
        case .brasilPermission:
            [
                "CUSTOMERS_": .person, "ACCOUNTS_": .accounts, "CREDIT_CARDS_": .cards,
                "LOANS_": .credit, "FINANCINGS_": .credit, "UNARRANGED_": .credit,
                "INVOICE_": .credit, "BANK_FIXED_": .investments, "CREDIT_FIXED_": .investments,
                "FUNDS_": .investments, "VARIABLE_": .investments, "TREASURE_": .investments,
                "EXCHANGES_": .investments,
            ]
        case .fdxCluster:
            [
                "CUSTOMER_": .person, "ACCOUNT_": .accounts, "ACCOUNT_PAYMENTS": .regular,
                "TRANSACTIONS": .transactions, "STATEMENTS": .transactions,
                "IMAGES": .transactions, "PAYMENT_SUPPORT": .regular, "BILLS": .regular,
                "INVESTMENTS": .investments,
            ]
        case .scope:
            [
                "openid": .person, "profile": .person, "email": .person, "address": .person,
                "phone": .person, "common:": .person, "bank:accounts.": .accounts,
                "bank:transactions": .transactions, "bank:payees": .regular,
                "bank:regular_payments": .regular, "energy:accounts.": .accounts,
                "telco:accounts.": .accounts, "energy:billing": .transactions,
                "telco:billing": .transactions,
            ]
        default: [:]
        }
    }

    /// Open Banking UK Read/Write 3.1 and 4.0, `Permissions` of an account access consent.
    public static let ukPermissions = [
        "ReadParty", "ReadPartyPSU", "ReadAccountsBasic", "ReadAccountsDetail", "ReadBalances",
        "ReadPAN", "ReadProducts", "ReadOffers", "ReadTransactionsBasic", "ReadTransactionsDetail",
        "ReadTransactionsCredits", "ReadTransactionsDebits", "ReadStatementsBasic",
        "ReadStatementsDetail", "ReadBeneficiariesBasic", "ReadBeneficiariesDetail",
        "ReadDirectDebits", "ReadStandingOrdersBasic", "ReadStandingOrdersDetail",
        "ReadScheduledPaymentsBasic", "ReadScheduledPaymentsDetail",
    ]

    /// Open Finance Brasil Consents 2 and 3, `permissions`, with the spelling of the standard.
    public static let brasilPermissions = [
        "CUSTOMERS_PERSONAL_IDENTIFICATIONS_READ", "CUSTOMERS_PERSONAL_ADITTIONALINFO_READ",
        "CUSTOMERS_BUSINESS_IDENTIFICATIONS_READ", "CUSTOMERS_BUSINESS_ADITTIONALINFO_READ",
        "RESOURCES_READ",
        "ACCOUNTS_READ", "ACCOUNTS_BALANCES_READ", "ACCOUNTS_OVERDRAFT_LIMITS_READ",
        "ACCOUNTS_TRANSACTIONS_READ",
        "CREDIT_CARDS_ACCOUNTS_READ", "CREDIT_CARDS_ACCOUNTS_LIMITS_READ",
        "CREDIT_CARDS_ACCOUNTS_TRANSACTIONS_READ", "CREDIT_CARDS_ACCOUNTS_BILLS_READ",
        "CREDIT_CARDS_ACCOUNTS_BILLS_TRANSACTIONS_READ",
        "LOANS_READ", "LOANS_WARRANTIES_READ", "LOANS_SCHEDULED_INSTALMENTS_READ",
        "LOANS_PAYMENTS_READ",
        "FINANCINGS_READ", "FINANCINGS_WARRANTIES_READ", "FINANCINGS_SCHEDULED_INSTALMENTS_READ",
        "FINANCINGS_PAYMENTS_READ",
        "UNARRANGED_ACCOUNTS_OVERDRAFT_READ", "UNARRANGED_ACCOUNTS_OVERDRAFT_WARRANTIES_READ",
        "UNARRANGED_ACCOUNTS_OVERDRAFT_SCHEDULED_INSTALMENTS_READ",
        "UNARRANGED_ACCOUNTS_OVERDRAFT_PAYMENTS_READ",
        "INVOICE_FINANCINGS_READ", "INVOICE_FINANCINGS_WARRANTIES_READ",
        "INVOICE_FINANCINGS_SCHEDULED_INSTALMENTS_READ", "INVOICE_FINANCINGS_PAYMENTS_READ",
        "BANK_FIXED_INCOMES_READ", "CREDIT_FIXED_INCOMES_READ", "FUNDS_READ",
        "VARIABLE_INCOMES_READ", "TREASURE_TITLES_READ", "EXCHANGES_READ",
    ]

    /// FDX 5 and 6, the data clusters of RFC 0167.
    public static let fdxClusters = [
        "CUSTOMER_CONTACT", "CUSTOMER_PERSONAL", "ACCOUNT_BASIC", "ACCOUNT_DETAILED",
        "TRANSACTIONS", "STATEMENTS", "IMAGES", "ACCOUNT_PAYMENTS", "PAYMENT_SUPPORT", "BILLS",
        "INVESTMENTS", "REWARDS", "TAX", "NOTIFICATIONS",
    ]

    /// Consumer Data Right (AU), the scopes of all sectors and of the customer; and those that servers
    /// seldom explain: of OpenID Connect Core §5.4 and §11, and of open banking in other countries.
    public static let scopes = [
        "openid", "profile", "email", "address", "phone", "offline_access", "accounts", "payments",
        "common:customer.basic:read", "common:customer.detail:read",
        "bank:accounts.basic:read", "bank:accounts.detail:read", "bank:transactions:read",
        "bank:payees:read", "bank:regular_payments:read",
        "energy:accounts.basic:read",
        "energy:accounts.detail:read",
        "energy:accounts.concessions:read",
        "energy:accounts.paymentschedule:read",
        "energy:billing:read",
        "energy:electricity.servicepoints.basic:read",
        "energy:electricity.servicepoints.detail:read",
        "energy:electricity.der:read",
        "energy:electricity.usage:read",
        "telco:accounts.basic:read",
        "telco:accounts.detail:read",
        "telco:accounts.concessions:read",
        "telco:accounts.paymentschedule:read",
        "telco:billing:read",
        "telco:usage:read",
    ]

    /// Open Banking UK, `OBChargeBearerType1Code`.
    public static let chargeBearers = [
        "BorneByCreditor", "BorneByDebtor", "Shared", "FollowingServiceLevel",
    ]

    /// Open Banking UK, `OBExternalPaymentContext1Code`, older and newer versions.
    public static let paymentContexts = [
        "BillPayment", "BillingGoodsAndServicesInAdvance", "BillingGoodsAndServicesInArrears",
        "EcommerceGoods", "EcommerceServices", "EcommerceMerchantInitiatedPayment",
        "FaceToFacePointOfSale", "PartyToParty", "PispPayee", "TransferToSelf",
        "TransferToThirdParty", "Other",
    ]

    /// Open Finance Brasil, `EnumLocalInstrument`, and Open Banking UK,
    /// `OBExternalLocalInstrument1Code`.
    public static let localInstruments = [
        "MANU", "DICT", "QRDN", "QRES", "INIC", "UK.OBIE.FPS", "UK.OBIE.BACS", "UK.OBIE.CHAPS",
        "UK.OBIE.Paym", "UK.OBIE.BalanceTransfer", "UK.OBIE.MoneyTransfer", "UK.OBIE.Link",
        "UK.OBIE.SWIFT", "UK.OBIE.SEPACreditTransfer", "UK.OBIE.SEPAInstantCreditTransfer",
        "UK.OBIE.Target2", "UK.OBIE.Euro1", "B2B", "CORE", "INST",
    ]

    /// ISO 3166-1 alpha-2.
    public static let countries = codes(
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
        BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM \
        DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS \
        GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
        KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ \
        MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
        PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV \
        SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
        VN VU WF WS YE YT ZA ZM ZW
        """
    )

    /// ISO 4217, what payments are made in: no funds codes, metals or test codes.
    public static let currencies = codes(
        """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN \
        BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
        GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS \
        KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR \
        MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD \
        RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP \
        TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW
        """
    )

    private static func codes(_ text: String) -> [String] {
        text.split(separator: " ").map(String.init)
    }
}
