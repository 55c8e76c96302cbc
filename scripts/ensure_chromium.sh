#!/usr/bin/env bash
# Finds a Chromium for the browser tests, or installs the system's.
set -euo pipefail

installed() {
  if [[ -n ${CHROMIUM:-} ]]; then
    command -v "$CHROMIUM" >/dev/null
    return
  fi
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    [[ -x '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' ]]
}

installed && exit 0
if [[ -z ${CHROMIUM:-} ]]; then
  "$(dirname "$0")/apt_install.sh" chromium || true
  installed && exit 0
fi
echo "The browser tests need Chromium or Chrome and found ${CHROMIUM:-none}; install one, or name it: CHROMIUM=/path/to/chromium make test" >&2
exit 1
