"""Runs every scenario: logins, consents and the demo."""

import sys

import consents
import demo
import scenarios


def main():
    counts = [scenarios.main(), consents.main(), demo.main()]
    passed, failed = map(sum, zip(*counts))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
