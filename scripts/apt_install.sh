#!/usr/bin/env bash
# apt_install.sh PACKAGE…: installs Debian packages without asking; fails quietly where there is no apt-get or no right to use it.
set -euo pipefail

command -v apt-get >/dev/null || exit 1
sudo=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || exit 1
  # A person may be asked for a password; a script must not hang on it.
  if [[ -t 0 ]]; then sudo=(sudo); else sudo=(sudo -n); fi
fi
echo "Installing $* with apt-get …"
"${sudo[@]}" apt-get -qq update >&2
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" >&2
