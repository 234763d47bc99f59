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

# step TEXT COMMAND...: says what runs and how long it took. The output goes to
# a log, of which the end is shown if the command fails.
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

# copy_tree FOLDER: what git knows of this collection, changes that are not committed included. Called from its root.
copy_tree() {
    local file
    git ls-files -z --cached --others --exclude-standard -- . ':!collections' |
        while IFS= read -r -d '' file; do
            [ ! -e "$file" ] || cp --parents --no-dereference -- "$file" "$1"
        done
}

# Keeps a second run by the same user waiting until this script ends.
lock() {
    exec 9>"${TMPDIR:-/tmp}/evenkeel-lab-$(id -u).lock"
    flock 9
}

# apt_install PACKAGE...
apt_install() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "missing on this machine: $*; have root install it, for instance with: apt-get install $*"
    fi
    # A source of packages that is out of reach matters only if the
    # installation needs it, so the update's result is not looked at.
    step "Installing $*" sh -c 'apt-get update
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
            --option DPkg::Lock::Timeout=120 "$@"' sh "$@"
}
