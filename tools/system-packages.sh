#!/bin/sh
# Tests run against the embedded PostgreSQL and against the system's own, which must be there.
# As root on Debian this installs it; elsewhere it says what is missing and goes on.
set -eu

for server in /usr/lib/postgresql/*/bin/postgres; do
    if [ -x "$server" ]; then
        exit 0
    fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo 'Installing PostgreSQL for the tests (apt-get install postgresql)'
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        postgresql >/dev/null
else
    echo "No system PostgreSQL: its tests are left out. On Debian: sudo apt-get install postgresql"
fi
