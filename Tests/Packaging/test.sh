#!/bin/bash
# `make install`, the Debian package and the image's runtime stage, each in a fresh Debian: a chroot
# that debootstrap makes. BECKON names the program; the build of `swift build` is the default.
#
# Where no chroot can be made, the package is installed with `dpkg --root` only, and the reason is
# printed.
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
beckon=$(realpath "${BECKON:-$root/.build/debug/beckon}")
cd "$root"
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8
passed=0
failed=0
work=$(mktemp -d)
mounted=()

finish() {
    for place in "${mounted[@]}"; do umount -l "$place"; done
    rm -rf --one-file-system "$work"
}
trap finish EXIT

result() { # result STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $2"
    else
        failed=$((failed + 1))
        echo "FAILED  $2"
        [ -s "$work/out" ] && tail -n 20 "$work/out"
    fi
}

# try NAME COMMAND…
try() {
    local name=$1
    shift
    "$@" >"$work/out" 2>&1
    result $? "$name"
}

# --- make install

installed=$work/installed
try "make install installs below DESTDIR" \
    make install PROGRAM="$beckon" DESTDIR="$installed" PREFIX=/usr
for file in usr/bin/beckon usr/lib/systemd/system/beckon.service usr/lib/sysusers.d/beckon.conf \
    etc/beckon/beckon.json5 usr/share/doc/beckon/README.md; do
    try "make install has $file" test -f "$installed/$file"
done
echo "changed" >>"$installed/etc/beckon/beckon.json5"
make install PROGRAM="$beckon" DESTDIR="$installed" PREFIX=/usr >/dev/null 2>&1
try "make install keeps a configuration that is there" \
    grep -q changed "$installed/etc/beckon/beckon.json5"
make install PROGRAM="$beckon" DESTDIR="$work/opt" PREFIX=/opt/beckon >/dev/null 2>&1
try "the unit starts the program where it was installed" \
    grep -q '^ExecStart=/opt/beckon/bin/beckon' "$work/opt/opt/beckon/lib/systemd/system/beckon.service"
try "make install refuses without a program" \
    bash -c "! make install PROGRAM='$work/none' DESTDIR='$work/no'"

# The unit, with a program where it looks for one.
sed "s|/usr/bin/beckon|$installed/usr/bin/beckon|" docker/debian/beckon.service >"$work/beckon.service"
verified() { [ -z "$(systemd-analyze verify --man=no "$work/beckon.service" 2>&1 | grep beckon.service)" ]; }
try "systemd accepts the unit" verified
try "systemd rates the unit's exposure 2.0 or lower" \
    systemd-analyze security --offline=true --threshold=20 "$work/beckon.service"

# --- the package

package=$(docker/debian/build.sh "$beckon" "$work" 2>"$work/out")
result $? "make deb builds a package"
version=$("$beckon" version | cut -d' ' -f2)
try "the package has the program's version" \
    test "$(dpkg-deb --field "$package" Version)" = "$version"
depends=$(dpkg-deb --field "$package" Depends)
for library in libcurl4 libssl3 libsqlite3-0; do
    try "the package depends on $library" grep -q "$library" <<<"$depends"
done
try "the package suggests the library of PostgreSQL" \
    test "$(dpkg-deb --field "$package" Suggests)" = libpq5
try "the package keeps the configuration on upgrades" \
    bash -c "dpkg-deb --info '$package' conffiles | grep -qx /etc/beckon/beckon.json5"

# --- a fresh Debian

# why_not: says why there is no chroot, or nothing.
base=$root/.build/bookworm
why_not() {
    [ "$(id -u)" -eq 0 ] || { echo "only root can make a chroot" && return; }
    command -v debootstrap >/dev/null || { echo "debootstrap is not installed" && return; }
    [ -e "$base/done" ] && return
    rm -rf --one-file-system "$base"
    mkdir -p "$base"
    if ! timeout 600 debootstrap --variant=minbase bookworm "$base/root" >"$work/debootstrap" 2>&1; then
        echo "debootstrap failed: $(tail -n 1 "$work/debootstrap")"
        return
    fi
    # Not the packages that it was made of.
    rm -rf "$base/root/var/cache/apt/archives"/*.deb
    touch "$base/done"
}

# fresh NAME: a copy of the fresh Debian at $work/NAME, with what the program of a debug build needs
# besides.
fresh() {
    cp -a --reflink=auto "$base/root" "$work/$1"
    cp /etc/resolv.conf "$work/$1/etc/resolv.conf"
    # Nothing here has to outlive a crash, so nothing waits for the disk.
    echo force-unsafe-io >"$work/$1/etc/dpkg/dpkg.cfg.d/fast"
    for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/sources.list.d/debian.sources; do
        [ -e "$file" ] && cp "$file" "$work/$1${file%/*}/"
    done
    [ -e "$work/$1/etc/apt/sources.list.d/debian.sources" ] && : >"$work/$1/etc/apt/sources.list"
    # A debug build is linked with Swift's libraries, which a release carries in itself.
    ldd "$beckon" | sed -nE 's/.*=> (\/.*swift.*) \(.*/\1/p' | while read -r library; do
        install -D "$library" "$work/$1$library"
    done
    mount -t proc proc "$work/$1/proc" 2>/dev/null && mounted+=("$work/$1/proc")
}

in_chroot() { # in_chroot NAME COMMAND…
    local name=$1
    shift
    DEBIAN_FRONTEND=noninteractive chroot "$work/$name" /usr/bin/env -u TMPDIR HOME=/srv "$@"
}

