#!/bin/bash
# Validates the descriptions, and each example in them against its schema. Says nothing when all is
# well.
set -euo pipefail
cd "$(dirname "$0")/.."

python=python3
if ! $python -c 'import openapi_spec_validator, jsonschema, yaml' 2>/dev/null; then
    python=.venv/bin/python
    if ! "$python" -c 'import openapi_spec_validator, jsonschema, yaml' 2>/dev/null; then
        python3 -m venv .venv
        "$python" -m pip install --quiet --disable-pip-version-check \
            openapi-spec-validator==0.9.0
    fi
fi
"$python" openapi/check.py openapi/beckon.yaml 90
"$python" openapi/check.py openapi/bank-accounts.yaml 8
"$python" openapi/check.py openapi/user-directory.yaml 3
