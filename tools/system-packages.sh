#!/bin/sh
# The tests run against the embedded PostgreSQL 18 and against the oldest that Slotcast serves,
# PostgreSQL 15, from the system. As root on Debian this installs it; elsewhere it says what is
# missing.
set -eu

if [ -x /usr/lib/postgresql/15/bin/postgres ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo 'Some tests need PostgreSQL 15. On Debian 12 run: sudo apt-get install postgresql-15' >&2
    exit 0
fi
echo 'Installing PostgreSQL 15 for the tests'
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql-15 >/dev/null
