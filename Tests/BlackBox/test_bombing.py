"""Ten thousand logins for one person become a handful of prompts, and every login has an outcome."""

import unittest

from acp import ACP
from beckon import Beckon, Phone, authorization_server
from bombing import NAME, VICTIM, Bombing

COUNT = 10_000
MOST_PROMPTS = 5


class PromptBombing(unittest.TestCase):
    # rule: X5
    def test_a_person_gets_a_handful_of_prompts_and_the_server_an_outcome_for_each(self):
        with Phone() as phone, ACP("http://127.0.0.1:1") as acp, Bombing(COUNT) as bombing, \
                Beckon(phone, acp.url, {
                    "limits_per_user": {"live": 20, "starts_per_minute": 1000,
                                        "max_prompts_since_success": MOST_PROMPTS},
                    "authorization_servers": [
                        authorization_server("acp", acp.url),
                        authorization_server(NAME, bombing.url, "/" + NAME)],
                }) as beckon:
            acp.beckon = acp.beckon._replace(netloc=f"127.0.0.1:{beckon.port}")
            for user in (VICTIM, "anna"):
                beckon.run("users", "add", f"--user={user}")
            bombing.send(beckon.port, 20)
            # Somebody else logs in meanwhile.
            other = acp.start(user="anna")
            phone.prompt(other.id)
            phone.decide(beckon, other.id, "approve")
            self.assertTrue(other.decided.wait(15), "the other login was not reported")
            acknowledged, _ = bombing.sent()
            self.assertEqual(acknowledged, COUNT)
            prompts = [login for login, _ in phone.arrivals if login != other.id]
            self.assertLessEqual(len(prompts), MOST_PROMPTS)
            self.assertGreater(len(prompts), 0)
            for login in prompts:
                status, seen = phone.decide(beckon, login, "deny")
                self.assertEqual((status, seen["outcome"]), (200, "denied"))
            # Each was reported, and none twice.
            self.assertEqual(bombing.outcomes(), {1: COUNT})
            prompts = [login for login, _ in phone.arrivals if login != other.id]
            self.assertLessEqual(len(prompts), MOST_PROMPTS)
            self.assertEqual(other.effective, 1)


if __name__ == "__main__":
    unittest.main()
