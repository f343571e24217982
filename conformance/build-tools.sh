#!/usr/bin/env bash
# Builds what the conformance tests run, from Go modules, into .cache/tools: kubectl 1.32 and the newest, Kubernetes' own end-to-end
# cases, programs on client-go and controller-runtime, API servers to be registered behind ours, etcd, a key management service, a database of MySQL 8's protocol, the
# Go test plugin, a program that starts plugins as any host of the protocol does, and the benchmarks' generator of load. What is there and up to date is not built again.
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath -m ../.cache/tools)
mkdir -p "$out"
export GOFLAGS=-buildvcs=false

# [package=PATH] build NAME FOLDER [LDFLAGS] [COMMAND...]
build() {
  if ! compgen -G "$2/*.go" >/dev/null; then
    echo "skipping $1: conformance/$2 holds no Go program"
    return
  fi
  local target=$out/$1 stamp=$out/$1.sources hash
  hash=$(find "$2" -type f \( -name '*.go' -o -name go.mod -o -name go.sum \) -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  if [ -x "$target" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ]; then return; fi
  echo "building $1"
  mkdir -p "$(dirname "$target")"
  local command=(go build)
  if [ $# -gt 3 ]; then command=("${@:4}"); fi
  (cd "$2" && "${command[@]}" -trimpath -ldflags "-s -w ${3:-}" -o "$target" "${package:-.}")
  echo "$hash" >"$stamp"
}

version_flags() { echo "-X k8s.io/component-base/version.gitVersion=$1 -X k8s.io/client-go/pkg/version.gitVersion=$1"; }

build testplugin/acme-testplugin-datasource/gpx_testplugin_linux_amd64 testplugin
cp testplugin/plugin.json testplugin/query.types.json "$out/testplugin/acme-testplugin-datasource/"
build testplugin-app/acme-testplugin-app/gpx_testplugin_app_linux_amd64 testplugin-app
cp testplugin-app/plugin.json "$out/testplugin-app/acme-testplugin-app/"
build plugin-runner plugin-runner
build kubectl-v1.32 kubectl/v1.32 "$(version_flags v1.32.4)"
build kubectl-newest kubectl/newest "$(version_flags v1.37.2)"
build client-go client-go
build controller-runtime controller-runtime
build extension-servers extension-servers
build etcd etcd
build kms-plugin kms-plugin
build linearizability linearizability
# The load of the benchmarks on objects; their peers are built by bench/peers/*/build.sh.
build kube/kubeload ../bench/peers/kube/load
# Regular expressions by Go's own library: the other is ICU, which is C and has to be installed.
package=github.com/dolthub/dolt/go/cmd/dolt build dolt mysql8 "" go build -tags gms_pure_go
# The cases compare versions with those of the server and of kubectl.
build kubernetes-e2e e2e "$(version_flags v1.37.2) -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37" go test -c

# A generator of Python clients, and the checker of what it makes.
python_packages=(openapi-python-client==0.29.1 mypy==2.4.1)
if [ "$(cat "$out/python/packages" 2>/dev/null)" != "${python_packages[*]}" ]; then
  echo "installing ${python_packages[*]}"
  rm -rf "$out/python"
  python3 -m venv "$out/python"
  "$out/python/bin/pip" install --quiet --disable-pip-version-check "${python_packages[@]}"
  echo "${python_packages[*]}" >"$out/python/packages"
fi

echo "bundling testplugin-ts"
node testplugin-ts/build.mjs "$out/testplugin-ts"
