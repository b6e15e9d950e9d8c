# What the flows of the token endpoint share: a Beckon of their own with TLS, and clients with
# certificates. BECKON and BECKON_LAB name the programs; the builds of `swift build` are the default.
. "$(dirname "$0")/lib.sh"

BECKON=$(realpath "${BECKON:-$(dirname "$0")/../../.build/debug/beckon}")
BECKON_LAB=$(realpath "${BECKON_LAB:-$BECKON-lab}")
folder=$(mktemp -d)
service=
# The processes of simulators.
simulators=()

stop_service() {
    local status=$?
    if [ "$status" -ne 0 ] && [ -f "$folder/log" ]; then tail -n 20 "$folder/log" >&2; fi
    for process in $service "${simulators[@]}"; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap stop_service EXIT

# make_certificate NAME [OPTION…]: a self-signed certificate with a key of its own: NAME.pem, NAME.key.
make_certificate() {
    openssl req -x509 -newkey "${2:-rsa:2048}" "${@:3}" -nodes -days 2 -subj "/CN=$1" \
        -keyout "$folder/$1.key" -out "$folder/$1.pem" -addext "subjectAltName=IP:127.0.0.1" 2>/dev/null
}

# admin COMMAND…: an operator's command on the store.
admin() { "$BECKON" "$@" --config="$folder/beckon.json5"; }

# simulate NAME ADDRESS CONTROL OPTION…: a simulator of the lab that calls the service.
simulate() {
    "$BECKON_LAB" simulate "$1" --listen="$2" --control="$3" --service-url="$ISSUER" \
        --service-ca="$folder/server.pem" "${@:4}" >"$folder/$1" 2>&1 &
    simulators+=("$!")
}

free_port() { python3 "$(dirname "$0")/../BlackBox/ports.py"; }

# start_service [SETTING…]: starts Beckon with these members of the group `trust`, and with $MORE. Its
# authorization server is at $ACP.
start_service() {
    local port management hash
    port=$(free_port)
    management=$(free_port)
    make_certificate server
    hash=$(printf '%s' 'a-password-between-acp-and-beckon-4711' | "$BECKON" hash-secret)
    ISSUER=https://127.0.0.1:$port
    cat >"$folder/beckon.json5" <<END
{
  development: true,
  public_url: "$ISSUER",
  listen: {
    address: "127.0.0.1:$port",
    tls: {
      certificate: "server.pem", key: "server.key",
      client_certificates: "any",
    },
  },
  management: { address: "127.0.0.1:$management" },
  store: { sqlite: { path: "beckon.db" } },
  channels: { console: { kind: "console" } },
  trust: { $* },
  ${MORE:-}
  authorization_servers: [{
    id: "acp",
    inbound: { basic: [{ user: "acp", password_hash: "$hash" }] },
    outbound: {
      tenant: "bank", acp: "${ACP:-http://127.0.0.1:9}",
      client_id: "beckon", client_secret: "a-secret-between-acp-and-beckon-4711",
    },
  }],
}
END
    admin migrate >/dev/null
    "$BECKON" serve --config="$folder/beckon.json5" 2>"$folder/log" >/dev/null &
    service=$!
    within 15 "the listener" answers
}

answers() {
    curl --silent --output /dev/null --cacert "$folder/server.pem" \
        "$ISSUER/.well-known/oauth-authorization-server"
}

# as NAME ARGUMENTS…: curl with the certificate of a client.
as() { call --cacert "$folder/server.pem" --cert "$folder/$1.pem" --key "$folder/$1.key" "${@:2}"; }

base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }

# assertion KEY KID ISS SUB: a client assertion (RFC 7523 §3), signed with RS256 by openssl alone.
assertion() {
    local now header payload
    now=$(date +%s)
    header=$(printf '{"alg":"RS256","typ":"JWT","kid":"%s"}' "$2" | base64url)
    payload=$(jq -nc --arg iss "$3" --arg sub "$4" --arg aud "$ISSUER" --argjson now "$now" \
        --arg jti "$(openssl rand -hex 16)" \
        '{$iss, $sub, $aud, iat: $now, exp: ($now + 300), $jti}' | base64url)
    printf '%s.%s.%s' "$header" "$payload" \
        "$(printf '%s.%s' "$header" "$payload" | openssl dgst -sha256 -sign "$folder/$1.key" | base64url)"
}

# x5t NAME: the thumbprint of a certificate (RFC 8705 §3.1).
x5t() { openssl x509 -in "$folder/$1.pem" -outform DER | openssl dgst -sha256 -binary | base64url; }

# claim TOKEN FILTER: what jq finds in the claims of a token.
claim() { jq -Rr "split(\".\")[1] | gsub(\"-\"; \"+\") | gsub(\"_\"; \"/\") | @base64d | fromjson | $2" <<<"$1"; }

# audited FILTER: whether an entry of the audit fits.
audited() { admin audit export | jq -es "map(select($1)) | length > 0" >/dev/null || fail "no entry: $1"; }
