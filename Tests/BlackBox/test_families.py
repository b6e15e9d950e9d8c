"""Every family of consents from the third party that lodges it to its tokens: accepted, rejected,
left alone, changed, with wrong accounts, and with members that nobody knows.
"""

import contextlib
import unittest

import families
import family as rules
from families import FAMILIES, LODGED, PAYMENTS, STRANGER, UNSUPPORTED
from family import put
from family_stage import APPROVED, FamilyStage, until


class Families(FamilyStage):
    # What happens to a consent

    def test_accept(self):
        def play(family):
            login = self.ask(family)
            self.sees(login, family.shows)
            self.approve(login, **family.choice)
            self.is_accepted(login, family.accept)
        self.each(FAMILIES, play)

    def test_reject(self):
        decisions = {"deny": rules.DECLINED, "fraud": rules.FRAUD, "cancel": rules.CANCELLED}

        def play(family):
            for decision, why in decisions.items():
                login = self.ask(family)
                status, _ = self.phone.decide(self.beckon, login.id, decision)
                self.assertEqual(status, 200)
                self.is_rejected(login, why)
        self.each(FAMILIES, play)

    # rule: U4
    def test_expiry(self):
        def play(family):
            login = self.ask(family, lifetime=5)
            self.phone.prompt(login.id)
            if family.place:
                self.is_rejected(login, rules.UNANSWERED)
            receipt = self.phone.receipt(self.beckon, login.id)
            self.assertEqual((receipt["outcome"], receipt.get("decision")), ("expired", None))
            late, _ = self.phone.decide(self.beckon, login.id, "approve", **family.choice)
            self.assertEqual(late, 410)
            if not family.place:
                # Left to expire, so that the client hears the truth.
                self.acps[family.server].ask("POST", "/clock", {"advance_s": 5})
                self.assertEqual(login.party.redeem(login.asked[0])[1]["error"], "expired_token")
                self.assertEqual(login.sent, [])
        self.each(LODGED, play)
        # The clock of its server is put forward, so it plays alone.
        self.each([families.SCOPES], play)

    # rule: P7
    def test_changed_after_approval(self):
        everything = [(family, {"after": 1}) for family in FAMILIES]
        payee = [(family, {"after": 1, "what": "payee"})
                 for family in (families.DOMESTIC_PAYMENT, families.PIX_V3)]

        def play(family, knob):
            login = self.ask(family)
            self.phone.prompt(login.id)
            login.acp.turn({"consent.change": knob}, login_id=login.id)
            self.approve(login, **family.choice)
            self.is_rejected(login, rules.CHANGED)
            receipt = self.phone.receipt(self.beckon, login.id)
            self.assertEqual((receipt["outcome"], receipt["decision"]), ("voided", "approve"))
        self.each(everything + payee, lambda case: play(*case))

    # Accounts

    def test_an_approval_of_what_was_not_offered(self):
        # No account, somebody else's, one that is offered beside one that is not, one twice, two
        # where one pays; too few scopes and too many; and another consent than the one shown.
        def wrong(family):
            if not family.place:
                return [{"accounts": ["gb-current-2604"]}, {"scopes": ["openid"]}, {"scopes": []},
                        {"scopes": ["openid", "profile", "email"]}, {"digest": "A" * 43}]
            own = family.choice["accounts"][0]
            cases = [{}, {"accounts": []}, {"accounts": ["gb-current-9911"]},
                     {"accounts": [own, "gb-loan-2604"]}, {"accounts": [own, own]},
                     {"accounts": [own], "scopes": ["openid"]},
                     {"accounts": [own], "digest": "A" * 43}]
            if family.debtor:
                other = family.debtor[3]["account_ids"][0]
                cases.append({"accounts": [own, other]})
            return cases

        def play(family):
            login = self.ask(family)
            before = self.phone.look(self.beckon, login.id)
            shown = {"digest": before["consent"]["digest"]}
            for choice in wrong(family):
                choice = {**shown, **choice}
                status, problem = self.phone.decide(self.beckon, login.id, "approve", **choice)
                self.assertEqual(status, 422, (choice, problem))
                self.assertEqual(problem["type"], "urn:beckon:problem:unfit-selection")
                self.assertEqual(self.phone.look(self.beckon, login.id), before)
            self.assertEqual(login.sent, [])
            # It has done no harm.
            self.approve(login, **family.choice)
            self.is_accepted(login, family.accept)
        self.each(FAMILIES, play)

    def test_the_account_that_the_consent_names(self):
        def play(family):
            _, own, _, accept = family.debtor
            login = self.ask(family, account=own)
            self.approve(login)
            self.is_accepted(login, accept)
        self.each(PAYMENTS, play)

    def test_an_account_of_somebody_else(self):
        def play(family):
            login = self.ask(family, account=family.debtor[2])
            self.is_rejected(login, rules.NOT_ASKED)
            self.is_never_prompted(login)
        self.each(PAYMENTS, play)

    def test_a_person_without_accounts(self):
        def play(family):
            login = self.ask(family, person=STRANGER)
            self.is_rejected(login, rules.NOT_ASKED)
            self.is_never_prompted(login)
        self.each(LODGED, play)

    # Members that nobody knows

    def test_an_unknown_member_of_the_envelope_is_ignored(self):
        def change(view):
            view["x_vendor"] = {"nested": [1, None]}
            view["client_info"]["x_rating"] = 5
            view["requested_scopes"][0]["x_order"] = "first"

        def play(family):
            login = self.ask(family, change=change)
            shown = str(self.phone.look(self.beckon, login.id))
            for name in ("x_vendor", "x_rating", "x_order"):
                self.assertNotIn(name, shown)
            self.approve(login, **family.choice)
            self.is_accepted(login, family.accept)
        self.each(FAMILIES, play)

    def test_an_unknown_member_of_the_consent_is_shown(self):
        def play(family):
            path, label = family.further
            login = self.ask(family, change=lambda view: put(view, path, {"rate": "4.5 %"}))
            facts = self.phone.look(self.beckon, login.id)["consent"]["facts"]
            shown = [fact for fact in facts if fact.get("further", "").endswith(label + ".rate")]
            self.assertEqual([fact["text"] for fact in shown], ["4.5 %"], facts)
            self.approve(login, **family.choice)
            self.is_accepted(login, family.accept)
        self.each(LODGED, play)

    def test_what_cannot_be_shown_is_refused(self):
        def play(family):
            login = self.ask(family, change=lambda view: put(view, *family.unshowable))
            self.is_rejected(login, rules.NOT_ASKED)
            self.is_never_prompted(login)
        self.each(FAMILIES, play)

    def test_what_the_server_cannot_show_is_rejected_as_a_scope_grant(self):
        def play(family):
            login = self.ask(family)
            self.is_rejected(login, rules.NOT_ASKED)
            self.is_never_prompted(login)
        self.each(UNSUPPORTED, play)

    # Several logins for one consent

    def test_the_first_login_of_a_consent_stays(self):
        closed = self.closed_untold()

        def start(family):
            first = self.ask(family)
            self.phone.prompt(first.id)
            return first, self.ask(family, consent=first.consent)

        def decide(logins):
            first, second = logins
            self.approve(first, **first.family.choice)
            self.is_accepted(first, first.family.accept)
            self.is_never_prompted(second)
            kept = second.acp.login(second.id)
            self.assertEqual((kept["accept_calls"], kept["reject_calls"]), (0, 0))
            status, answer = second.party.redeem(second.asked[0])
            self.assertEqual((status, answer["error"]), (400, "authorization_pending"))

        with contextlib.ExitStack() as knobs:
            for acp in self.acps.values():
                knobs.callback(acp.turn({"same_consent": "allow"}))
            pairs = self.each(LODGED, start)
        # Of some families only the server's answer says which consent it is.
        until("the second logins are closed",
              lambda: self.closed_untold() - closed == len(LODGED))
        self.each(pairs, decide)

    # rule: C8, U5
    def test_access_is_renewed_by_another_login(self):
        def play(family):
            first = self.ask(family)
            self.approve(first, **family.choice)
            self.is_accepted(first, family.accept)
            again = self.ask(family, consent=first.consent)
            self.sees(again, ("status", {"codes": ["Authorised"]}))
            self.approve(again, **family.choice)
            self.is_accepted(again, family.accept)
        self.each([family for family in LODGED if not family.debtor], play)

    def test_an_arrangement_is_amended(self):
        family = families.CDR_FAMILY
        first = self.ask(family)
        self.approve(first, **family.choice)
        self.is_accepted(first, family.accept)
        amended = {**family.body, "cdr_arrangement_id": first.consent}

        def amend():
            login = self.ask(family, body={"family": "cdr", "consent": amended})
            self.sees(login, ("replaces_arrangement", {"text": first.consent}))
            accounts = self.phone.look(self.beckon, login.id)["consent"]["accounts"]
            self.assertEqual([(account["id"], account["preselected"]) for account in accounts],
                             [("au-access-3350", False), ("au-loan-3350", True)])
            return login

        declined = amend()
        self.phone.decide(self.beckon, declined.id, "deny")
        self.is_rejected(declined, rules.DECLINED)
        self.assertEqual(first.status, APPROVED, "the first arrangement goes on")
        both = ["au-access-3350", "au-loan-3350"]
        accepted = amend()
        self.approve(accepted, accounts=both)
        self.is_accepted(accepted, {**family.accept, "account_ids": both})


if __name__ == "__main__":
    unittest.main(verbosity=1)
