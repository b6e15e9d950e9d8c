"""Runs every scenario: logins, consents, pages that people sign in to, and the demo."""

import sys

import consents
import demo
import notifications
import passkeys
import scenarios
import signed_in


def main():
    counts = [scenarios.main(), consents.main(), signed_in.main(), passkeys.main(),
              notifications.main(), demo.main()]
    passed, failed = map(sum, zip(*counts))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