# runs NAME USER: the service runs in the chroot, and says itself that it is healthy. That takes
# libcurl.
runs() {
    local port management
    port=$(/usr/bin/python3 Tests/BlackBox/ports.py)
    management=$(/usr/bin/python3 Tests/BlackBox/ports.py)
    sed "s|0.0.0.0:8081\"|127.0.0.1:$port\" }, management: { address: \"127.0.0.1:$management\"|" \
        docker/beckon.json5 >"$work/$1/etc/beckon-test.json5"
    chroot --userspec="$2" "$work/$1" beckon check --config=/etc/beckon-test.json5 || return 1
    chroot --userspec="$2" "$work/$1" beckon serve --config=/etc/beckon-test.json5 &
    local service=$! end=$((SECONDS + 20)) status=1
    until [ $status -eq 0 ] || [ $SECONDS -ge $end ]; do
        sleep 0.2
        in_chroot "$1" beckon health --ready --management="127.0.0.1:$management"
        status=$?
    done
    kill -TERM "$service"
    wait "$service"
    local ended=$?
    echo "health $status, end of the service $ended"
    [ $status -eq 0 ] && [ $ended -eq 0 ]
}

reason=$(why_not)
if [ -n "$reason" ]; then
    echo "There is no chroot here: $reason. The package is installed with dpkg --root."
    mkdir -p "$work/plain/var/lib/dpkg/updates" "$work/plain/var/lib/dpkg/info"
    touch "$work/plain/var/lib/dpkg/status"
    try "dpkg --root installs the package's files" \
        dpkg --root="$work/plain" --force-not-root --force-depends --unpack "$package"
    try "the installed program runs" "$work/plain/usr/bin/beckon" version
else
    fresh deb
    cp "$package" "$work/deb/srv/beckon.deb"
    in_chroot deb apt-get update -qq >"$work/out" 2>&1
    try "apt installs the package with what it depends on" \
        in_chroot deb apt-get install -y -qq --no-install-recommends /srv/beckon.deb
    try "the installed program runs" in_chroot deb beckon version
    try "installing makes the user beckon" in_chroot deb getent passwd beckon
    try "only the service reads its configuration" \
        in_chroot deb bash -c '[ "$(stat -c "%U:%G %a" /etc/beckon/beckon.json5)" = "root:beckon 640" ]'
    try "only the service reads its store" \
        in_chroot deb bash -c '[ "$(stat -c "%U:%G %a" /var/lib/beckon)" = "beckon:beckon 700" ]'
    try "the installed service starts, is healthy and stops" runs deb beckon:beckon
    echo "// mine" >>"$work/deb/etc/beckon/beckon.json5"
    in_chroot deb apt-get install -y -qq --reinstall /srv/beckon.deb >"$work/out" 2>&1
    try "installing again keeps the configuration" grep -q mine "$work/deb/etc/beckon/beckon.json5"
    try "apt removes the package" in_chroot deb apt-get remove -y -qq beckon
    try "removing keeps the store" test -e "$work/deb/var/lib/beckon/beckon.db"
    try "apt purges the package" in_chroot deb apt-get purge -y -qq beckon
    try "purging erases the store" test ! -e "$work/deb/var/lib/beckon"

    # The instructions of the stage `base`, and of the last one, in a fresh Debian.
    fresh image
    sed -nE '/ AS base$/,/^FROM/p' docker/Dockerfile | sed -e :a -e '/\\$/N; s/\\\n//; ta' |
        sed -n 's/^RUN //p' >"$work/image/srv/stage.sh"
    try "the image's runtime stage has instructions" test -s "$work/image/srv/stage.sh"
    try "the image's runtime stage can be built" in_chroot image bash -e /srv/stage.sh
    install -D "$beckon" "$work/image/usr/local/bin/beckon"
    for library in libcurl.so.4 libpq.so.5; do
        try "the image has $library" in_chroot image bash -c "ldconfig -p | grep -q $library"
    done
    try "the image's service starts, is healthy and stops" runs image 10001:10001
fi

# --- the image, as far as it can be read

exposed() { # exposed STAGE: the ports of a stage of the Dockerfile; the last one without a name.
    awk -v stage="$1" '/^FROM/ { name = $4 } /^EXPOSE/ && name == stage { $1 = ""; print }' docker/Dockerfile |
        xargs -n1 2>/dev/null | sort
}
published() { # published TARGET: the ports that compose publishes of it.
    /usr/bin/python3 - "$1" <<'PYTHON' | sort
import sys, yaml
for service in yaml.safe_load(open("docker/compose.yaml"))["services"].values():
    if service["build"].get("target", "") == sys.argv[1]:
        for port in service.get("ports", []):
            print(str(port).split(":")[-1])
PYTHON
}
for stage in "" lab; do
    try "the image${stage:+ $stage} exposes the ports that compose publishes" \
        test "$(exposed "$stage")" = "$(published "$stage")"
done
try "the image's label has the program's version" grep -q "^ARG VERSION=\"$version\"" docker/Dockerfile
for label in title description version revision created base.name; do
    try "the image has the label $label" grep -q "org.opencontainers.image.$label=" docker/Dockerfile
done
try "both base images can be pinned by digest" \
    test "$(grep -cE '^FROM [a-z]+:[^ ]+\$\{[A-Z]+_DIGEST\} AS ' docker/Dockerfile)" -eq 2

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
