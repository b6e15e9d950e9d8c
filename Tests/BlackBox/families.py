"""Every family of consents: what a third party lodges, what the person chooses, and what the
authorization server must then be told, member by member. Expected bodies are written from the
tables of the interface, never from what the program says.
"""

import dataclasses

from family import (
    ANY, CDR, DATA_CODES, FDX, KSA, PAYMENT_CODES, Family, refused_arrangement, refused_consent,
    refused_in_brasil, refused_scopes,
)

UK = "/open-banking/v3.1"
BRASIL = "/open-banking"

OLIVER, BEATRIZ, JACK, EMILY, NOURA = PEOPLE = [
    f"{name}@example.com" for name in ("oliver", "beatriz", "jack", "emily", "noura")
]
# Whom Beckon knows and the bank does not.
STRANGER = "stranger@example.com"

# Plain scopes

SCOPES = Family(
    name="scope_grant", person=OLIVER, scopes="openid profile", path="/scope-grants",
    choice={},
    accept={"granted_scopes": ["openid", "profile"], "id": "<login>", "login_state": "<state>"},
    reject=refused_scopes,
    shows=("scopes", ["openid", "profile"]),
    # Rich requests (RFC 9396) are more than the scopes that can be shown.
    unshowable=(["authorization_details"], [{"actions": ["read"]}]),
)

# Open Banking UK

SHOP = {"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": "08080021325698",
        "Name": "Shop Ltd"}
ABROAD = {"SchemeName": "UK.OBIE.IBAN", "Identification": "FR7630006000011234567890189",
          "Name": "Boulangerie Martin"}
OWN_UK = {"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": "08080155772604"}
ELSE_UK = {"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": "08080155779911"}
SHOPPING = {"PaymentContextCode": "EcommerceGoods"}
POUNDS = {"Amount": "165.88", "Currency": "GBP"}
EUROS = {"Amount": "1250.5", "Currency": "EUR"}
THIS_MUCH = ("amount", {"amount": "165.88", "currency": "GBP"})
THIS_MUCH_ABROAD = ("amount", {"amount": "1250.5", "currency": "EUR"})


def uk_payment(name, initiation, shows, unshowable, permission=True, risk=SHOPPING):
    kind = name.replace("_", "-")
    data = {"Permission": "Create"} if permission else {}
    member = f"{name}_consent"
    return Family(
        name=f"obuk.{name}", person=OLIVER, scopes="openid payments",
        path=f"/open-banking/{kind}-consent", place=f"{UK}/pisp/{kind}-consents",
        parameter="openbanking_intent_id",
        body={"Data": {**data, "Initiation": initiation}} | ({"Risk": risk} if risk else {}),
        choice={"accounts": ["gb-current-2604"]},
        accept={"account_ids": ["gb-current-2604"], "granted_scopes": ["openid", "payments"],
                "login_state": "<state>"},
        reject=refused_consent, shows=shows,
        further=([member, "Initiation", "SupplementaryData"], "SupplementaryData"),
        unshowable=([member, "Initiation", *unshowable[0]], unshowable[1]),
        debtor=(["Data", "Initiation", "DebtorAccount"], OWN_UK, ELSE_UK, {
            "account_ids": ["gb-savings-2604"], "granted_scopes": ["openid", "payments"],
            "login_state": "<state>",
        }),
    )


