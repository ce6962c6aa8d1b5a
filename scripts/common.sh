# Sourced by the other scripts: where things are, and how work is told.
set -euo pipefail

SLIPWAY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export SLIPWAY_ROOT
# All that may be kept between checkouts: wheels unpacked, compiled objects, virtual environments, verdicts of
# clang-tidy, the clean root. Every entry is named by the content that it was made from.
export SLIPWAY_CACHE=${SLIPWAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/slipway}
mkdir -p "$SLIPWAY_CACHE"
SLIPWAY_CACHE=$(cd "$SLIPWAY_CACHE" && pwd)

# Debian's own interpreter, whose venv and pip modules packages.txt installs.
PYTHON=${PYTHON:-/usr/bin/python3}

# Objects compiled in one clone serve the next: paths under the checkout are hashed relative to it.
export CCACHE_DIR=${CCACHE_DIR:-$SLIPWAY_CACHE/ccache}
export CCACHE_BASEDIR=$SLIPWAY_ROOT
export CCACHE_NOHASHDIR=1
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-4G}
# What ccache asks for where headers are precompiled; no file of ours uses __TIME__.
export CCACHE_SLOPPINESS=pch_defines,time_macros
export CCACHE_PCH_EXTSUM=1  # SlipwayHeaders.cmake writes the sum.

JOBS=${JOBS:-$(nproc)}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  BOLD='' GREEN='' RED='' PLAIN=''
fi

say() { printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN"; }
die() {
  printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$*' needs root; run as root or install sudo"
  fi
}

# "4 min 05 s" of a number of seconds.
duration() {
  if [ "$1" -ge 60 ]; then printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); else printf '%d s' "$1"; fi
}

version() { sed -n 's/^project(slipway VERSION \([0-9.]*\).*/\1/p' "$SLIPWAY_ROOT/CMakeLists.txt"; }

# SLIPWAY_DEPS: the unpacked wheels. One that is set already is taken as it is.
use_deps() {
  export SLIPWAY_DEPS=${SLIPWAY_DEPS:-$("$SLIPWAY_ROOT/scripts/fetch-wheels")}
}

# Calls a command up to three times, with a pause before each retry: for what goes over a network.
retry() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    [ "$attempt" = 3 ] || sleep $((attempt * 5))
  done
  return 1
}
