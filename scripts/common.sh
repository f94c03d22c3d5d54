# Shared by the scripts: where the project is, what it needs, how it is built. Sourced by bash, never run.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build

# The distribution's own tools first: a meson or a compiler from elsewhere may not see its libraries.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export LC_ALL=C.UTF-8

packages_to_build=(
  gcc libc6-dev pkg-config meson ninja-build
  libopenblas-dev liblapacke-dev libgsl-dev libcmocka-dev librandom123-dev libhdf5-dev libxxhash-dev libzip-dev zlib1g-dev
  libarchive-dev libjansson-dev gnuplot-nox
)
packages_to_test=(python3-numpy)
packages_to_check=(clang clang-format clang-tidy valgrind)

fail() {
  echo "limes: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 "$@" </dev/null; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Installs those of the packages that are not there. Says what it does, and shows apt's words only when it fails.
install_missing() {
  if ! command -v dpkg-query >/dev/null; then
    echo "limes: this is not Debian, so nothing is installed; it needs what Debian calls: $*" >&2
    return
  fi
  local package missing=() log
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail "some packages are missing and installing them needs root or sudo. As root: apt-get install ${missing[*]}"
  fi
  echo "Installing ${missing[*]}"
  log=$(mktemp)
  apt update >"$log" 2>&1 || echo "apt-get update had trouble; trying to install all the same" >>"$log"
  if ! apt install --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "apt-get could not install ${missing[*]}; its words are above"
  fi
  rm -f "$log"
}

# configure FOLDER [OPTION...]: once; a folder that is configured stays as it is
configure() {
  local folder=$1 log
  shift
  [ -f "$folder/build.ninja" ] && return
  rm -rf "$folder"
  log=$(mktemp)
  if ! meson setup "$folder" "$root" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "meson could not configure $folder; its words are above"
  fi
  rm -f "$log"
}

# The program and the library at BUILD, optimized.
build_limes() {
  configure "$build" --buildtype=release
  echo "Building limes in $build"
  local how=()
  [ -t 1 ] || how=(--quiet)
  ninja -C "$build" "${how[@]}" || fail "limes could not be built; the compiler's words are above"
}