ACCOUNT_ACCESS = Family(
    name="obuk.account_access", person=OLIVER, scopes="openid accounts",
    path="/open-banking/account-access-consent", place=f"{UK}/aisp/account-access-consents",
    token="accounts", parameter="openbanking_intent_id",
    body={"Data": {"Permissions": ["ReadAccountsDetail", "ReadBalances"],
                   "ExpirationDateTime": "2031-03-04T10:49:34Z"}, "Risk": {}},
    choice={"accounts": ["gb-current-2604", "gb-card-2604"]},
    accept={"account_ids": ["gb-current-2604", "gb-card-2604"],
            "granted_scopes": ["openid", "accounts"], "login_state": "<state>"},
    reject=refused_consent,
    shows=("permissions", {"codes": ["ReadAccountsDetail", "ReadBalances"]}),
    further=(["account_access_consent", "Purpose"], "Purpose"),
    unshowable=(["account_access_consent", "Permissions"], ["ReadBalances", "ReadEverything"]),
)
DOMESTIC_PAYMENT = uk_payment(
    "domestic_payment",
    {"InstructionIdentification": "ORDER-1042", "InstructedAmount": POUNDS,
     "CreditorAccount": SHOP, "RemittanceInformation": {"Reference": "INV-1042"}},
    THIS_MUCH, (["InstructedAmount", "Fee"], "10.00"), permission=False)
ABROAD_NOW = {
    "InstructionIdentification": "ORDER-1044", "InstructedAmount": EUROS,
    "CurrencyOfTransfer": "EUR", "DestinationCountryCode": "FR", "ChargeBearer": "Shared",
    "CreditorAccount": ABROAD,
    "ExchangeRateInformation": {"UnitCurrency": "GBP", "ExchangeRate": 1.1742, "RateType": "Agreed",
                                "ContractIdentification": "FX-77"},
}
UNITED_KINGDOM = [
    ACCOUNT_ACCESS,
    DOMESTIC_PAYMENT,
    uk_payment(
        "domestic_scheduled_payment",
        {"InstructionIdentification": "ORDER-1043", "InstructedAmount": POUNDS,
         "CreditorAccount": SHOP, "RequestedExecutionDateTime": "2031-03-04T00:00:00Z"},
        ("execution_date", {"day": "2031-03-04"}),
        (["RequestedExecutionDateTime"], "soon")),
    uk_payment(
        "domestic_standing_order",
        {"Frequency": "IntrvlMnthDay:01:15", "Reference": "Rent", "NumberOfPayments": "12",
         "FirstPaymentDateTime": "2031-03-15T00:00:00Z", "FirstPaymentAmount": POUNDS,
         "RecurringPaymentAmount": {"Amount": "75.50", "Currency": "GBP"},
         "CreditorAccount": SHOP},
        ("recurring_amount", {"amount": "75.50", "currency": "GBP"}),
        (["FirstPaymentAmount"], {"Amount": "1e9", "Currency": "GBP"})),
    uk_payment(
        "file_payment",
        {"FileType": "UK.OBIE.PaymentInitiation.3.1",
         "FileHash": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "FileReference": "Wages",
         "NumberOfTransactions": "2", "ControlSum": 155.5},
        ("control_sum", {"number": "155.5"}), (["ControlSum"], "many"),
        permission=False, risk=None),
    uk_payment("international_payment", ABROAD_NOW, THIS_MUCH_ABROAD,
               (["InstructedAmount"], None), permission=False),
    uk_payment("international_scheduled_payment",
               {**ABROAD_NOW, "RequestedExecutionDateTime": "2031-03-04T00:00:00Z"},
               THIS_MUCH_ABROAD, (["CreditorAccount"], None)),
    uk_payment("international_standing_order",
               {"Frequency": "EvryDay", "FirstPaymentDateTime": "2031-03-15T00:00:00Z",
                "InstructedAmount": EUROS, "CurrencyOfTransfer": "EUR", "CreditorAccount": ABROAD},
               THIS_MUCH_ABROAD, (["Frequency"], None)),
]

# Open Finance Brasil

LOGGED_USER = {"document": {"identification": "76109277673", "rel": "CPF"}}
OWN_BR = {"ispb": "12345678", "issuer": "1774", "number": "65081807", "accountType": "SVGS"}
ELSE_BR = {"ispb": "12345678", "issuer": "1774", "number": "65088392", "accountType": "SVGS"}


