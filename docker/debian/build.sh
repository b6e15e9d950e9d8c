#!/bin/bash
# Pack a program as a Debian package: docker/debian/build.sh PROGRAM FOLDER. Prints the package's path.
set -euo pipefail

program=$(realpath "$1")
folder=$(realpath "$2")
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/stage
architecture=$(dpkg --print-architecture)
version=$("$program" version | cut -d' ' -f2)

make --silent install PROGRAM="$program" DESTDIR="$stage" PREFIX=/usr
gzip -9 -n "$stage/usr/share/doc/beckon/CHANGELOG.md"

# Which packages have the libraries that the program is linked with. It needs a control file to read.
mkdir -p "$work/debian" "$stage/DEBIAN"
printf 'Source: beckon\n\nPackage: beckon\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps --ignore-missing-info -O "$stage/usr/bin/beckon" 2>/dev/null |
    sed -n 's/^shlibs:Depends=//p')

# libcurl and libpq are loaded when they are first needed, so that no linker knows of them. Only a
# store in PostgreSQL needs libpq.
cat >"$stage/DEBIAN/control" <<CONTROL
Package: beckon
Version: $version
Architecture: $architecture
Maintainer: Beckon <beckon@localhost>
Installed-Size: $(du -k -s "$stage/usr" | cut -f1)
Depends: $libraries, libcurl4, ca-certificates, tzdata, adduser
Suggests: libpq5
Section: net
Priority: optional
Description: authentication service for CIBA
 Prompts users on another device to approve logins and payments (OpenID Connect Client-Initiated
 Backchannel Authentication), and reports their decisions to the authorization server.
CONTROL
echo /etc/beckon/beckon.json5 >"$stage/DEBIAN/conffiles"
for script in postinst prerm postrm; do
    install -m 0755 "docker/debian/$script" "$stage/DEBIAN/$script"
done
(cd "$stage" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)

package=$folder/beckon_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$stage" "$package" >/dev/null
echo "$package"
