#!/usr/bin/env bash
# Browser tests need a Chromium. Where there is none and we may install packages (root on Debian), Debian's is taken.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
else
    echo "There is no Chromium and no right to install one: browser tests will fail. Install the package chromium." >&2
fi