def pix(version, payment):
    member = "customer_payment_consent" + (f"_v{version}" if version > 1 else "")
    granted = ["openid", "payments", "consent:<consent>"]
    return Family(
        name=f"obbr.payment_v{version}", person=BEATRIZ, scopes="openid payments consent:{}",
        path="/open-banking-brasil/payment", place=f"{BRASIL}/payments/v{version}/consents",
        body={"data": {
            "loggedUser": LOGGED_USER,
            "creditor": {"personType": "PESSOA_JURIDICA", "cpfCnpj": "58764789000137",
                         "name": "Padaria São João Ltda"},
            "payment": {"type": "PIX", "currency": "BRL", "amount": "1333.00", **payment},
        }},
        choice={"accounts": ["94081807"]},
        accept={"account_ids": ["94081807"],
                "debtor_account": {"account_type": "CACC", "ispb": "12345678", "issuer": "1774",
                                   "number": "94081807"},
                "granted_scopes": granted, "login_state": "<state>"},
        reject=refused_in_brasil(PAYMENT_CODES),
        shows=("amount", {"amount": "1333.00", "currency": "BRL"}),
        further=([member, "payment", "x_vendor"], "x_vendor"),
        unshowable=([member, "payment", "amount"], "1.333,00"),
        debtor=(["data", "debtorAccount"], OWN_BR, ELSE_BR, {
            "account_ids": ["65081807"],
            "debtor_account": {"account_type": "SVGS", "ispb": "12345678", "issuer": "1774",
                               "number": "65081807"},
            "granted_scopes": granted, "login_state": "<state>",
        }),
    )


BAKERY = {"ispb": "87654321", "issuer": "0001", "number": "1234567890", "accountType": "CACC"}
PIX_V3 = pix(3, {"date": "2031-03-04", "details": {
    "localInstrument": "DICT", "proxy": "pix@padaria.example", "creditorAccount": BAKERY}})
BRAZIL = [
    Family(
        name="obbr.data", person=BEATRIZ, scopes="openid accounts consent:{}",
        path="/open-banking-brasil/consent", place=f"{BRASIL}/consents/v2/consents",
        token="openid",
        body={"data": {"loggedUser": LOGGED_USER, "expirationDateTime": "2031-03-04T10:49:34Z",
                       "permissions": ["ACCOUNTS_READ", "ACCOUNTS_BALANCES_READ",
                                       "RESOURCES_READ"]}},
        choice={"accounts": ["94081807", "65081807"]},
        accept={"account_ids": ["94081807", "65081807"],
                "granted_scopes": ["openid", "accounts", "consent:<consent>"],
                "login_state": "<state>"},
        reject=refused_in_brasil(DATA_CODES),
        shows=("permissions",
               {"codes": ["ACCOUNTS_READ", "ACCOUNTS_BALANCES_READ", "RESOURCES_READ"]}),
        further=(["customer_data_access_consent", "purpose"], "purpose"),
        unshowable=(["customer_data_access_consent", "permissions"], ["EVERYTHING_READ"]),
    ),
    pix(1, {"date": "2031-03-04", "details": {
        "localInstrument": "MANU", "creditorAccount": BAKERY}}),
    pix(2, {"schedule": {"single": {"date": "2031-03-04"}}, "details": {
        "localInstrument": "MANU", "creditorAccount": BAKERY}}),
    PIX_V3,
]

# Families that a workspace is known for

