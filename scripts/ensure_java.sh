#!/usr/bin/env bash
# Tests with a Spark cluster need a Java of version 17 or newer. Where there is none and we may install packages (root on
# Debian), Debian's is taken.
set -euo pipefail
if command -v java >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null
else
    echo "There is no Java and no right to install one: tests with Spark will fail. Install default-jre-headless." >&2
fi
