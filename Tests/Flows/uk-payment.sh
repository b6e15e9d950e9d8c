#!/bin/bash
# A shop lodges a payment of Open Banking UK and asks for it; the person sees how much and to whom,
# and chooses the account that pays. Approved, the shop has tokens; declined, it hears access_denied.
#
#   BASE_URL=http://127.0.0.1:8081 SIM_URL=http://127.0.0.1:8082 CLIENT=kiosk:kiosk-secret \
#   SIM_CONTROL_URL=http://127.0.0.1:8083/_sim PHONE_URL=http://127.0.0.1:8080/demo/phone \
#   Tests/Flows/uk-payment.sh
. "$(dirname "$0")/lib.sh"

consents=$ISSUER/open-banking/v3.1/pisp/domestic-payment-consents
payment='{"Data": {"Initiation": {
    "InstructionIdentification": "ORDER-1042",
    "InstructedAmount": {"Amount": "165.88", "Currency": "GBP"},
    "CreditorAccount": {"SchemeName": "UK.OBIE.SortCodeAccountNumber",
        "Identification": "08080021325698", "Name": "Shop Ltd"},
    "RemittanceInformation": {"Reference": "INV-1042"}}},
    "Risk": {"PaymentContextCode": "EcommerceGoods"}}'
scope="openid payments"

for decision in approve deny; do
    message="Till $$-$RANDOM $decision"
    lodge "$consents" "$payment"
    expect_member .Data.Status AwaitingAuthorisation
    consent=$(jq -r .Data.ConsentId <<<"$body")
    start_flow "$CLIENT" -d openbanking_intent_id="$consent"

    wait_for_prompt
    look
    expect_member .consent.id "$consent"
    expect_fact amount '.amount + " " + .currency' "165.88 GBP"
    expect_fact payee .text "Shop Ltd"
    expect_fact payee_account .identification 08080021325698
    account=$(jq -r '.consent.accounts[0].id' <<<"$body")

    if [ "$decision" = approve ]; then
        decide approve somebody-elses
        expect_status 422
        decide approve "$account"
        wait_until_settled
        redeem "$CLIENT"
        expect_tokens
        ask_server
        expect_member '.report.account_ids | join(" ")' "$account"
        look_back "$consents/$consent"
        expect_member .Data.Status Authorised
    else
        decide deny
        wait_until_settled
        redeem "$CLIENT"
        expect_status 400
        expect_member .error access_denied
        look_back "$consents/$consent"
        expect_member .Data.Status Rejected
    fi
done
