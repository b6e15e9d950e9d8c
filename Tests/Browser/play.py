"""Plays every scenario, those of logins and those of consents, and counts."""

import sys

import consents
import scenarios


def main():
    counts = [scenarios.main(), consents.main()]
    passed, failed = map(sum, zip(*counts))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
