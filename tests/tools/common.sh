# shellcheck shell=bash
# What the scripts of tests/ share; they source it.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Logs, and whatever else is made again.
workdir=$checkout/tests/tools/.cache
# Programs that only root uses are often not in the PATH of others.
PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "error: $*" >&2
    exit 1
}

# step TEXT COMMAND...: prints TEXT and the duration of the command. The output goes to a log; its end is shown if the
# command fails.
step() {
    local text=$1 began=$SECONDS log=$workdir/step.$$.log
    shift
    mkdir -p "$workdir"
    printf '==> %s ... ' "$text"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        echo "failed after $((SECONDS - began)) s"
        tail -n 40 "$log" >&2
        fail "$text: failed, see $log"
    fi
    echo "$((SECONDS - began)) s"
    rm -f "$log"
}

# copy_tree FOLDER: copies all files that git tracks, with uncommitted changes. Call it from the collection's root.
copy_tree() {
    local file
    git ls-files -z --cached --others --exclude-standard -- . ':!collections' |
        while IFS= read -r -d '' file; do
            [ ! -e "$file" ] || cp --parents --no-dereference -- "$file" "$1"
        done
}

# Makes a second run of the same user wait until this script ends.
lock() {
    exec 9>"${TMPDIR:-/tmp}/evenkeel-lab-$(id -u).lock"
    flock 9
}

# apt_install PACKAGE...
apt_install() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "missing on this machine: $*; have root install it, for instance with: apt-get install $*"
    fi
    # An unreachable package source matters only if the installation needs it, so errors of the update are ignored.
    step "Installing $*" sh -c 'apt-get update
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
            --option DPkg::Lock::Timeout=120 "$@"' sh "$@"
}
