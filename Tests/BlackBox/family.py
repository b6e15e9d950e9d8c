"""What a test must know of a family of consents, and the bodies with which any consent is refused.

In expected bodies `<login>`, `<state>` and `<consent>` stand for what each login has of its own.
"""

import copy
import dataclasses

# Where a family is lodged whose standard has no place for that.
ANY = "/simulator/consents"
# Beckon's authorization servers, each with one workspace: what a login of the first is for is found
# out login by login, the others are for one family only.
RETAIL, FDX, CDR, KSA = SERVERS = ("retail", "fdx", "cdr", "ksa")

DECLINED = "The user declined the request."
FRAUD = "The user reported the request as not theirs."
CANCELLED = "The user cancelled the request."
UNANSWERED = "The user did not answer in time."
NOT_ASKED = "The user could not be asked."
CHANGED = "The request changed after the user approved it."

# `rejection_reason.code` by why: data consents, and payments.
DATA_CODES = {
    DECLINED: "CUSTOMER_MANUALLY_REJECTED", FRAUD: "INTERNAL_SECURITY_REASON",
    CANCELLED: "CUSTOMER_MANUALLY_REJECTED", UNANSWERED: "CONSENT_EXPIRED",
    NOT_ASKED: "CONSENT_TECHNICAL_ISSUE", CHANGED: "CONSENT_TECHNICAL_ISSUE",
}
PAYMENT_CODES = {
    DECLINED: "REJEITADO_USUARIO", FRAUD: "REJEITADO_USUARIO", CANCELLED: "REJEITADO_USUARIO",
    UNANSWERED: "TEMPO_EXPIRADO_AUTORIZACAO", NOT_ASKED: "FALHA_INFRAESTRUTURA",
    CHANGED: "NAO_INFORMADO",
}


def refused_scopes(why):
    """RejectScopeGrant."""
    return {"id": "<login>", "login_state": "<state>", "error": "access_denied",
            "error_description": why}


def refused_arrangement(why):
    """RejectCDR, which has no `id`."""
    return {"login_state": "<state>", "status_code": 403, "error": "rejected",
            "error_cause": "consent_rejected", "error_description": why}


def refused_consent(why):
    """RejectConsent."""
    return {"id": "<login>", **refused_arrangement(why)}


def refused_in_brasil(codes):
    """RejectConsent with `rejection_reason`."""
    return lambda why: {
        **refused_consent(why), "rejection_reason": {"code": codes[why], "details": why}
    }


@dataclasses.dataclass(frozen=True)
class Family:
    # As the simulator's control calls it.
    name: str
    person: str
    # `{}` is the consent's name.
    scopes: str
    # Where it is accepted and rejected, below the base of its group.
    path: str
    # What the person chooses beside approving.
    choice: dict
    accept: dict
    reject: object
    # Something that the phone must show, as label and value.
    shows: tuple
    # Where a member that nobody knows is shown with the others, and under which name.
    further: tuple = None
    # What stands there makes the consent one that cannot be shown: a path, and a value.
    unshowable: tuple = None
    server: str = RETAIL
    # Where it is lodged, with what and with a token for which scope; "" for plain scopes.
    place: str = ""
    body: dict = None
    token: str = "payments"
    # The parameter that names the consent, for families that name it in no scope.
    parameter: str = None
    # Where a debtor's account stands in the body, one of the person's and one of somebody else's.
    debtor: tuple = None

    def lodged(self, account=None):
        """The body; `account` becomes the one that pays."""
        body = copy.deepcopy(self.body)
        if account:
            put(body, self.debtor[0], account)
        return {"family": self.name, "consent": body} if self.place == ANY else body

    @property
    def is_brasilian(self):
        return self.name.startswith("obbr")

    def status(self, word):
        """As the standard writes it."""
        return word.upper() if self.is_brasilian else word


def put(value, path, what):
    """Sets what is at a path of names and positions."""
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = what


def filled(literal, **own):
    """The literal with what a login has of its own."""
    if isinstance(literal, dict):
        return {name: filled(value, **own) for name, value in literal.items()}
    if isinstance(literal, list):
        return [filled(value, **own) for value in literal]
    if isinstance(literal, str):
        for name, value in own.items():
            literal = literal.replace(f"<{name}>", value)
    return literal
