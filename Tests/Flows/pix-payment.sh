#!/bin/bash
# A bakery lodges a Pix payment of Open Finance Brasil and asks for it by its dynamic scope; the
# person sees how much, to whom and by which key, and chooses the account that pays. Approved, the
# bakery has tokens; declined, it hears access_denied, and its consent says that the person did it.
#
#   BASE_URL=http://127.0.0.1:8081 SIM_URL=http://127.0.0.1:8082 CLIENT=kiosk:kiosk-secret \
#   SIM_CONTROL_URL=http://127.0.0.1:8083/_sim PHONE_URL=http://127.0.0.1:8080/demo/phone \
#   Tests/Flows/pix-payment.sh
. "$(dirname "$0")/lib.sh"

consents=$ISSUER/open-banking/payments/v3/consents
payment='{"data": {
    "loggedUser": {"document": {"identification": "76109277673", "rel": "CPF"}},
    "creditor": {"personType": "PESSOA_JURIDICA", "cpfCnpj": "58764789000137",
        "name": "Padaria São João Ltda"},
    "payment": {"type": "PIX", "date": "2031-03-04", "currency": "BRL", "amount": "1333.00",
        "details": {"localInstrument": "DICT", "proxy": "pix@padaria.example",
            "creditorAccount": {"ispb": "87654321", "issuer": "0001", "number": "1234567890",
                "accountType": "CACC"}}}}}'

for decision in approve deny; do
    message="Caixa $$-$RANDOM $decision"
    lodge "$consents" "$payment"
    expect_member .data.status AWAITING_AUTHORISATION
    consent=$(jq -r .data.consentId <<<"$body")
    scope="openid payments consent:$consent"
    start_flow "$CLIENT"

    wait_for_prompt
    look
    expect_member .consent.id "$consent"
    expect_fact amount '.amount + " " + .currency' "1333.00 BRL"
    expect_fact payee .text "Padaria São João Ltda"
    expect_fact pix_key .text pix@padaria.example
    # Its number, which is what the bank is told, is the name that this bank has for it.
    account=$(jq -r '[.consent.accounts[] | select(.currency == "BRL")][0].id' <<<"$body")

    if [ "$decision" = approve ]; then
        decide approve
        expect_status 422
        decide approve "$account"
        wait_until_settled
        redeem "$CLIENT"
        expect_tokens
        ask_server
        expect_member '.report.account_ids | join(" ")' "$account"
        expect_member .report.debtor_account.number "$account"
        expect_member .report.debtor_account.account_type CACC
        look_back "$consents/$consent"
        expect_member .data.status AUTHORISED
    else
        decide deny
        wait_until_settled
        redeem "$CLIENT"
        expect_status 400
        expect_member .error access_denied
        ask_server
        expect_member .report.rejection_reason.code REJEITADO_USUARIO
        look_back "$consents/$consent"
        expect_member .data.status REJECTED
    fi
done
