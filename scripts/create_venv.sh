#!/usr/bin/env bash
# create_venv.sh PYTHON DIRECTORY: makes a virtual environment, installing the system's venv package where that is missing.
set -euo pipefail
python=$1
directory=$2

if [[ -z $python ]] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "tfmodetrace needs Python 3.11 or newer${python:+, which $python is not}; install one, or name it: make PYTHON=/path/to/python3" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  "$(dirname "$0")/apt_install.sh" "$version-venv" || {
    echo "$python cannot make virtual environments, because its ensurepip is missing; install it (Debian, Ubuntu: $version-venv)." >&2
    exit 1
  }
fi
"$python" -m venv "$directory"