FDX_FAMILY = Family(
    name="fdx", server=FDX, person=EMILY, scopes="openid fdx:accounts", path="/fdx/fdx",
    place=ANY, token="openid", parameter="consent_id",
    body={"durationType": "TIME_BOUND", "durationPeriod": 365, "lookbackPeriod": 60,
          "resources": [{"resourceType": "ACCOUNT",
                         "dataClusters": ["ACCOUNT_DETAILED", "TRANSACTIONS"]}],
          "parties": [{"name": "Tax Helper", "type": "DATA_RECIPIENT"}]},
    choice={"accounts": ["us-checking-4126"]},
    accept={"granted_scopes": ["openid", "fdx:accounts"], "login_state": "<state>",
            "resources": [{"id": "us-checking-4126", "resouceType": "ACCOUNT",
                           "dataClusters": ["ACCOUNT_DETAILED", "TRANSACTIONS"]}]},
    reject=refused_consent,
    shows=("permissions", {"codes": ["ACCOUNT_DETAILED", "TRANSACTIONS"]}),
    further=(["fdx_consent", "purpose"], "purpose"),
    unshowable=(["fdx_consent", "resources", 0, "dataClusters"], ["EVERYTHING"]),
)
CDR_FAMILY = Family(
    name="cdr", server=CDR, person=JACK,
    scopes="openid bank:accounts.basic:read bank:transactions:read", path="/cdr/cdr-arrangement",
    place=ANY, token="openid", parameter="cdr_arrangement_id",
    body={"sharing_type": "reusable", "sharing_duration": 31536000},
    choice={"accounts": ["au-loan-3350"]},
    accept={"account_ids": ["au-loan-3350"], "customer_id": "au-customer-3350",
            "granted_scopes": ["openid", "bank:accounts.basic:read", "bank:transactions:read"],
            "login_state": "<state>"},
    reject=refused_arrangement,
    shows=("permissions", {"codes": ["bank:accounts.basic:read", "bank:transactions:read"]}),
    further=(["cdr_arrangement", "purpose"], "purpose"),
    unshowable=(["cdr_arrangement", "expiry"], 1767225600),
)
KSA_FAMILY = Family(
    name="ksa", server=KSA, person=NOURA, scopes="openid accounts", path="/ksa/consent",
    place=ANY, token="accounts", parameter="openbanking_intent_id",
    body={"expiry": "2031-03-04T10:49:34Z"},
    choice={"accounts": ["sa-current-5573"]},
    accept={"account_ids": ["sa-current-5573"], "granted_scopes": ["openid", "accounts"],
            "login_state": "<state>"},
    reject=refused_consent,
    shows=("access_ends", {"moment": "2031-03-04T10:49:34.000Z"}),
    further=(["ksa_consent", "purpose"], "purpose"),
    unshowable=(["ksa_consent", "expiry"], {"years": 5}),
)

FAMILIES = [SCOPES, *UNITED_KINGDOM, *BRAZIL, FDX_FAMILY, CDR_FAMILY, KSA_FAMILY]
LODGED = FAMILIES[1:]
PAYMENTS = [family for family in FAMILIES if family.debtor]

# What the System API cannot show: rejected as plain scopes are, and nobody is asked.

UNSUPPORTED = [
    Family(
        name="obuk.funds_confirmation", person=OLIVER, scopes="openid fundsconfirmations",
        path="/scope-grants", place=f"{UK}/cbpii/funds-confirmation-consents",
        token="fundsconfirmations", parameter="openbanking_intent_id",
        body={"Data": {"DebtorAccount": OWN_UK}},
        choice={}, accept={}, reject=refused_scopes, shows=(),
    ),
    Family(
        name="obuk.domestic_vrp", person=OLIVER, scopes="openid payments", path="/scope-grants",
        place=f"{UK}/pisp/domestic-vrp-consents", parameter="openbanking_intent_id",
        body={"Data": {
            "ControlParameters": {
                "VRPType": ["UK.OBIE.VRPType.Sweeping"],
                "PSUAuthenticationMethods": ["UK.OBIE.SCA"],
                "MaximumIndividualAmount": POUNDS,
                "PeriodicLimits": [{"PeriodType": "Month", "PeriodAlignment": "Calendar",
                                    "Amount": "200.00", "Currency": "GBP"}],
            },
            "Initiation": {"CreditorAccount": SHOP},
        }, "Risk": SHOPPING},
        choice={}, accept={}, reject=refused_scopes, shows=(),
    ),
    dataclasses.replace(PIX_V3, name="obbr.payment_v4", path="/scope-grants",
                        place=f"{BRASIL}/payments/v4/consents", reject=refused_scopes),
]
