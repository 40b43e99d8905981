#!/usr/bin/env bash
# Makes .venv and installs what the portal needs; `setup.sh test` adds what the tests need.
# Does nothing, in milliseconds, when everything is there already.
set -euo pipefail
cd "$(dirname "$0")/.."

# WeasyPrint finds Pango in the system; without libharfbuzz-subset0 a PDF takes ten times longer.
SYSTEM_PACKAGES="fonts-noto-cjk fontconfig libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

say() { printf "%s\n" "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

# --- apt, when it is allowed -----------------------------------------------------------------

apt_install() {
    local as_root=()
    has apt-get || return 1
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get install --yes --quiet=2 --no-install-recommends "$@")
    say "安装系统软件包 Installing: $*"
    # Package lists are missing in a fresh container and stale on an old machine.
    "${install[@]}" >/dev/null 2>&1 || {
        "${as_root[@]}" apt-get update --quiet=2 && "${install[@]}" >/dev/null
    }
}

# explain WHAT-IS-MISSING PACKAGES...
explain() {
    local what=$1
    shift
    say "$what"
    say "  请由管理员执行 Ask an administrator to run:"
    say "    sudo apt-get update && sudo apt-get install --yes --no-install-recommends $*"
}

# --- Python and its packages -----------------------------------------------------------------

# Running it is the only proof: a version manager's shim may stand for a version that is not there.
recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.11 python3.12 python3.13 python3.14; do
        if recent "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    local python=$1 version
    rm -rf .venv
    "$python" -m venv .venv >/dev/null 2>&1 && return
    # Debian ships venv without ensurepip unless this package is there.
    version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    rm -rf .venv
    if apt_install "$version-venv" && "$python" -m venv .venv; then
        return
    fi
    rm -rf .venv
    explain "无法建立虚拟环境 This Python cannot make a virtual environment." "$version-venv"
    return 1
}

# uv is several times faster than pip, but by itself knows nothing of the mirror that pip is set to,
# nor of the certificates of an office whose gateway opens TLS.
prepare_uv() {
    local index
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
    index=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null)} || return 0
    [ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
}

install_requirements() {
    local pip=(.venv/bin/python -m pip --disable-pip-version-check -qq install)
    if "${pip[@]}" --only-binary :all: uv 2>/dev/null; then
        prepare_uv
        .venv/bin/python -m uv pip install --quiet --python .venv/bin/python -r "$1" 2>/dev/null &&
            return
        say "uv 未成功，改用 pip。 uv did not succeed; going on with pip."
    fi
    "${pip[@]}" -r "$1"
}

# install_once REQUIREMENTS: skipped while neither the pins nor the folder have changed.
install_once() {
    local stamp=.venv/$1.stamp wanted python
    wanted="$(pwd) $(sha256sum "$1")"
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    # A copied folder, or one whose Python or pip has gone, starts afresh; new pins only go on top.
    if ! recent .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1 || [ "$(cat .venv/root 2>/dev/null)" != "$(pwd)" ]; then
        python=$(find_python) || { apt_install python3 python3-venv && python=$(find_python); } || {
            explain "需要 Python 3.11 或更高版本 The portal needs Python 3.11 or newer." \
                python3 python3-venv
            say "  或指定 or name one: make setup PYTHON=/path/to/python3.11"
            return 1
        }
        say "建立虚拟环境 Making .venv with $("$python" --version)"
        make_venv "$python"
        pwd >.venv/root
    fi
    say "安装 $1 Installing $1"
    install_requirements "$1"
    echo "$wanted" >"$stamp"
}

# --- What WeasyPrint needs -------------------------------------------------------------------

has_pdf_parts() {
    local libraries font
    font=$(fc-match 'Noto Serif CJK SC' family 2>/dev/null) || return 1
    libraries=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null) || return 1
    [[ $font == *'Noto Serif CJK SC'* && $libraries == *libpango-1.0.so.0* &&
        $libraries == *libpangoft2-1.0.so.0* && $libraries == *libharfbuzz-subset.so.0* ]]
}

install_pdf_parts() {
    # shellcheck disable=SC2086  # a list of words
    has_pdf_parts || { apt_install $SYSTEM_PACKAGES && has_pdf_parts; } ||
        explain "缺少中文字体或排版库：门户可以使用，但暂不能导出 PDF。
Fonts or libraries are missing: the portal works, PDF export does not." $SYSTEM_PACKAGES
}

# --- What the tests need ---------------------------------------------------------------------

has_postgres() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

has_chromium() {
    has chromium || .venv/bin/python -c '
import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    sys.exit(not os.path.exists(p.chromium.executable_path))' 2>/dev/null
}

install_test_parts() {
    local missing=()
    has pdftotext || missing+=(poppler-utils)
    has soffice || missing+=(libreoffice-writer)
    has redis-server || missing+=(redis-server)
    has_postgres || missing+=(postgresql)
    if [ ${#missing[@]} != 0 ]; then
        apt_install "${missing[@]}" || {
            explain "缺少测试所需的软件 Tests need more software." "${missing[@]}"
            return 1
        }
    fi
    # Ubuntu has Chromium only as a snap, which does not run everywhere: Playwright's own will do.
    has_chromium || apt_install chromium || .venv/bin/python -m playwright install chromium || {
        explain "缺少 Chromium 浏览器 Browser tests need Chromium." chromium
        return 1
    }
}

install_once requirements.txt
install_pdf_parts
if [ "${1:-}" = test ]; then
    install_once requirements-dev.txt
    install_test_parts
fi
