#!/bin/sh
# What the tests need from the system: the oldest PostgreSQL that Slotcast serves, beside the
# embedded newest, with PostGIS, and a browser with a font. As root on Debian this installs it;
# elsewhere it says what is missing.
set -eu

missing=
[ -x /usr/lib/postgresql/15/bin/postgres ] || missing="$missing postgresql-15"
[ -e /usr/share/postgresql/15/extension/postgis.control ] \
    || missing="$missing postgresql-15-postgis-3"
command -v chromium >/dev/null || missing="$missing chromium fonts-liberation"
if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Some tests need more. On Debian 12 run: sudo apt-get install$missing" >&2
    exit 0
fi
echo "Installing for the tests:$missing"
apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
