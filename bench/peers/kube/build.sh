#!/usr/bin/env bash
# build.sh [OUTDIR]: builds the Kubernetes peer and the load generator from Go modules, on a fresh machine with Go >= 1.26.
# OUTDIR is .cache/tools/kube of the repository unless told.
# Makes in OUTDIR: kube-apiserver, kube-controller-manager, kubectl, sample-apiserver, etcd, etcdctl, kine, kubeload.
# PART="apiserver etcd kine kcm kubectl sample load" (default all). About 14 minutes on 2 cores the first time.
set -euo pipefail
here=$(dirname "$(realpath "$0")"); out=$(realpath -m "${1:-$here/../../../.cache/tools/kube}"); mkdir -p "$out"; src=$out/src; mkdir -p "$src"
v=${K8S:-v1.37.2}; s=${v/v1/v0}; etcd=${ETCD:-v3.7.3}; kine=${KINE:-v0.17.5}
export GOFLAGS=-buildvcs=false
part=" ${PART:-apiserver etcd kine kcm kubectl sample load} "
want() { [[ $part == *" $1 "* ]]; }
gob() { nice -n 10 go build -p 2 "$@"; }
if want apiserver || want kcm || want kubectl || want sample; then
  mkdir -p "$src/k8s"; cd "$src/k8s"
  dir=$(go mod download -json "k8s.io/kubernetes@$v" | python3 -c 'import json,sys;print(json.load(sys.stdin)["Dir"])')
  { echo "module peer"; echo "go 1.26.0"; echo "require k8s.io/kubernetes $v"
    grep -oE 'k8s.io/[a-z0-9-]+ v0\.0\.0$' "$dir/go.mod" | cut -d' ' -f1 | sort -u | sed "s|.*|replace & => & $s|"; } >go.mod
  cp "$dir/go.sum" go.sum; chmod u+w go.sum
  printf '//go:build tools\n\npackage tools\n\nimport (\n\t_ "k8s.io/kubernetes/cmd/kube-apiserver"\n\t_ "k8s.io/kubernetes/cmd/kube-controller-manager"\n\t_ "k8s.io/kubernetes/cmd/kubectl"\n\t_ "k8s.io/sample-apiserver"\n)\n' >tools.go
  go mod tidy
  p=k8s.io/component-base/version
  ld="-s -w -X $p.gitVersion=$v -X $p.gitMajor=1 -X $p.gitMinor=$(cut -d. -f2 <<<"$v") -X $p.gitCommit=none -X $p.buildDate=1970-01-01T00:00:00Z -X k8s.io/client-go/pkg/version.gitVersion=$v"
  if want apiserver; then gob -ldflags "$ld" -o "$out/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver; fi
  if want kcm; then gob -ldflags "$ld" -o "$out/kube-controller-manager" k8s.io/kubernetes/cmd/kube-controller-manager; fi
  if want kubectl; then gob -ldflags "$ld" -o "$out/kubectl" k8s.io/kubernetes/cmd/kubectl; fi
  if want sample; then gob -ldflags "-s -w" -o "$out/sample-apiserver" k8s.io/sample-apiserver; fi
fi
if want etcd; then
  mkdir -p "$src/etcd"; cd "$src/etcd"; printf 'module etcdpeer\ngo 1.26.0\n' >go.mod
  go get "go.etcd.io/etcd/server/v3@$etcd" "go.etcd.io/etcd/etcdctl/v3@$etcd"
  gob -ldflags "-s -w" -o "$out/etcd" go.etcd.io/etcd/server/v3; gob -ldflags "-s -w" -o "$out/etcdctl" go.etcd.io/etcd/etcdctl/v3
fi
if want kine; then
  mkdir -p "$src/kine"; cd "$src/kine"; printf 'module kinepeer\ngo 1.26.0\n' >go.mod; go get "github.com/k3s-io/kine@$kine"
  CGO_ENABLED=1 gob -ldflags "-s -w" -o "$out/kine" github.com/k3s-io/kine
fi
if want load; then cd "$here/load"; gob -o "$out/kubeload" .; fi
ls -l "$out"
