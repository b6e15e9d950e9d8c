#!/bin/bash
# Install missing packages. Prints nothing if all are installed.
#
#   Tests/setup.sh run     for `make build` and `make run`
#   Tests/setup.sh test    for the tests as well
#   Tests/setup.sh deb     for `make deb`
#   Tests/setup.sh bench   for `make bench`
#   Tests/setup.sh interop the Python libraries of `make interop`, in .venv/interop and .venv/webauthn
#
# For Debian and Ubuntu. Swift must be installed already (swift.org/install).
set -euo pipefail

what=${1:-test}

has() { command -v "$1" >/dev/null 2>&1; }

missing=()
need() { # need PACKAGE CHECK…
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

has_library() { has pkg-config && pkg-config --exists "$1"; }
has_any() { for name in "$@"; do has "$name" && return 0; done; return 1; }

if ! has swift; then
    echo "Swift 6.3 or later is required: https://www.swift.org/install" >&2
    exit 1
fi

need pkg-config has pkg-config
need libssl-dev has_library openssl
need libsqlite3-dev has_library sqlite3
need libcurl4-openssl-dev has_library libcurl
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
need tzdata test -e /usr/share/zoneinfo/Europe/London

if [ "$what" = test ] || [ "$what" = deb ]; then
    need dpkg-dev has dpkg-shlibdeps
    need make has make
fi

if [ "$what" = test ]; then
    # debootstrap is in /usr/sbin, which may not be in a user's PATH.
    need debootstrap has_any debootstrap /usr/sbin/debootstrap
    need systemd has systemd-analyze
    need curl has curl
    need python3 test -x /usr/bin/python3
    need openssl has openssl
    need sqlite3 has sqlite3
    need jq has jq
    need gettext has msgfmt
    need binutils has nm
    # For `make interop`, which installs these packages too.
    need iso-codes test -d /usr/share/iso-codes/json
    # nginx is in /usr/sbin, which may not be in a user's PATH.
    need nginx-light has_any nginx /usr/sbin/nginx
    need postgresql ls /usr/lib/postgresql/*/bin/initdb
    need pgbouncer has_any pgbouncer /usr/sbin/pgbouncer
    # promtool too, for `make interop`.
    need prometheus has prometheus
    need python3-yaml /usr/bin/python3 -c "import yaml"
    need python3-jsonschema /usr/bin/python3 -c "import jsonschema"
    need python3-aiosmtpd /usr/bin/python3 -c "import aiosmtpd"
    need python3-venv /usr/bin/python3 -c 'import ensurepip'
    need python3-prometheus-client /usr/bin/python3 -c 'import prometheus_client'
    # Debian's packages are chromium and chromium-driver. Ubuntu's packages have other names and
    # install a snap, which needs snapd.
    if [ "$(. /etc/os-release && echo "$ID")" = ubuntu ]; then
        need chromium-browser has_any chromium chromium-browser google-chrome
        need chromium-chromedriver has_any chromedriver
    else
        need chromium has_any chromium chromium-browser google-chrome
        need chromium-driver has_any chromedriver
    fi
fi

# Python packages that bring something that the tests read: axe-core, which checks pages for
# accessibility, and the schemas of Kubernetes and of compose.
install_for() { # install_for TESTS NAME MISSING
    local wanted=Tests/$1/requirements.txt venv=.venv/$2
    cmp -s "$wanted" "$venv/made-for" && return
    echo "Installing $(tr '\n' ' ' < "$wanted")…"
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    if "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$wanted"; then
        cp "$wanted" "$venv/made-for"
    else
        echo "$3 missing: the tests skip what needs them" >&2
    fi
}

if [ "$what" = bench ]; then
    need python3 test -x /usr/bin/python3
    need wrk has wrk
    need nginx-light has nginx
    need postgresql ls /usr/lib/postgresql/*/bin/initdb
    need golang-github-lib-pq-dev test -d /usr/share/gocode/src/github.com/lib/pq
    need golang-github-mattn-go-sqlite3-dev test -d /usr/share/gocode/src/github.com/mattn/go-sqlite3
    need golang-gopkg-square-go-jose.v2-dev test -d /usr/share/gocode/src/gopkg.in/square/go-jose.v2
    need golang-go has go
    need gcc has cc
    need valgrind has valgrind
fi

if [ "$what" = interop ]; then
    # A proxy that hands over client certificates.
    if ! has_any haproxy /usr/sbin/haproxy; then
        echo "Installing haproxy…"
        as_root=
        [ "$(id -u)" = 0 ] || as_root=sudo
        $as_root apt-get install -y -qq --no-install-recommends haproxy >/dev/null
    fi
    cd "$(dirname "$0")/.."
    # Rebuilt when the requirements change. The marker is written last, so an interrupted build counts as none.
    install_venv() { # install_venv NAME REQUIREMENTS
        cmp -s "$2" ".venv/$1/made-for" && return
        echo "Installing $(tr '\n' ' ' < "$2")…"
        rm -rf ".venv/$1"
        /usr/bin/python3 -m venv ".venv/$1"
        ".venv/$1/bin/pip" install --quiet --disable-pip-version-check -r "$2"
        cp "$2" ".venv/$1/made-for"
    }
    install_venv interop Tests/Interop/requirements.txt
    # soft-webauthn needs other versions than the rest.
    install_venv webauthn Tests/Interop/requirements-webauthn.txt
    exit 0
fi

finish() {
    if [ "$what" = test ]; then
        cd "$(dirname "$0")/.."
        install_for Browser browser "axe-core is"
        install_for Operating operating "the schemas of Kubernetes and compose are"
    fi
    exit 0
}

[ ${#missing[@]} -eq 0 ] && finish

if ! has apt-get; then
    echo "Please install: ${missing[*]}" >&2
    exit 1
fi

root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! has sudo; then
        echo "Please install, as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    root=(sudo)
fi

echo "Installing ${missing[*]} …"
# The tests start servers of their own, so none is made and started for the system.
clusters=/etc/postgresql-common/createcluster.conf
if [[ " ${missing[*]} " = *" postgresql "* ]] && [ ! -e "$clusters" ]; then
    "${root[@]}" mkdir -p "${clusters%/*}"
    echo "create_main_cluster = false" | "${root[@]}" tee "$clusters" >/dev/null
fi
# env, because sudo drops the caller's variables.
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# Nor do Prometheus and PgBouncer run for the system.
for service in prometheus pgbouncer; do
    if [[ " ${missing[*]} " = *" $service "* ]] && [ -d /run/systemd/system ]; then
        "${root[@]}" systemctl disable --quiet --now "$service"
    fi
done
finish
