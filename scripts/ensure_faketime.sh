#!/usr/bin/env bash
# Tests that set the clock of a running product need libfaketime. Where there is none and we may install packages (root
# on Debian), Debian's is taken; elsewhere those tests are skipped.
set -euo pipefail
if compgen -G "/usr/lib/*/faketime/libfaketime.so.1" >/dev/null || [ -e /usr/lib/faketime/libfaketime.so.1 ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends libfaketime >/dev/null
else
    echo "There is no libfaketime and no right to install one: tests that set the clock will be skipped." >&2
fi
